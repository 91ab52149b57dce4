import { join } from 'node:path'
import { DataError } from './errors.ts'
import { ensureDir, putBlocksAtomic } from './store.ts'
import { frameRecord } from './tensorboard-record.ts'

/** The metrics of one step, by tag. */
export type ScalarRecord = { readonly step: number; readonly metrics: Readonly<Record<string, number>> }

/**
 * The one event file of a folder. TensorBoard reads whatever has `tfevents` in its name; the usual time and host are left
 * out, so that writing again replaces the file instead of adding a second curve.
 */
export const EVENT_FILE = 'events.out.tfevents.0000000000.fleming'

/** What every reader of event files checks first. */
const FILE_VERSION = 'brain.Event:2'

/**
 * Writes a folder's event file for TensorBoard from the metrics of a stage, whole, and returns its path.
 *
 * The file is derived: after a kill or a resume it is written again from `metrics.jsonl`, and is then what an
 * uninterrupted run would have written. Values become float32, as the format has them.
 *
 * @param dir made when it is missing; its name is the name of the run in TensorBoard
 * @param records in the order of their steps
 * @param wallTime the time of every event; a fixed one gives equal bytes
 * @throws {DataError} when a step is no whole number from 0 to 2^53 − 1, or not above the one before
 * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED; the old file is then intact
 */
export function writeEventFile(dir: string, records: Iterable<ScalarRecord>, wallTime: Date): string {
  const wallSeconds = wallTime.getTime() / 1000
  if (!Number.isFinite(wallSeconds)) throw new DataError('the time of the events is no date')
  const file = join(dir, EVENT_FILE)
  const head = Buffer.concat([doubleField(1, wallSeconds), bytesField(3, Buffer.from(FILE_VERSION))])
  const blocks = [frameRecord(head)]
  let previous = -1
  for (const { step, metrics } of records) {
    if (!Number.isSafeInteger(step) || step <= previous) {
      throw new DataError(`step ${step} after step ${previous}`, {
        file,
        field: 'step',
        hint: 'steps are whole numbers that rise: give one stage at a time, from its metrics.jsonl',
      })
    }
    previous = step
    blocks.push(frameRecord(eventOf(step, metrics, wallSeconds)))
  }
  ensureDir(dir)
  putBlocksAtomic(
    file,
    blocks,
    blocks.reduce((sum, block) => sum + block.length, 0),
  )
  return file
}

/** A line of `metrics.jsonl` as a record: what is not `step` is a metric. */
export function scalarRecord({ step, ...metrics }: Readonly<Record<string, number>>): ScalarRecord {
  if (step === undefined) {
    throw new DataError('a line of metrics has no step', { field: 'step', hint: 'give the lines of metrics.jsonl' })
  }
  return { step, metrics }
}

/** tensorflow.Event: wall_time = 1, step = 2, file_version = 3, summary = 5. */
function eventOf(step: number, metrics: Readonly<Record<string, number>>, wallSeconds: number): Buffer {
  const tags = Object.keys(metrics).sort()
  const summary = Buffer.concat(tags.map((tag) => bytesField(1, scalarOf(tag, metrics[tag]!))))
  return Buffer.concat([doubleField(1, wallSeconds), keyOf(2, 0), varint(step), bytesField(5, summary)])
}

/** tensorflow.Summary.Value: tag = 1, simple_value = 2. */
function scalarOf(tag: string, value: number): Buffer {
  const number = Buffer.alloc(4)
  number.writeFloatLE(value)
  return Buffer.concat([bytesField(1, Buffer.from(tag)), keyOf(2, 5), number])
}

function doubleField(field: number, value: number): Buffer {
  const number = Buffer.alloc(8)
  number.writeDoubleLE(value)
  return Buffer.concat([keyOf(field, 1), number])
}

function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([keyOf(field, 2), varint(bytes.length), bytes])
}

/** Field number and wire type: 0 varint, 1 eight bytes, 2 a length and as many bytes, 5 four bytes. */
const keyOf = (field: number, wireType: number): Buffer => varint(field * 8 + wireType)

/** @param value whole, 0 to 2^53 − 1: too wide for the bit operators */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
