import { parseJson } from '../../core/json.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a

/**
 * The line on which each key of a JSON text stands, by the keys that lead to it joined by `\n`; the first of an array's
 * elements stands for all of them.
 *
 * @param text JSON that has been parsed already: the scan relies on its grammar
 * @param maxDepth deeper keys are left out
 */
export function keyLines(text: string, maxDepth: number): ReadonlyMap<string, number> {
  const lines = new Map<string, number>()
  const path: string[] = []
  let line = 1
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === NEWLINE) line++
    else if (code === 0x7b) depth++
    else if (code === 0x7d) {
      depth--
      path.length = Math.min(path.length, depth)
    } else if (code === QUOTE) {
      const start = at + 1
      for (at++; text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++
      if (depth > maxDepth || !isKey(text, at + 1)) continue
      path.length = Math.min(path.length, depth - 1)
      path.push(keyText(text.slice(start - 1, at + 1)))
      const name = path.join('\n')
      if (!lines.has(name)) lines.set(name, line)
    }
  }
  return lines
}

function keyText(quoted: string): string {
  // "Barr\\u00e9" is the key "Barré" to every reader.
  return quoted.includes('\\') ? String(parseJson(quoted, {})) : quoted.slice(1, -1)
}

function isKey(text: string, from: number): boolean {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return text[at] === ':'
}
