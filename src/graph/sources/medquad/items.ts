import { type Span, trimSpan } from './sentences.ts'

/** What may be named where a list has an item: where it starts and all places where it may end; an aside stands in parentheses. */
export type ListItem = {
  readonly start: number
  readonly ends: readonly number[]
  readonly text: string
  readonly isAside: boolean
}

/** Words before a name that leave it the same thing; longest first. */
const modifiers = [
  'one or more of the following',
  'the following',
  'any of the following',
  'mild to moderate',
  'moderate to severe',
  'mild to severe',
  'in some cases',
  'in severe cases',
  'in rare cases',
  'and sometimes',
  'episodes of',
  'attacks of',
  'bouts of',
  'recurrent episodes of',
  'sudden onset of',
  'the use of',
  'use of',
  'treatment with',
  'medications called',
  'medicines called',
  'drugs called',
  'drugs known as',
  'a combination of',
  'a history of',
  'having',
  'other',
  'occasionally',
  'occasional',
  'sometimes',
  'possibly',
  'usually',
  'often',
  'rarely',
  'also',
  'both',
  'either',
  'frequent',
  'recurrent',
  'recurring',
  'repeated',
  'persistent',
  'progressive',
  'severe',
  'mild',
  'moderate',
  'sudden',
  'intermittent',
  'ongoing',
  'unexplained',
  'significant',
  'generalized',
  'extreme',
  'excessive',
  'noticeable',
  'widespread',
  'daily',
  'high-dose',
  'low-dose',
  'intravenous',
  'oral',
  'topical',
  'some',
  'a',
  'an',
  'the',
  'your',
]

/** Between items. */
const separators =
  /,|;|:|\(|\)|\s-\s|\band\/or\b|\band\b|\bor\b|\bas well as\b|\bsuch as\b|\bincluding\b|\balong with\b|\bfollowed by\b|\bplus\b/
/** After an item and before the next comma: what is said of it. */
const remarks = /\b(?:that|who|when|during|especially|particularly|mainly|often|e\.g\.|i\.e\.)\b/
/** Said of a treatment or a test and never of a finding: what it is for. */
const purposes = /\bto\b/
/** Ends of the list: another clause begins, often one that says the contrary. */
const terminators =
  /\b(?:but|however|although|though|while|whereas|unlike|rather than|instead of|except|excluding|without|not|no|nor|never|cannot|which|where|if|because|since|due to|caused by|resulting from|result in|results in|as a result|secondary to|related to|associated with|leading to|leads? to|until|unless|before|after|compared|similar to|resembles?|may|might|can|could|is|are|was|were|has|have|had|will|would|should|must|depending|depends?|varies|vary|develops?|occurs?)\b/

const token = new RegExp(
  `(?<terminator>${terminators.source})|(?<remark>${remarks.source})|(?<purpose>${purposes.source})|(?<separator>${separators.source})`,
  'gi',
)
const maxCapitalItemWords = 8
/** Capitals followed by no more words than this are names ("Babinski sign"), not sentences. */
const maxTitleWords = 4
const finiteVerb = /\b(?:is|are|was|were|may|can|will|has|have|had|should|does|do|you|your|people)\b/i

/**
 * The items of the list that begins at a place: divided by dashes ("- fever - rash"), by capitals after a colon
 * ("Fever Rash"), or by commas and conjunctions in a sentence.
 *
 * @param isColon whether the words that announce the list end in a colon, or nothing else could follow
 * @param allowsPurpose whether "to …" after an item belongs to it: of treatments and tests, not of findings
 */
export function listItems(text: string, span: Span, isColon: boolean, allowsPurpose: boolean): ListItem[] {
  const { start, end } = trimSpan(text, span.start, span.end)
  if (text.startsWith('- ', start)) {
    const segments = splitDashes(text, { start: start + 2, end })
    return segments.flatMap((segment, index) =>
      inlineItems(text, segment, allowsPurpose, index === segments.length - 1),
    )
  }
  if (isColon && /^\p{Lu}/u.test(text.slice(start, start + 2))) return capitalItems(text, { start, end })
  return inlineItems(text, { start, end }, allowsPurpose, false)
}

function splitDashes(text: string, span: Span): Span[] {
  const spans: Span[] = []
  let start = span.start
  while (start < span.end) {
    const dash = text.indexOf(' - ', start)
    const end = dash === -1 || dash >= span.end ? span.end : dash
    const segment = trimSpan(text, start, end)
    spans.push(segment)
    // A new sentence inside a segment: the dashes after it belong to another list.
    const runOn = runsOnAt(text.slice(segment.start, segment.end))
    if (runOn !== -1 && text.slice(segment.start + runOn, segment.end).split(' ').length > maxTitleWords) break
    start = end + 3
  }
  return spans
}

function inlineItems(text: string, span: Span, allowsPurpose: boolean, mayRunOn: boolean): ListItem[] {
  const region = text.slice(span.start, span.end)
  const cuts: { at: number; next: number; isRemark: boolean }[] = []
  let isOver = false
  for (const match of region.matchAll(token)) {
    const next = match.index + match[0].length
    const { terminator, purpose, separator } = match.groups ?? {}
    if (terminator !== undefined) {
      cuts.push({ at: match.index, next: region.length, isRemark: true })
      isOver = true
      break
    }
    if (purpose !== undefined && !allowsPurpose) continue
    cuts.push({ at: match.index, next, isRemark: separator === undefined })
  }
  if (!isOver) cuts.push({ at: withoutStop(region), next: region.length, isRemark: false })
  // The last item of a list in dashes often runs on into the next heading or sentence.
  const runOn = mayRunOn ? runsOnAt(region) : -1
  const ends = [...cuts.map((cut) => cut.at), ...(runOn === -1 ? [] : [runOn])].sort((a, b) => a - b)
  const items: ListItem[] = []
  let from = 0
  let isSkipping = false
  for (const cut of cuts) {
    // "swelling, of the legs": the item goes on after the comma.
    const goesOn = /^(?:,|;) (?:of|in|on|from) /.test(region.slice(cut.at, cut.at + 8))
    if (!isSkipping && !goesOn) addItem(text, span.start + from, span.start + cut.at, ends, span.start, items)
    if (runOn !== -1 && cut.at >= runOn) break
    const isHard = /^[,;)]/.test(region.slice(cut.at, cut.next))
    isSkipping = cut.isRemark || (isSkipping && !isHard)
    from = cut.next
  }
  return items
}

/** Where a capital begins something new, or -1. */
function runsOnAt(segment: string): number {
  return / (?=\p{Lu}\p{Ll})/u.exec(segment)?.index ?? -1
}

/** Items that begin with a capital, up to the first that reads like a sentence. */
function capitalItems(text: string, span: Span): ListItem[] {
  const region = text.slice(span.start, span.end)
  const starts = [0]
  let depth = 0
  for (let at = 0; at < region.length - 2; at += 1) {
    const char = region[at]
    if (char === '(') depth += 1
    else if (char === ')') depth = Math.max(0, depth - 1)
    else if (char === ' ' && depth === 0 && /^\p{Lu}\p{Ll}/u.test(region.slice(at + 1, at + 3))) starts.push(at + 1)
  }
  const items: ListItem[] = []
  for (const [index, from] of starts.entries()) {
    const to = starts[index + 1] ?? withoutStop(region)
    const open = region.indexOf(' (', from)
    const nameEnd = open === -1 || open > to ? to : open
    const name = region.slice(from, nameEnd)
    if (name.split(' ').length > maxCapitalItemWords || finiteVerb.test(name) || /[.!?]$/.test(name.trim())) break
    const trimmed = trimSpan(text, span.start + from, span.start + nameEnd)
    addItem(text, trimmed.start, trimmed.end, [trimmed.end - span.start], span.start, items)
  }
  return items
}

function addItem(
  text: string,
  from: number,
  to: number,
  ends: readonly number[],
  offset: number,
  items: ListItem[],
): void {
  const item = trimSpan(text, from, to)
  if (item.end <= item.start) return
  items.push({
    start: item.start,
    ends: ends.map((end) => trimSpan(text, item.start, offset + end).end).filter((end) => end > item.start),
    text: text.slice(item.start, item.end),
    isAside: isInParentheses(text, offset, item.start),
  })
}

/** Where a name may start in an item: at its start, and after each modifier before it. */
export function nameStarts(item: ListItem, text: string): number[] {
  const starts = [item.start]
  let start = item.start
  for (;;) {
    const rest = text.slice(start, start + 40).toLowerCase()
    const modifier = modifiers.find((word) => rest.startsWith(`${word} `))
    if (modifier === undefined) return starts
    start += modifier.length + 1
    starts.push(start)
  }
}

function withoutStop(region: string): number {
  let end = region.length
  while (end > 0 && /[.!?\d"')\]]/.test(region[end - 1] ?? '')) end -= 1
  return end
}

function isInParentheses(text: string, from: number, to: number): boolean {
  const before = text.slice(from, to)
  return before.lastIndexOf('(') > before.lastIndexOf(')')
}
