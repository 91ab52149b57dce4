/**
 * The ledger of calls: an intent before each call leaves, its outcome after. Whatever is asked of a model is found here,
 * and nothing that was answered is asked again.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { contentId } from '../core/hash.ts'
import { parseJson } from '../core/json.ts'
import { openReader, readLines } from '../core/read.ts'
import { readLogLine } from '../core/store/log-line.ts'
import { ensureDir, openLog } from '../core/store.ts'
import { createCallIndex, type RequestFailures } from './call-index.ts'
import type { ChatModel, ChatReply, ChatRequest, Prices, Spending } from './types.ts'

const usage = z.strictObject({ promptTokens: z.int().min(0), completionTokens: z.int().min(0) })
const reply = z.strictObject({
  text: z.string(),
  reasoning: z.string().nullable(),
  finishReason: z.enum(['stop', 'length', 'content-filter', 'other']),
  model: z.string(),
  // Counts that are none were written by earlier versions: nobody knows what such a call used.
  usage: usage.nullable().catch(null),
})
/** `attempt` is the number that the request was made with. */
const call = { key: z.string(), attempt: z.int().min(1), request: z.string() }
const record = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('opened'), model: z.string(), hash: z.string() }),
  /** `reserved`: the most that the call can use, for when nobody learns what it used. */
  z.strictObject({ kind: z.literal('intent'), ...call, reserved: usage }),
  /** `timing` is the one part that differs between equal runs. */
  z.strictObject({ kind: z.literal('reply'), ...call, reply, timing: z.strictObject({ latencyMs: z.number() }) }),
  z.strictObject({
    kind: z.literal('failed'),
    ...call,
    failure: z.string(),
    status: z.number().nullable(),
    message: z.string(),
    retryable: z.boolean(),
    /** False for a failure that says nothing of this call, such as an account out of credit. */
    counts: z.boolean(),
    mayBePaid: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('refused'), ...call, reason: z.string() }),
  /** The endpoint was down, or refused everybody: the failures in a row before this say nothing of their calls. */
  z.strictObject({ kind: z.literal('stopped'), cause: z.string() }),
  z.strictObject({ kind: z.literal('quarantined'), key: z.string(), cause: z.string(), attempts: z.number() }),
])

export type CallRecord = z.infer<typeof record>

/** What the log holds of one request of a call. */
export type RequestHistory = {
  /** Stored reply, or null. */
  readonly reply: () => ChatReply | null
  /** Failures that count. */
  readonly failures: number
  readonly last: RequestFailures['last']
}

export type CallLog = {
  /** Resolves when the record survives power loss. Records of the same moment share one sync. */
  write(entry: CallRecord): Promise<void>
  /** What is known of an attempt of a key, if its request is still the same. */
  history(key: string, attempt: number, request: string): RequestHistory
  /** The log knows the key's first request as another one: prompt, settings or model have changed. */
  isChanged(key: string, request: string): boolean
  readonly isQuarantined: (key: string) => boolean
  /** Calls that were under way when a process ended; they may have been paid for. */
  readonly interrupted: number
  readonly spending: Spending
  readonly tornBytes: number
  close(): void
}

/** The name of a request to a model: whatever decides the answer is in it. */
export function requestHash(model: ChatModel, request: ChatRequest): string {
  return contentId('request', { model: model.hash, request })
}

/**
 * The log in a file, indexed, ready to grow. Replies stay in the file and are read when they are asked for, so that
 * memory does not grow with their length: 100 bytes a call. Hold the lock of the directory.
 *
 * @throws {DataError} when a line is none of a call log
 * @throws {StorageError} as `openLog`
 */
export function openCallLog(file: string, prices: Prices | undefined): CallLog {
  ensureDir(dirname(file))
  const isNew = !existsSync(file)
  const log = openLog(file)
  const index = createCallIndex(prices)
  if (!isNew) {
    for (const { bytes, line, offsetBytes } of readLines(file)) index.add(readRecord(bytes, file, line), offsetBytes)
    index.end()
  }
  const reader = isNew ? null : openReader(file)
  const writer = createWriter((records) => log.append(records))
  return {
    write: writer.write,
    history: (key, attempt, request) => {
      const { count: failures, last } = index.failuresOf(key, attempt, request)
      const place = index.replyAt(key, attempt, request)
      const isOfRequest = (entry: ReplyRecord): boolean =>
        entry.key === key && entry.attempt === attempt && entry.request === request
      return {
        reply: () => {
          if (place === null || reader === null) return null
          const entry = readReply(reader, file, place)
          return isOfRequest(entry) ? entry.reply : null
        },
        failures,
        last,
      }
    },
    isChanged: index.isChanged,
    isQuarantined: index.isQuarantined,
    interrupted: index.interrupted,
    spending: index.spending,
    tornBytes: log.tornBytes,
    close: () => {
      reader?.close()
      log.close()
    },
  }
}

type ReplyRecord = Extract<CallRecord, { kind: 'reply' }>

function readRecord(bytes: Buffer, file: string, line: number): CallRecord {
  const json = readLogLine(bytes)
  const parsed = record.safeParse(json === null ? null : parseJson(json.toString('utf8'), { file, line }))
  if (parsed.success) return parsed.data
  throw new DataError(`not a record of a call log: ${parsed.error.issues[0]?.message ?? 'unknown'}`, {
    file,
    line,
    hint: 'the file belongs to something else, or to another version: choose another file',
  })
}

/** Bytes that are read at once when looking for the end of a line. */
const READ_BYTES = 8192

function readReply(reader: ReturnType<typeof openReader>, file: string, offsetBytes: number): ReplyRecord {
  for (let size = READ_BYTES; ; size *= 4) {
    const block = Buffer.alloc(Math.min(size, reader.sizeBytes - offsetBytes))
    reader.read(block, offsetBytes)
    const end = block.indexOf(0x0a)
    if (end === -1 && block.length === size) continue
    const entry = readRecord(block.subarray(0, end === -1 ? block.length : end), file, 0)
    if (entry.kind === 'reply') return entry
    throw new DataError('the log changed while it was read', { file, hint: 'only one process may use a log' })
  }
}

/** Collects the records of one turn of the event loop, so that many calls share one sync. */
function createWriter(append: (records: readonly CallRecord[]) => void): Pick<CallLog, 'write'> {
  let batch: { entry: CallRecord; resolve: () => void; reject: (cause: unknown) => void }[] = []
  const flush = (): void => {
    const taken = batch
    batch = []
    try {
      append(taken.map(({ entry }) => entry))
    } catch (cause) {
      for (const { reject } of taken) reject(cause)
      return
    }
    for (const { resolve } of taken) resolve()
  }
  return {
    write: (entry) =>
      new Promise((resolve, reject) => {
        if (batch.length === 0) setImmediate(flush)
        batch.push({ entry, resolve, reject })
      }),
  }
}
