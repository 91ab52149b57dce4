import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DataError, FlemingError } from '../../core/errors.ts'
import { type Encoding, readDecoded } from './plain-text.ts'
import type { Row, RowOptions } from './rows.ts'

const MAX_RECORD_CHARACTERS = 1 << 20

/**
 * The records of a CSV file as objects by the names in its header.
 *
 * @throws {DataError} when a quote is never closed, or the header names a column twice or only one
 */
export async function* readCsvRows(file: string, encoding: Encoding, options: RowOptions): AsyncGenerator<Row> {
  const { parse } = await import('csv-parse')
  const parser = parse({
    bom: true,
    record_delimiter: '\n',
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_CHARACTERS,
  })
  const fed = pipeline(Readable.from(unixLines(readDecoded(file, encoding))), parser)
  // The parser hands the same error to whoever reads it.
  fed.catch(() => undefined)
  let names: readonly string[] | null = null
  let line = 1
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      line = info.lines - record.reduce((count, cell) => count + cell.split('\n').length - 1, 0)
      if (names === null) {
        names = options.csvColumns?.(record) ?? null
        if (names === null) {
          names = headerOf(file, record)
          continue
        }
      }
      yield rowOf(names, record, line)
    }
    await fed
  } catch (cause) {
    if (cause instanceof FlemingError) throw cause
    throw new DataError(`not CSV: ${(cause as Error).message}`, {
      file,
      line,
      cause,
      hint: 'a comma-separated file with a header is expected, or JSON, JSONL or Parquet',
    })
  } finally {
    parser.destroy()
  }
}

type CsvRecord = { readonly record: readonly string[]; readonly info: { readonly lines: number } }

/** Text with all lines ended by a newline alone: tables mix ends of lines, and the parser counts two for one. */
async function* unixLines(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let held = ''
  for await (const text of texts) {
    const whole = held + text
    held = whole.endsWith('\r') ? '\r' : ''
    const ready = whole.slice(0, whole.length - held.length).replaceAll('\r\n', '\n')
    if (ready !== '') yield ready
  }
  if (held !== '') yield held
}

function rowOf(names: readonly string[], record: readonly string[], line: number): Row {
  if (record.length !== names.length)
    return { value: null, key: null, line, fault: `${record.length} cells where there are ${names.length} columns` }
  return { value: Object.fromEntries(names.map((name, index) => [name, record[index]])), key: null, line }
}

function headerOf(file: string, record: readonly string[]): readonly string[] {
  const names = record.map((name) => name.trim())
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (names.length > 1 && twice === undefined) return names
  throw new DataError(
    twice === undefined ? 'not a table: its first line has one cell' : `column "${twice}" appears twice`,
    {
      file,
      line: 1,
      hint: 'CSV needs a header with one name a column; JSON, JSONL and Parquet are read too',
    },
  )
}
