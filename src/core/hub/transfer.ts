import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { AuditError, EngineError } from '../errors.ts'
import { readBlocks } from '../read.ts'
import { openPart, type Part, removeFile } from '../store.ts'
import type { HubFile } from './hub.ts'
import { type HubOptions, hubGetOnce, isRetryable, MAX_ATTEMPTS, pauseAfter } from './hub-fetch.ts'

export type TransferOptions = HubOptions & {
  /** Told the bytes of the file that are there, after each piece. */
  readonly onBytes: (doneBytes: number) => void
}

/**
 * Fetches a file into a directory, under the last part of its path; goes on where an earlier attempt ended
 * (`<name>.part`), and gives it its name when size and hash are those that the hub listed. Does nothing when it is there
 * already.
 *
 * @throws {EngineError} when the hub refuses, or several attempts in a row bring nothing new; what arrived is kept
 * @throws {AuditError} when the content is not what the hub listed; it is removed
 * @throws {StorageError} when the disk is full or failing
 */
export async function fetchFile(dir: string, file: HubFile, url: string, options: TransferOptions): Promise<void> {
  const target = join(dir, basename(file.name))
  if (
    existsSync(target) &&
    statSync(target).size === file.sizeBytes &&
    hubHashOf(target, file.hash.kind) === file.hash.hex
  ) {
    options.onBytes(file.sizeBytes)
    return
  }
  const partFile = `${target}.part`
  const part = openPart(partFile)
  try {
    const resumedBytes = part.sizeBytes
    await receiveAll(part, file, url, options)
    if (resumedBytes > 0 && hubHashOf(partFile, file.hash.kind) !== file.hash.hex) {
      // What was left behind may be torn: a crash promises nothing about a part.
      part.restart()
      await receiveAll(part, file, url, options)
    }
    const found = hubHashOf(partFile, file.hash.kind)
    if (found !== file.hash.hex) {
      part.close()
      removeFile(partFile)
      throw new AuditError(`${file.name}: expected ${file.hash.kind} ${file.hash.hex}, got ${found}`, {
        file: target,
        expected: file.hash.hex,
        found,
        hint: 'the server or something on the way changed the file; it was removed: try again, or another HF_ENDPOINT',
      })
    }
    part.finish(target)
  } finally {
    part.close()
  }
}

async function receiveAll(part: Part, file: HubFile, url: string, options: TransferOptions): Promise<void> {
  if (part.sizeBytes > file.sizeBytes) part.restart()
  // A server that knows no ranges starts over each time: only bytes never reached before are progress.
  let furthestBytes = part.sizeBytes
  for (let attempt = 1; part.sizeBytes < file.sizeBytes; attempt++) {
    try {
      await receive(part, file, url, options)
    } catch (cause) {
      if (!isRetryable(cause)) throw cause
      if (part.sizeBytes > furthestBytes) attempt = 1
      furthestBytes = Math.max(furthestBytes, part.sizeBytes)
      if (attempt >= MAX_ATTEMPTS) throw cause
      await pauseAfter(attempt, options, cause)
    }
  }
  options.onBytes(part.sizeBytes)
}

async function receive(part: Part, file: HubFile, url: string, options: TransferOptions): Promise<void> {
  const have = part.sizeBytes
  const { response, chunks, discard } = await hubGetOnce(url, options, have > 0 ? { range: `bytes=${have}-` } : {})
  const refused = response.status === 206 ? rangeFault(response, have, file) : null
  // All of it, or no range of it: the server cannot go on where we were.
  if (response.status !== 206 && have > 0) part.restart()
  if (refused !== null || response.status === 416) await discard()
  if (refused !== null) throw refused
  if (response.status === 416) {
    if (have > 0) return
    throw new EngineError(`${file.name}: the hub refuses a range that was not asked for`, { status: 416 })
  }
  for await (const chunk of chunks()) {
    if (part.sizeBytes + chunk.length > file.sizeBytes) {
      part.restart()
      throw new AuditError(`${file.name}: the server sends more than the ${file.sizeBytes} bytes that the hub lists`, {
        file: file.name,
        hint: 'try again, or another HF_ENDPOINT',
      })
    }
    part.append(chunk)
    options.onBytes(part.sizeBytes)
  }
  if (part.sizeBytes < file.sizeBytes)
    throw new EngineError(`${file.name}: the connection ended at byte ${part.sizeBytes} of ${file.sizeBytes}`, {
      retryable: true,
      hint: 'run the same command again: it goes on where it was',
    })
}

/** Why a partial answer is not the rest of the file; null when it is. */
function rangeFault(response: Response, have: number, { name, sizeBytes }: HubFile): EngineError | null {
  const range = response.headers.get('content-range') ?? 'none'
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range)
  if (match && Number(match[1]) === have && (match[2] === '*' || Number(match[2]) === sizeBytes)) return null
  return new EngineError(`${name}: asked for the bytes from ${have} of ${sizeBytes} on, got the range "${range}"`, {
    status: response.status,
    hint: 'try another HF_ENDPOINT; removing the .part file starts from the beginning',
  })
}

/**
 * The hash of a file, of the kind that the hub gives for it, in hex.
 *
 * @throws {DataError} when there is no such file
 */
export function hubHashOf(file: string, kind: HubFile['hash']['kind']): string {
  const hash = createHash(kind === 'sha256' ? 'sha256' : 'sha1')
  if (kind === 'gitSha1') hash.update(`blob ${statSync(file).size}\0`)
  for (const block of readBlocks(file)) hash.update(block)
  return hash.digest('hex')
}
