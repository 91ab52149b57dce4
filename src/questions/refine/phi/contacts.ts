import { isSsn } from './checksums.ts'
import { after, before, type PhiRule, patternRule } from './rule-kit.ts'
import type { PhiSpan } from './types.ts'

const mailCharacter = /[A-Za-z0-9._%+-]/
const hostCharacter = /[A-Za-z0-9.-]/

/** E-mail addresses, scanned outwards from each "@": linear whatever stands around it. */
const email: PhiRule = (text) => {
  const spans: PhiSpan[] = []
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at
    let end = at + 1
    while (start > 0 && at - start < 64 && mailCharacter.test(text[start - 1]!)) start--
    while (end < text.length && end - at < 255 && hostCharacter.test(text[end]!)) end++
    while (end > at && /[.-]/.test(text[end - 1]!)) end--
    if (start < at && /\.[A-Za-z]{2,}$/.test(text.slice(at + 1, end)))
      spans.push({ start, end, type: 'email', rule: 'email' })
  }
  return spans
}

/** Hosts of literature, which name nobody. */
const citation = /(?:doi\.org|ncbi\.nlm\.nih\.gov|pubmed\.gov|clinicaltrials\.gov|who\.int|cdc\.gov|nih\.gov)/i

const url = patternRule(
  'url',
  'url',
  /\b(?:https?:\/\/|www\.)[^\s<>"')\]]{3,300}/gi,
  ([found]) => !citation.test(found),
)

const ipv4 = patternRule('ipv4', 'ip', /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)/g, (match, text) => {
  const parts = match[0].split('.').map(Number)
  // "version 1.2.3.4" is a version; four small numbers without a cue may be one too.
  return parts.every((part) => part <= 255) && !/\b(?:v|version|section|§)\s*$/.test(before(text, match.index, 12))
})

const ipv6 = patternRule('ipv6', 'ip', /(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])/gi)

const ssn: PhiRule = patternRule(
  'ssn',
  'ssn',
  /(?<![\d-])(\d{3})[- ](\d{2})[- ](\d{4})(?![\d-])/g,
  ([, area, group, serial]) => isSsn(area!, group!, serial!),
)

const ssnCue = patternRule(
  'ssn-cue',
  'ssn',
  /\b(?:ssn|social security(?: number)?|soc sec)[\s:#]{1,4}(?<span>(?:\d[- ]?){8}\d|(?:x{3}[- ]?x{2}[- ]?)?\d{4})(?!\d)/gi,
)

const lastFour = patternRule(
  'ssn-last-four',
  'ssn',
  /\blast (?:four|4)(?: of (?:the )?(?:ssn|social))?[\s:]{1,3}(?<span>\d{4})(?!\d)/gi,
)

/** Lab values and codes of the same shape as a telephone number are told apart by what stands around it. */
const notPhone = /(?:mg|ml|mmol|mcg|units?|iu|bpm|mmhg|cells|ndc|nct|doi|pmid|icd|loinc|snomed|cas|isbn)[\s:#]*$/

const phone = patternRule(
  'phone',
  'phone',
  /(?<![\d.\-/])(?:\+?1[-. ]?)?(?:\(\d{3}\)[ ]?|\d{3}[-. ])\d{3}[-. ]\d{4}(?:[ ]?(?:x|ext\.?)[ ]?\d{1,5})?(?![\d-])/g,
  (match, text) => {
    const digits = match[0].replace(/\D/g, '').replace(/^1/, '')
    if (notPhone.test(before(text, match.index))) return false
    return digits[0]! >= '2' && digits[3]! >= '2'
  },
)

const phoneAbroad = patternRule(
  'phone-international',
  'phone',
  /(?<![\d\w])\+\d{1,3}(?:[ .-]\(?\d{1,5}\)?){2,5}(?!\d)/g,
  ([found]) => found.replace(/\D/g, '').length >= 8,
)

const phoneCue = patternRule(
  'phone-cue',
  'phone',
  /\b(?:tel|phone|telephone|cell|mobile|fax|pager|beeper|call(?:ed)?(?: back)?(?: at)?)[\s:.#]{1,3}(?<span>(?:\+|\(?\d)[\d\s().-]{5,20}\d)/gi,
  (match, text) => {
    const digits = match[1]!.replace(/\D/g, '').length
    return digits >= 5 && digits <= 15 && !/^\s*(?:mg|ml|%|years|days)/.test(after(text, match.index + match[0].length))
  },
)

/** What reaches somebody: addresses of mail, web and machines, telephone numbers, social security numbers. */
export const contactRules: readonly PhiRule[] = [
  email,
  url,
  ipv4,
  ipv6,
  ssn,
  ssnCue,
  lastFour,
  phone,
  phoneAbroad,
  phoneCue,
]
