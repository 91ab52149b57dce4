/** Methods of Python's `str` that templates call and JavaScript has in another form. */

/** What `str.isspace` counts: unlike JavaScript's white space with U+0085 and U+001C to U+001F, without U+FEFF. */
const spaces = '\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const space = new RegExp(`[${spaces}]`)
const words = new RegExp(`[^${spaces}]+`, 'g')

/**
 * A text without characters at its ends, as `str.strip`, `lstrip` and `rstrip`.
 *
 * @param characters those to take away; white space when null
 */
export function stripText(text: string, characters: string | null, ends: 'both' | 'left' | 'right'): string {
  const set = new Set(characters ?? [])
  const isTaken = (letter: string): boolean => (characters === null ? space.test(letter) : set.has(letter))
  const letters = Array.from(text)
  let from = 0
  let to = letters.length
  if (ends !== 'right') while (from < to && isTaken(letters[from]!)) from += 1
  if (ends !== 'left') while (to > from && isTaken(letters[to - 1]!)) to -= 1
  return letters.slice(from, to).join('')
}

/** How often a part stands in a text, counted from the left without overlap; the empty part stands around every character. */
export function countParts(text: string, part: string): number {
  if (part === '') return Array.from(text).length + 1
  let count = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count += 1
  return count
}

/**
 * A text with a part replaced, as `str.replace`.
 *
 * @param limit the most replacements, from the left; all when negative
 */
export function replaceText(text: string, part: string, by: string, limit: number): string {
  const pieces = part === '' ? ['', ...Array.from(text), ''] : text.split(part)
  if (limit < 0 || limit >= pieces.length - 1) return pieces.join(by)
  const kept = pieces.slice(limit)
  return [...pieces.slice(0, limit), kept.join(part)].join(by)
}

/**
 * The pieces of a text between a separator, as `str.split`.
 *
 * @param separator null for runs of white space, with none at the ends
 * @param limit the most cuts, from the left; all when negative
 */
export function splitText(text: string, separator: string | null, limit: number): string[] {
  if (separator !== null) {
    const pieces = text.split(separator)
    return limit < 0 || limit >= pieces.length - 1
      ? pieces
      : [...pieces.slice(0, limit), pieces.slice(limit).join(separator)]
  }
  const pieces: string[] = []
  for (const match of text.matchAll(words)) {
    if (pieces.length === limit) return [...pieces, text.slice(match.index)]
    pieces.push(match[0])
  }
  return pieces
}
