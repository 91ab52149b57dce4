/** Longest passage of one request; chosen by us: some 1,500 tokens, so that small models keep sight of all of it. */
export const MAX_PASSAGE_CHARS = 6_000
/** Most triples one passage may give; chosen by us. A page that makes a model list more is trying to fill the graph. */
export const MAX_TRIPLES = 40

// Zero-width characters, marks of writing direction, soft hyphens, tag characters, and controls but tab and newline:
// a reader does not see them, a model does.
const invisible = /\p{Cf}|\p{Default_Ignorable_Code_Point}|(?![\t\n])\p{Cc}/gu

/** Half a character. */
const loneSurrogate = /\p{Cs}/gu

/**
 * The words of a page as a model may read them: NFKC, nothing invisible, at most so many characters.
 *
 * @param maxChars UTF-16 units; a character is never cut in two
 */
export function passageText(text: string, maxChars: number = MAX_PASSAGE_CHARS): string {
  const clean = wellFormed(text).replaceAll('\r\n', '\n').normalize('NFKC').replace(invisible, '')
  if (clean.length <= maxChars) return clean
  const last = clean.charCodeAt(maxChars - 1)
  return clean.slice(0, last >= 0xd800 && last <= 0xdbff ? maxChars - 1 : maxChars)
}

/** A text without halves of characters, which JSON can hold and UTF-8 cannot. */
export function wellFormed(text: string): string {
  return text.replace(loneSurrogate, '\ufffd')
}
