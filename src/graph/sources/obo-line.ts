/** Lines of the OBO flat file format 1.2 and 1.4: tags, values, escapes, quoted texts, modifiers and comments. */

export type OboLine =
  | { readonly kind: 'stanza'; readonly name: string }
  | { readonly kind: 'tag'; readonly tag: string; readonly value: string }
  | { readonly kind: 'blank' }
  | { readonly kind: 'odd' }

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', W: ' ' }

/** So many braces of a value are tried as the start of its modifiers: with all, a line of braces takes for ever. */
const MAX_TRIES = 50

/** What a line is; the value of a tag still has its escapes, modifiers and comment. */
export function readOboLine(text: string): OboLine {
  const line = text.trim()
  if (line === '' || line.startsWith('!')) return { kind: 'blank' }
  if (line.startsWith('[')) {
    const end = line.indexOf(']')
    return end === -1 ? { kind: 'odd' } : { kind: 'stanza', name: line.slice(1, end) }
  }
  const colon = line.indexOf(':')
  if (colon <= 0 || !/^[A-Za-z][A-Za-z0-9_-]*$/.test(line.slice(0, colon))) return { kind: 'odd' }
  return { kind: 'tag', tag: line.slice(0, colon), value: line.slice(colon + 1).trim() }
}

/** A value without escapes, trailing `{modifiers}` and `! comment`; the comment apart, which names the identifier. */
export function plainValue(value: string): { readonly text: string; readonly comment: string } {
  const parts: string[] = []
  let isQuoted = false
  let triesLeft = MAX_TRIES
  for (let at = 0; at < value.length; at++) {
    const character = value[at]!
    if (character === '\\' && at + 1 < value.length) {
      const next = value[++at]!
      parts.push(escapes[next] ?? next)
      continue
    }
    if (character === '"') isQuoted = !isQuoted
    const isApart = at === 0 || value[at - 1] === ' '
    if (!isQuoted && isApart && character === '!')
      return { text: parts.join('').trim(), comment: value.slice(at + 1).trim() }
    if (!isQuoted && isApart && character === '{' && triesLeft-- > 0) {
      const end = modifiersEnd(value, at)
      if (end !== -1) {
        const rest = value.slice(end).trim()
        return { text: parts.join('').trim(), comment: rest.startsWith('!') ? rest.slice(1).trim() : '' }
      }
    }
    parts.push(character)
  }
  return { text: parts.join('').trim(), comment: '' }
}

/** Where `{a="b", c="}"}` ends, or -1 when a brace opens that nothing closes, as in a name. */
function modifiersEnd(value: string, from: number): number {
  let isQuoted = false
  for (let at = from + 1; at < value.length; at++) {
    if (value[at] === '\\') at++
    else if (value[at] === '"') isQuoted = !isQuoted
    else if (value[at] === '}' && !isQuoted) {
      const rest = value.slice(at + 1).trim()
      return rest === '' || rest.startsWith('!') ? at + 1 : -1
    }
  }
  return -1
}

/** A quoted text and what follows it: `"stomach cramp" EXACT []`; null when the quote is not closed. */
export function quotedValue(value: string): { readonly text: string; readonly rest: string } | null {
  if (!value.startsWith('"')) return null
  const parts: string[] = []
  for (let at = 1; at < value.length; at++) {
    const character = value[at]!
    if (character === '"') return { text: parts.join('').trim(), rest: value.slice(at + 1).trim() }
    if (character === '\\' && at + 1 < value.length) {
      const next = value[++at]!
      parts.push(escapes[next] ?? next)
    } else parts.push(character)
  }
  return null
}
