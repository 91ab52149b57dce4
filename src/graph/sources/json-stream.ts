/** Values inside one large JSON object, found by counting brackets, so that the file is never in memory as a whole. */

import { isUtf8 } from 'node:buffer'
import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { readPlainBlocks } from '../../core/text-lines.ts'

/** Larger values are no record of the sources we know; chosen by us. */
const MAX_VALUE_BYTES = 32 << 20
/** As deep as core/json.ts goes. */
const MAX_DEPTH = 1000

const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const COLON = 0x3a

type StreamedValue = {
  /** Keys that lead to it, joined by dots: `results.bindings`. */
  readonly path: string
  /** Of an array at `path`: one of its objects. */
  readonly value: unknown
  /** Where the value starts. */
  readonly line: number
}

/**
 * The objects at these paths of a JSON object, one by one; an array at a path gives each object in it.
 *
 * @param paths keys joined by dots: `results`, `results.bindings`
 * @throws {DataError} when the file is no JSON object, ends early, or a value is over 32 MiB or no JSON
 */
export async function* streamObjects(file: string, paths: readonly string[]): AsyncGenerator<StreamedValue> {
  const scanner = new Scanner(file, new Set(paths))
  for await (const block of readPlainBlocks(file)) yield* scanner.scan(block)
  scanner.end()
}

type Held = {
  readonly path: string
  readonly depth: number
  readonly line: number
  readonly parts: Buffer[]
  sizeBytes: number
}

type Bracket = { readonly isArray: boolean; readonly path: string; key: string }

/** What is open and held between two blocks. */
class Scanner {
  readonly #file: string
  readonly #wanted: ReadonlySet<string>
  readonly #open: Bracket[] = []
  #line = 1
  #isStarted = false
  #isInString = false
  #isEscaped = false
  /** Parts of a string that may turn out to be a key; null where no path can be told by it. */
  #text: Buffer[] | null = null
  #lastString = ''
  #held: Held | null = null

  constructor(file: string, wanted: ReadonlySet<string>) {
    this.#file = file
    this.#wanted = wanted
  }

  *scan(block: Buffer): Generator<StreamedValue> {
    // Where the bytes of the held value start in this block.
    let from = 0
    for (let at = 0; at < block.length; at++) {
      if (this.#isInString) {
        at = this.#readString(block, at) - 1
        continue
      }
      const code = block[at]!
      if (code === NEWLINE) this.#line++
      else if (code === QUOTE) {
        this.#isInString = true
        this.#text = this.#held === null && this.#open.at(-1)?.isArray === false ? [] : null
      } else if (code === COLON) {
        const top = this.#open.at(-1)
        if (this.#held === null && top !== undefined) top.key = this.#lastString
      } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
        if (this.#enter(code === OPEN_ARRAY)) from = at
      } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
        if (!this.#leave(code === CLOSE_ARRAY)) continue
        this.#keep(block.subarray(from, at + 1))
        yield this.#finish()
      } else if (code > 0x20 && this.#open.length === 0 && !(isByteOrderMark(code) && !this.#isStarted)) {
        this.#fail(this.#isStarted ? 'goes on after its end' : 'is no JSON object')
      }
    }
    if (this.#held !== null) this.#keep(block.subarray(from))
  }

  end(): void {
    if (!this.#isStarted) this.#fail('is empty')
    if (this.#open.length > 0) this.#fail('ends in the middle of a value: fetch the file again')
  }

  /** @returns where reading goes on: behind the closing quote, or at the end of the block */
  #readString(block: Buffer, from: number): number {
    let at = from
    for (; at < block.length; at++) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (block[at] === BACKSLASH) this.#isEscaped = true
      else if (block[at] === QUOTE) break
    }
    this.#text?.push(block.subarray(from, at))
    if (at === block.length) return at
    this.#isInString = false
    if (this.#text !== null) this.#lastString = Buffer.concat(this.#text).toString('utf8')
    this.#text = null
    return at + 1
  }

  /** @returns true when a wanted value starts here */
  #enter(isArray: boolean): boolean {
    if (!this.#isStarted && isArray) this.#fail('starts with an array, not with an object')
    if (this.#isStarted && this.#open.length === 0) this.#fail('goes on after its end')
    if (this.#open.length >= MAX_DEPTH) this.#fail(`nested deeper than ${MAX_DEPTH}`)
    this.#isStarted = true
    const path = this.#path()
    const starts = this.#held === null && !isArray && this.#open.length > 0 && this.#wanted.has(path)
    this.#open.push({ isArray, path, key: '' })
    if (starts) this.#held = { path, depth: this.#open.length, line: this.#line, parts: [], sizeBytes: 0 }
    return starts
  }

  /** @returns true when the held value ends here */
  #leave(isArray: boolean): boolean {
    const top = this.#open.pop()
    if (top === undefined || top.isArray !== isArray) this.#fail('brackets that do not fit')
    return this.#held !== null && this.#open.length === this.#held.depth - 1
  }

  #path(): string {
    const top = this.#open.at(-1)
    if (top === undefined) return ''
    return top.isArray ? top.path : top.path === '' ? top.key : `${top.path}.${top.key}`
  }

  #keep(bytes: Buffer): void {
    if (this.#held === null || bytes.length === 0) return
    this.#held.parts.push(bytes)
    this.#held.sizeBytes += bytes.length
    if (this.#held.sizeBytes > MAX_VALUE_BYTES) this.#fail(`a value of more than ${MAX_VALUE_BYTES >> 20} MiB`)
  }

  #finish(): StreamedValue {
    const { path, line, parts } = this.#held!
    this.#held = null
    const bytes = Buffer.concat(parts)
    const place = { file: this.#file, line }
    if (!isUtf8(bytes)) throw new DataError('not UTF-8', { ...place, hint: 'convert the file to UTF-8' })
    return { path, value: parseJson(bytes.toString('utf8'), place), line }
  }

  #fail(message: string): never {
    const hint = 'expected one JSON object, as the service returns it'
    throw new DataError(message, { file: this.#file, line: this.#line, hint })
  }
}

function isByteOrderMark(code: number): boolean {
  return code === 0xef || code === 0xbb || code === 0xbf
}
