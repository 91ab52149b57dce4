const QUOTE = 0x22
const BACKSLASH = 0x5c
const tokens = ['-Infinity', 'Infinity', 'NaN'] as const

/**
 * A JSON text in which `NaN`, `Infinity` and `-Infinity`, as Python writes them, are null. What stands inside strings stays:
 * sodium amide is NaNH2.
 */
export function nullBareNaN(text: string): string {
  if (!text.includes('NaN') && !text.includes('Infinity')) return text
  const parts: string[] = []
  let copied = 0
  let isString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isString) {
      if (code === BACKSLASH) i++
      else if (code === QUOTE) isString = false
      continue
    }
    if (code === QUOTE) {
      isString = true
      continue
    }
    const token = tokens.find((candidate) => text.startsWith(candidate, i))
    if (token === undefined) continue
    parts.push(text.slice(copied, i), 'null')
    copied = i + token.length
    i = copied - 1
  }
  parts.push(text.slice(copied))
  return parts.join('')
}
