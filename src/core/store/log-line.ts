import { crc32 } from 'node:zlib'
import { DataError } from '../errors.ts'
import { formatJson } from '../json.ts'

/** Every line ends like this; before it stands a comma, unless the record is empty. */
const SEAL = /^"crc":"([0-9a-f]{8})"\}$/
const SEAL_BYTES = '"crc":"01234567"}'.length
const CLOSING_BRACE = Buffer.from('}')
const COMMA = 0x2c

/**
 * The line of a record, newline included: its JSON with one more field, `crc`, the CRC-32 of the JSON without it.
 *
 * @throws {DataError} when the record is no object, has no JSON, or has a `crc` of its own
 */
export function formatLogLine(record: unknown): string {
  const json = formatJson(record)
  if (!json.startsWith('{')) throw new DataError(`a log holds objects, found ${json.slice(0, 40)}`)
  if (Object.hasOwn(record as object, 'crc')) {
    throw new DataError('a record of a log cannot have a field "crc": the log adds its own', { field: 'crc' })
  }
  const crc = crc32(json).toString(16).padStart(8, '0')
  return `${json.slice(0, -1)}${json === '{}' ? '' : ','}"crc":"${crc}"}\n`
}

/** The JSON of the record on a line (without newline), or null when the line is not as {@link formatLogLine} wrote it. */
export function readLogLine(line: Buffer): Buffer | null {
  const split = line.length - SEAL_BYTES
  const crc = SEAL.exec(line.toString('latin1', Math.max(split, 0)))?.[1]
  if (crc === undefined) return null
  const end = line[split - 1] === COMMA ? split - 1 : split
  const json = Buffer.concat([line.subarray(0, end), CLOSING_BRACE])
  return crc32(json) === Number.parseInt(crc, 16) ? json : null
}
