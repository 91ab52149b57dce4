import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { nullBareNaN } from './bare-nan.ts'
import { readDecoded } from './plain-text.ts'

/** Longer rows are no data of ours; as `readTextLines`. */
const MAX_ELEMENT_CHARACTERS = 64 << 20

/** A piece of a JSON file: an element of its array, or an entry of its object, still text. */
export type JsonElement = {
  /** `{…}`, or `"key": {…}` for an entry. */
  readonly text: string
  readonly isEntry: boolean
  /** Of its first character, counted from 1. */
  readonly line: number
}

/**
 * The elements of the one array, or the entries of the one object, that a file of JSON holds, without reading it whole.
 *
 * @throws {DataError} naming the line when it is not one array or object, ends before it is closed, or an element is longer
 *   than 64 Mi characters
 */
export async function* readElements(file: string): AsyncGenerator<JsonElement> {
  const splitter = createSplitter(file)
  for await (const text of readDecoded(file, 'utf-8')) yield* splitter.split(text)
  splitter.end()
}

/**
 * The value of an element, and its key where it is an entry.
 *
 * @throws {DataError} naming the line when it is not JSON
 */
export function parseElement(
  file: string,
  { text, line, isEntry }: JsonElement,
  bareNaN: boolean,
): { readonly key: string | null; readonly value: unknown } {
  const json = bareNaN ? nullBareNaN(text) : text
  if (!isEntry) return { key: null, value: parseJson(json, { file, line }) }
  const entry = Object.entries(parseJson(`{${json}}`, { file, line }) as object)[0]
  return { key: entry?.[0] ?? '', value: entry?.[1] }
}

type Splitter = { split(text: string): Generator<JsonElement>; end(): void }

function createSplitter(file: string): Splitter {
  let line = 1
  let depth = 0
  let opener = ''
  let isClosed = false
  let isString = false
  let isEscaped = false
  let isAfterComma = false
  let isInside = false
  let startLine = 1
  let pending = ''
  const refuse = (what: string): never => {
    throw new DataError(what, { file, line, hint: 'one JSON array or object is expected, or one object a line' })
  }
  const outside = (character: string): void => {
    if (isClosed) refuse('text after the end of the JSON')
    if (character !== '[' && character !== '{') refuse('neither a JSON array nor an object')
    opener = character
    depth = 1
  }
  const close = (character: string): void => {
    if (character !== (opener === '[' ? ']' : '}')) refuse(`"${character}" closes nothing`)
    if (isAfterComma) refuse('a comma before the end')
    depth = 0
    isClosed = true
  }
  /** Whether the element ends before this character. */
  const within = (character: string): boolean => {
    if (character === '"') isString = true
    else if (character === '[' || character === '{') depth++
    else if (character === ',' && depth === 1) {
      isAfterComma = true
      return true
    } else if (character === ']' || character === '}') {
      if (depth > 1) depth--
      else {
        isAfterComma = false
        close(character)
        return true
      }
    }
    return false
  }
  function* split(text: string): Generator<JsonElement> {
    let start = 0
    for (let i = 0; i < text.length; i++) {
      const character = text[i]!
      if (character === '\n') line++
      if (isString) {
        if (isEscaped) isEscaped = false
        else if (character === '\\') isEscaped = true
        else if (character === '"') isString = false
        continue
      }
      if (!isInside) {
        if (character <= ' ') continue
        if (depth === 0) {
          outside(character)
          continue
        }
        if (character === ']' || character === '}') {
          close(character)
          continue
        }
        if (character === ',') refuse('a comma without an element')
        isInside = true
        isAfterComma = false
        start = i
        startLine = line
      }
      if (within(character)) {
        yield { text: pending + text.slice(start, i), isEntry: opener === '{', line: startLine }
        pending = ''
        isInside = false
      }
    }
    if (!isInside) return
    pending += text.slice(start)
    if (pending.length > MAX_ELEMENT_CHARACTERS)
      refuse(`a row of more than ${MAX_ELEMENT_CHARACTERS >> 20} Mi characters`)
  }
  return {
    split,
    end: () => {
      if (!isClosed) refuse('ends in the middle')
    },
  }
}
