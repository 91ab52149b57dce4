import { optionLetters } from '../../text/options.ts'

/**
 * The texts of options in the order of their letters, from whatever data sets keep them in: a list of texts, of
 * `{key, value}` or `{letter, content}`, or an object by letter. Options without text at the end are none.
 *
 * @returns null when it is none of these, or letters are left out
 */
export function optionTexts(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) {
    const pairs = value.map(letteredOption)
    if (value.length > 0 && pairs.every((pair) => pair !== null)) return inOrder(pairs)
    return pairs.every((pair) => pair === null) && !value.some((item) => typeof item === 'object' && item !== null)
      ? value
      : null
  }
  if (typeof value !== 'object' || value === null) return null
  return inOrder(Object.entries(value).map(([letter, text]) => ({ letter: letter.trim().toUpperCase(), text })))
}

type Lettered = { readonly letter: string; readonly text: unknown }

const letterNames = ['key', 'letter', 'label', 'aid'] as const
const textNames = ['value', 'content', 'text', 'atext'] as const

function letteredOption(item: unknown): Lettered | null {
  if (typeof item !== 'object' || item === null) return null
  const cells = new Map(Object.entries(item))
  const letterName = letterNames.find((name) => cells.has(name))
  const textName = textNames.find((name) => cells.has(name))
  if (letterName === undefined || textName === undefined) return null
  const letter = cells.get(letterName)
  // Options that are numbered are numbered from 1.
  const shown = typeof letter === 'number' ? optionLetters[letter - 1] : letter
  return typeof shown === 'string' ? { letter: shown.trim().toUpperCase(), text: cells.get(textName) } : null
}

function inOrder(pairs: readonly Lettered[]): readonly unknown[] | null {
  const byLetter = new Map(pairs.map(({ letter, text }) => [letter, text]))
  if (byLetter.size !== pairs.length) return null
  const present = optionLetters.filter((letter) => !isNothing(byLetter.get(letter)))
  const last = present.at(-1)
  if (last === undefined)
    return pairs.length > 0 && pairs.every(({ letter }) => optionLetters.includes(letter))
      ? pairs.map(({ text }) => text)
      : null
  const expected = optionLetters.slice(0, optionLetters.indexOf(last) + 1)
  const hasOthers = pairs.some(({ letter }) => !optionLetters.includes(letter))
  return hasOthers || expected.some((letter) => !byLetter.has(letter))
    ? null
    : expected.map((letter) => byLetter.get(letter))
}

function isNothing(text: unknown): boolean {
  return text === null || text === undefined
}

/** A text that ends in lettered options, taken apart. */
export type SplitText = { readonly before: string; readonly options: readonly string[] }

/**
 * The options of one text, and what stands before them: "A. …", "(A) …", "A) …", "A: …", "A、…" or "A …", one to a line, or
 * "(A) … (B) …" in one line. A line without the next letter goes on with the option before it.
 *
 * @returns null when there are not two options that start with A and B
 */
export function splitOptions(text: string): SplitText | null {
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  const start = lastStart(lines)
  return start === -1 ? splitInline(text) : collect(lines, start)
}

const MARK = /^\s*(?:[(（]([A-U])[)）]|([A-U])[.)）、:：．]|([A-U])(?=[\s\p{Script=Han}]))\s*/u

function letterAt(line: string): { readonly letter: string; readonly rest: string } | null {
  const match = MARK.exec(line)
  const letter = match?.[1] ?? match?.[2] ?? match?.[3]
  return match === null || letter === undefined ? null : { letter, rest: line.slice(match[0].length) }
}

/** The last line with an A after which a line with a B comes before another A: options close a text. */
function lastStart(lines: readonly string[]): number {
  let hasB = false
  for (let i = lines.length - 1; i >= 0; i--) {
    const letter = letterAt(lines[i] ?? '')?.letter
    if (letter === 'B') hasB = true
    if (letter === 'A' && hasB) return i
  }
  return -1
}

function collect(lines: readonly string[], start: number): SplitText {
  const options: string[] = []
  for (const line of lines.slice(start)) {
    const mark = letterAt(line)
    if (mark !== null && mark.letter === optionLetters[options.length]) options.push(mark.rest)
    else options.push(`${options.pop() ?? ''}\n${line}`)
  }
  return { before: lines.slice(0, start).join('\n').trim(), options: options.map((option) => option.trim()) }
}

function splitInline(text: string): SplitText | null {
  // The last A before the last B: an "(A)" within the question is not taken for the first option.
  const lastB = text.lastIndexOf('(B)')
  const first = lastB === -1 ? -1 : text.lastIndexOf('(A)', lastB)
  if (first === -1) return null
  const marks = [first]
  for (const letter of optionLetters.slice(1)) {
    const at = text.indexOf(`(${letter})`, marks.at(-1))
    if (at === -1) break
    marks.push(at)
  }
  const options = marks.map((mark, index) => text.slice(mark + 3, marks[index + 1] ?? text.length).trim())
  return { before: text.slice(0, first).trim(), options }
}
