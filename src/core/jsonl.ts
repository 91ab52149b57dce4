import { DataError } from './errors.ts'
import { formatJson, parseJson } from './json.ts'
import { decodeUtf8, readLines } from './read.ts'

/** A line of a file, counted from 1. */
export type Place = { readonly file: string; readonly line: number }

/**
 * What `parse` makes of each line of a JSONL file, in order. Blank lines are allowed and are no records.
 *
 * @param parse takes the value of one line and where it stands; throws a DataError naming the place if it does not fit
 * @throws {DataError} naming file and line when a line is not UTF-8 or not JSON as {@link parseJson} reads it
 */
export function readJsonl<T>(file: string, parse: (value: unknown, place: Place) => T): T[] {
  return [...iterateJsonl(file, parse)]
}

/** The same one by one, for files larger than memory. */
export function* iterateJsonl<T>(file: string, parse: (value: unknown, place: Place) => T): Generator<T> {
  for (const { bytes, line } of readLines(file)) {
    const place = { file, line }
    const text = decodeUtf8(bytes)
    if (text === null) throw new DataError('not UTF-8', { ...place, hint: 'convert the file to UTF-8' })
    if (text.trim() !== '') yield parse(parseJson(text, place), place)
  }
}

/**
 * The JSONL text of records, each line ended by a newline; the empty text for no records.
 *
 * @throws {DataError} naming the path when a record has no JSON, as {@link formatJson}
 */
export function formatJsonl(records: readonly unknown[]): string {
  return records.map((record) => `${formatJson(record)}\n`).join('')
}
