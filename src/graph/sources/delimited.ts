/** Rows of CSV and TSV files, one by one, each with the line it starts on. */

import { DataError } from '../../core/errors.ts'
import { readTextLines } from '../../core/text-lines.ts'

export type DelimitedFormat = {
  readonly delimiter: string
  /** Null: quotes are letters like any other, as in tables that never quote. */
  readonly quote: '"' | null
  /** Names of the columns when the file has no header line. */
  readonly columns?: readonly string[] | undefined
  /** Lines that start so are no rows. */
  readonly comment?: string | undefined
}

export type DelimitedRow =
  | { readonly kind: 'row'; readonly line: number; readonly fields: readonly string[] }
  | { readonly kind: 'malformed'; readonly line: number; readonly detail: string }

/** A quote that is not closed by then is a stray one; chosen by us, above any cell of the sources we know. */
const MAX_RECORD_LINES = 200

/**
 * The rows of a file with the columns in its header; a row with too many or too few fields, or an unclosed quote, is
 * malformed, and reading goes on with the next line.
 *
 * csv-parse is not used here on purpose: after an unclosed quote it can only swallow what follows.
 *
 * @returns the header first, as a row, then the rows
 * @throws {DataError} when the file is empty or its header lacks one of `needed`
 */
export async function* readDelimited(
  file: string,
  format: DelimitedFormat,
  needed: readonly string[],
): AsyncGenerator<DelimitedRow> {
  let width: number | null = null
  if (format.columns !== undefined) {
    checkHeader(file, 1, format.columns, needed)
    width = format.columns.length
    yield { kind: 'row', line: 0, fields: format.columns }
  }
  for await (const row of records(file, format)) {
    if (width === null) {
      if (row.kind === 'malformed') throw notThisTable(file, row.line, row.detail, needed)
      checkHeader(file, row.line, row.fields, needed)
      width = row.fields.length
      yield row
    } else if (row.kind === 'row' && row.fields.length !== width) {
      yield { kind: 'malformed', line: row.line, detail: `${row.fields.length} fields instead of ${width}` }
    } else yield row
  }
  if (width === null) throw notThisTable(file, 1, 'the file is empty', needed)
}

function checkHeader(file: string, line: number, columns: readonly string[], needed: readonly string[]): void {
  const absent = needed.filter((name) => !columns.includes(name))
  if (absent.length > 0) {
    throw notThisTable(file, line, `no column "${absent[0]}" among ${columns.slice(0, 20).join(', ')}`, needed)
  }
  const twice = columns.find((name, index) => needed.includes(name) && columns.indexOf(name) !== index)
  if (twice !== undefined) throw notThisTable(file, line, `column "${twice}" stands there twice`, needed)
}

function notThisTable(file: string, line: number, found: string, needed: readonly string[]): DataError {
  return new DataError(found.slice(0, 300), {
    file,
    line,
    hint: `expected a header line with ${needed.join(', ')}; check the file, the delimiter and the quoting`,
  })
}

async function* records(file: string, format: DelimitedFormat): AsyncGenerator<DelimitedRow> {
  const { quote, comment } = format
  // Lines of a record with a quote still open, which is so while they hold an odd number of quotes.
  let held: string[] = []
  let heldLine = 0
  const one = function* (text: string, line: number): Generator<DelimitedRow> {
    if (text !== '' && (comment === undefined || !text.startsWith(comment)))
      yield asRow(splitRecord(text, format), line)
  }
  const giveUp = function* (): Generator<DelimitedRow> {
    yield { kind: 'malformed', line: heldLine, detail: 'a quote is not closed' }
    // What follows the stray quote holds pairs of quotes only, so that these lines are records of their own.
    for (const [index, text] of held.slice(1).entries()) yield* one(text, heldLine + 1 + index)
    held = []
  }
  for await (const { text, line } of readTextLines(file)) {
    const isOdd = quote !== null && hasOddCount(text, quote)
    if (held.length === 0) {
      if (isOdd && (comment === undefined || !text.startsWith(comment))) {
        held = [text]
        heldLine = line
      } else yield* one(text, line)
      continue
    }
    held.push(text)
    if (isOdd) {
      yield asRow(splitRecord(held.join('\n'), format), heldLine)
      held = []
    } else if (held.length === MAX_RECORD_LINES) yield* giveUp()
  }
  if (held.length > 0) yield* giveUp()
}

function hasOddCount(text: string, quote: string): boolean {
  let isOdd = false
  for (let at = text.indexOf(quote); at !== -1; at = text.indexOf(quote, at + 1)) isOdd = !isOdd
  return isOdd
}

function asRow(fields: readonly string[] | null, line: number): DelimitedRow {
  if (fields === null) return { kind: 'malformed', line, detail: 'quotes that do not fit the fields' }
  return { kind: 'row', line, fields }
}

function splitRecord(text: string, format: DelimitedFormat): readonly string[] | null {
  const { delimiter, quote } = format
  if (quote === null || !text.includes(quote)) return text.split(delimiter)
  const fields: string[] = []
  for (let start = 0; ; ) {
    if (!text.startsWith(quote, start)) {
      const end = text.indexOf(delimiter, start)
      fields.push(text.slice(start, end === -1 ? undefined : end))
      if (end === -1) return fields
      start = end + delimiter.length
      continue
    }
    const parts: string[] = []
    let from = start + 1
    for (;;) {
      const end = text.indexOf(quote, from)
      if (end === -1) return null
      parts.push(text.slice(from, end))
      from = end + 1
      if (!text.startsWith(quote, from)) break
      // A doubled quote stands for itself.
      parts.push(quote)
      from++
    }
    fields.push(parts.join(''))
    if (from === text.length) return fields
    if (!text.startsWith(delimiter, from)) return null
    start = from + delimiter.length
  }
}
