import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { readBlocks } from '../../core/read.ts'
import { readTextLines } from '../../core/text-lines.ts'
import { nullBareNaN } from './bare-nan.ts'
import { readCsvRows } from './csv-rows.ts'
import { parseElement, readElements } from './json-elements.ts'
import { type Encoding, encodingOf, readDecoded } from './plain-text.ts'

/** One row of a file of data. */
export type Row = {
  /** Null when it is broken. */
  readonly value: unknown
  /** Its key in an object of rows: the id that the file gives it. */
  readonly key: string | null
  /**
   * Counted from 1: of the row's first line in JSONL, CSV and JSON whose rows start on lines of their own; the number of the
   * row in Parquet, in columns, and in JSON that is written without lines.
   */
  readonly line: number
  /** Why the row cannot be read, where it cannot. */
  readonly fault?: string
}

export type RowOptions = {
  /** Read `NaN` and infinities outside strings as null, as Python writes them; broken rows unless told. */
  readonly bareNaN?: boolean
  /** A file that is no UTF-8 is read as GB 18030. */
  readonly gb18030?: boolean
  /** Names of the columns of a CSV file whose first record is no header; null when this record is one. */
  readonly csvColumns?: (firstRecord: readonly string[]) => readonly string[] | null
}

/** Text looked at to tell what a file is, unless its first line is longer; chosen by us. */
const HEAD_CHARACTERS = 1 << 20
/** A longer line is no row; as `readTextLines`. */
const MAX_HEAD_CHARACTERS = 64 << 20

/**
 * The rows of a file, one by one: Parquet, JSONL, a JSON array of rows, an object of rows by id, an object of columns, or
 * CSV; text may be gzip. What it is shows in its first bytes, not in its name.
 *
 * @throws {DataError} when the file is none of these, ends in the middle, or is not UTF-8
 */
export async function* readRows(file: string, options: RowOptions = {}): AsyncGenerator<Row> {
  if (isParquet(file)) {
    const { readParquetRows } = await import('./parquet-rows.ts')
    yield* readParquetRows(file)
    return
  }
  const encoding = options.gb18030 === true ? await encodingOf(file) : 'utf-8'
  const head = await readHead(file, encoding)
  const first = head.trimStart()[0]
  if (first === undefined) throw new DataError('is empty', { file, hint: 'rows of a data set are expected' })
  if (first !== '[' && first !== '{') {
    yield* readCsvRows(file, encoding, options)
    return
  }
  if (first === '{' && isJsonLines(head, options)) yield* readLinesOfJson(file, options)
  else yield* readJson(file, options)
}

function isParquet(file: string): boolean {
  const blocks = readBlocks(file)
  const first = blocks.next()
  blocks.return(undefined)
  return first.done !== true && first.value.subarray(0, 4).toString('latin1') === 'PAR1'
}

/** The first text of a file; of one that begins with an object all of its first line and the start of the next. */
async function readHead(file: string, encoding: Encoding): Promise<string> {
  const pieces: string[] = []
  const isPastFirstLine = watchFirstLine()
  let characters = 0
  for await (const piece of readDecoded(file, encoding)) {
    pieces.push(piece)
    characters += piece.length
    if (characters >= (isPastFirstLine(piece) ? HEAD_CHARACTERS : MAX_HEAD_CHARACTERS)) break
  }
  return pieces.join('')
}

/** Says piece by piece whether text goes on after its first line, or begins with no object: then lines do not matter. */
function watchFirstLine(): (piece: string) => boolean {
  let wanted: 'first character' | 'newline' | 'second line' | 'nothing' = 'first character'
  return (piece) => {
    let at = 0
    if (wanted === 'first character') {
      at = piece.search(/\S/)
      if (at === -1) return false
      wanted = piece[at] === '{' ? 'newline' : 'nothing'
    }
    if (wanted === 'newline') {
      at = piece.indexOf('\n', at)
      if (at === -1) return false
      wanted = 'second line'
    }
    if (wanted === 'second line' && piece.slice(at).trim() !== '') wanted = 'nothing'
    return wanted === 'nothing'
  }
}

/** Whether objects stand one to a line: several lines of which one of the first is a whole object, or one that is a row. */
function isJsonLines(head: string, options: RowOptions): boolean {
  const lines = head
    .split('\n', 50)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const values = lines.filter((line) => line.endsWith('}')).map((line) => tryParse(line, options))
  const isObject = (value: unknown) => typeof value === 'object' && value !== null
  if (lines.length > 1) return values.some(isObject)
  const only = values[0]
  return isObject(only) && !Object.values(only as object).every(isObject)
}

function tryParse(text: string, options: RowOptions): unknown {
  try {
    return parseJson(options.bareNaN === true ? nullBareNaN(text) : text, {})
  } catch (cause) {
    if (cause instanceof DataError) return undefined
    throw cause
  }
}

async function* readLinesOfJson(file: string, options: RowOptions): AsyncGenerator<Row> {
  for await (const { text, line } of readTextLines(file)) {
    if (text.trim() === '') continue
    try {
      yield { value: parseJson(options.bareNaN === true ? nullBareNaN(text) : text, {}), key: null, line }
    } catch (cause) {
      if (!(cause instanceof DataError)) throw cause
      yield { value: null, key: null, line, fault: cause.message }
    }
  }
}

async function* readJson(file: string, options: RowOptions): AsyncGenerator<Row> {
  const rows = readElementRows(file, options)
  const first = await rows.next()
  if (first.done === true) return
  const all = prepend(first.value, rows)
  const { key, value } = first.value
  if (key === null || isRowById(value)) yield* all
  else yield* readWhole(file, value, all)
}

/** Elements as rows. The first waits for the second: rows that share a line have none of their own and are numbered. */
async function* readElementRows(file: string, options: RowOptions): AsyncGenerator<Row> {
  const keys = new Set<string>()
  let number = 0
  let first: Row | null = null
  let isNumbered = false
  for await (const element of readElements(file)) {
    const { line } = element
    const { key, value } = parseElement(file, element, options.bareNaN === true)
    if (key !== null && keys.has(key))
      throw new DataError(`key "${key}" appears twice`, { file, line, field: key, hint: 'an id names one row' })
    if (key !== null) keys.add(key)
    number += 1
    if (number === 1) {
      first = { value, key, line }
      continue
    }
    if (first !== null) {
      isNumbered = first.line === line
      yield isNumbered ? { ...first, line: 1 } : first
      first = null
    }
    yield { value, key, line: isNumbered ? number : line }
  }
  if (first !== null) yield first
}

async function* prepend(first: Row, rest: AsyncIterable<Row>): AsyncGenerator<Row> {
  yield first
  yield* rest
}

/** Whether the first entry of an object is a row: an object whose keys are names, not the numbers of rows. */
function isRowById(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.length > 0 && !keys.every((key) => /^\d+$/.test(key))
}

/** The rows of an object of columns, or the one row that an object of plain values is. */
async function* readWhole(file: string, first: unknown, entries: AsyncIterable<Row>): AsyncGenerator<Row> {
  const columns = new Map<string, unknown>()
  for await (const { key, value } of entries) columns.set(key ?? '', value)
  if (typeof first !== 'object' || first === null) {
    yield { value: Object.fromEntries(columns), key: null, line: 1 }
    return
  }
  const cells = [...columns].map(([name, column]) => [name, cellsOf(file, name, column)] as const)
  const numbers = [...new Set(cells.flatMap(([, byNumber]) => [...byNumber.keys()]))].sort((a, b) => a - b)
  for (const [index, number] of numbers.entries()) {
    const value = Object.fromEntries(cells.map(([name, byNumber]) => [name, byNumber.get(number) ?? null]))
    yield { value, key: null, line: index + 1 }
  }
}

function cellsOf(file: string, name: string, column: unknown): ReadonlyMap<number, unknown> {
  if (Array.isArray(column)) return new Map(column.entries())
  const entries = typeof column === 'object' && column !== null ? Object.entries(column) : null
  if (entries === null || entries.some(([key]) => !/^\d{1,15}$/.test(key)))
    throw new DataError(`"${name}" is no column: an object of cells by the number of their row is expected`, {
      file,
      field: name,
      hint: 'rows of a data set are expected: an array, one object a line, or an object of rows or columns',
    })
  return new Map(entries.map(([key, cell]) => [Number(key), cell]))
}
