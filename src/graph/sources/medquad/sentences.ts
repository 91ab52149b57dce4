/** A stretch of text at UTF-16 offsets. */
export type Span = { readonly start: number; readonly end: number }

/** Longer sentences are run-together tables and menus, not statements; chosen by us. */
const maxSentenceLength = 1_500

const abbreviations: ReadonlySet<string> = new Set(
  'e.g. i.e. vs. etc. dr. mr. mrs. ms. st. no. u.s. fig. approx. al. cf. inc. jr. sr. ph.d. m.d.'.split(' '),
)

/**
 * The sentences of a text, without questions. A sentence ends at `.`, `!` or `?` before white space and a capital, digit,
 * bracket or dash, but not after an abbreviation; the number of a footnote may follow the stop ("urine.2 Most").
 */
export function sentencesOf(text: string): Span[] {
  const spans: Span[] = []
  let start = 0
  for (const match of text.matchAll(
    /[.!?](?:["'\u201d\u2019)\]])?(?:\d{1,2})?(?=\s+["'\u201c([]?[\p{Lu}\p{N}-]|\s*$)/gu,
  )) {
    const end = match.index + match[0].length
    if (text[match.index] === '.' && isAbbreviation(text, match.index)) continue
    addSentence(text, start, end, spans)
    start = end
  }
  addSentence(text, start, text.length, spans)
  return spans
}

function addSentence(text: string, from: number, to: number, spans: Span[]): void {
  const span = trimSpan(text, from, to)
  const length = span.end - span.start
  if (length > 0 && length <= maxSentenceLength && text[span.end - 1] !== '?') spans.push(span)
}

/** The span without white space at its ends. */
export function trimSpan(text: string, from: number, to: number): Span {
  let start = from
  let end = to
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  return { start, end }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0xa0 || (code >= 0x09 && code <= 0x0d)
}

function isAbbreviation(text: string, dot: number): boolean {
  let start = dot
  while (start > 0 && dot - start < 8 && !isSpace(text.charCodeAt(start - 1))) start -= 1
  const word = text
    .slice(start, dot + 1)
    .toLowerCase()
    .replace(/^\(/, '')
  // An initial: "J. Smith".
  return abbreviations.has(word) || (/^\p{L}\.$/u.test(word) && text[dot - 1] !== 'I')
}
