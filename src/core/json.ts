import { DataError } from './errors.ts'

/** Deeper nesting than this is an attack or a mistake, never data. */
export const MAX_JSON_DEPTH = 1000

const QUOTE = 0x22
const BACKSLASH = 0x5c

const SURROGATE = /[\ud800-\udfff]/
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/**
 * The JSON text of a value, which {@link parseJson} reads back as the same value.
 *
 * A property that is `undefined` is left out. Everything that `JSON.stringify` would quietly change is refused.
 *
 * @param options.pretty indent by two spaces
 * @throws {DataError} naming the path of NaN, an infinity, -0, `undefined` in an array, a function, a symbol, a bigint,
 *   an object that is not plain (Date, Map, typed array), a cycle, or nesting deeper than {@link MAX_JSON_DEPTH}
 */
export function formatJson(value: unknown, options: { readonly pretty?: boolean } = {}): string {
  assertJson(value, false)
  return JSON.stringify(value, undefined, options.pretty === true ? 2 : undefined)
}

/**
 * The one JSON text of a value, independent of key order, for hashing: RFC 8785.
 *
 * @throws {DataError} as {@link formatJson}, and for a lone surrogate, which has no UTF-8
 */
export function canonicalJson(value: unknown): string {
  assertJson(value, true)
  return canonicalText(value)
}

/** @param value what `assertJson` has accepted */
function canonicalText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  const record = value as Readonly<Record<string, unknown>>
  let text = ''
  // The order of sort() is that of UTF-16 code units, as RFC 8785 wants it.
  for (const key of Object.keys(record).sort()) {
    const item = record[key]
    if (item === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalText(item)}`
  }
  return `{${text}}`
}

/**
 * The value of a JSON text.
 *
 * @param place where the text stands, for the message
 * @throws {DataError} naming the place when the text is not JSON, repeats a key, nests deeper than
 *   {@link MAX_JSON_DEPTH}, or holds a number too large for a double
 */
export function parseJson(text: string, place: { readonly file?: string; readonly line?: number }): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DataError(`not JSON: ${(cause as Error).message}`, { ...place, cause })
  }
  const fault = findJsonFault(text, MAX_JSON_DEPTH)
  if (fault !== null) throw new DataError(fault.message, { ...place, field: fault.field })
  return value
}

function assertJson(root: unknown, isStrict: boolean): void {
  // Next to every value is fine, and a path is only needed where one is not.
  if (!isJson(root, isStrict, 0)) refuseJson(root, isStrict)
}

/** @param depth containers around the value; a cycle is deeper than any limit */
function isJson(value: unknown, isStrict: boolean, depth: number): boolean {
  if (typeof value === 'string') return !isStrict || isWellFormed(value)
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object') return typeof value === 'boolean'
  if (value === null) return true
  if (depth >= MAX_JSON_DEPTH) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isJson(value[i], isStrict, depth + 1)) return false
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  const record = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(record)) {
    if (isStrict && !isWellFormed(key)) return false
    const item = record[key]
    if (item !== undefined && !isJson(item, isStrict, depth + 1)) return false
  }
  return true
}

/** Text without surrogates is found out faster than text without lone ones. */
function isWellFormed(text: string): boolean {
  return !SURROGATE.test(text) || !LONE_SURROGATE.test(text)
}

/** Finds the first fault of a value in the order of its text. @throws {DataError} naming it and its path */
function refuseJson(root: unknown, isStrict: boolean): void {
  const path: (string | number)[] = []
  const ancestors = new Set<object>()
  const refuse = (what: string): never => {
    const field = formatPath(path)
    throw new DataError(`${what} at ${field} cannot be written as JSON`, { field })
  }
  const visitString = (text: string): void => {
    if (isStrict && LONE_SURROGATE.test(text)) refuse('a lone surrogate')
  }
  const visitContainer = (value: object): void => {
    if (ancestors.has(value)) refuse('a cycle')
    if (ancestors.size >= MAX_JSON_DEPTH) refuse(`nesting deeper than ${MAX_JSON_DEPTH}`)
    ancestors.add(value)
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        path.push(i)
        visit(value[i])
        path.pop()
      }
    } else {
      const prototype: unknown = Object.getPrototypeOf(value)
      if (prototype !== Object.prototype && prototype !== null) refuse(`a ${value.constructor.name}`)
      for (const [key, item] of Object.entries(value)) {
        path.push(key)
        visitString(key)
        if (item !== undefined) visit(item)
        path.pop()
      }
    }
    ancestors.delete(value)
  }
  const visit = (value: unknown): void => {
    if (typeof value === 'string') visitString(value)
    else if (typeof value === 'number') {
      if (!Number.isFinite(value) || Object.is(value, -0)) refuse(Object.is(value, -0) ? '-0' : String(value))
    } else if (typeof value === 'object') {
      if (value !== null) visitContainer(value)
    } else if (typeof value !== 'boolean') refuse(value === undefined ? 'undefined' : `a ${typeof value}`)
  }
  visit(root)
}

function formatPath(path: readonly (string | number)[]): string {
  return `$${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')}`
}

/** What `JSON.parse` accepts in silence and we do not. */
type JsonFault = { readonly message: string; readonly field?: string }

/**
 * The first repeated key, too deep nesting or overflowing number of a text, or null. One pass, no recursion.
 *
 * @param text JSON that `JSON.parse` has accepted: the scan relies on its grammar
 */
function findJsonFault(text: string, maxDepth: number): JsonFault | null {
  // One entry per open container: the keys seen so far of an object, null for an array.
  const open: (Set<string> | null)[] = []
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      const end = stringEnd(text, i)
      const keys = open.at(-1)
      const next = keys instanceof Set ? skipSpace(text, end) : end
      if (keys instanceof Set && text[next] === ':') {
        const key = readKey(text, i, end)
        if (keys.has(key)) return { message: `key "${key}" appears twice in one object`, field: key }
        keys.add(key)
      }
      i = next
    } else if (code === 0x7b || code === 0x5b) {
      if (open.length >= maxDepth) return { message: `nested deeper than ${maxDepth}` }
      open.push(code === 0x7b ? new Set() : null)
      i++
    } else if (code === 0x7d || code === 0x5d) {
      open.pop()
      i++
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = numberEnd(text, i)
      const token = text.slice(i, end)
      if (!Number.isFinite(Number(token))) return { message: `number ${token.slice(0, 40)} is too large for a double` }
      i = end
    } else i++
  }
  return null
}

function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end
    while (text.charCodeAt(first - 1) === BACKSLASH) first--
    // An odd number of backslashes: the last of them escapes the quote.
    if ((end - first) % 2 === 0) return end + 1
  }
  return text.length
}

function skipSpace(text: string, start: number): number {
  let i = start
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++
  return i
}

function numberEnd(text: string, start: number): number {
  let i = start + 1
  while (i < text.length && '0123456789.eE+-'.includes(text[i]!)) i++
  return i
}

function readKey(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1)
  // Two spellings of one key, such as "a" and "\u0061", are the same key to every reader.
  return raw.includes('\\') ? String(JSON.parse(text.slice(start, end))) : raw
}
