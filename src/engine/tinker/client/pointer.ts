import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AuditError, DataError } from '../../../core/errors.ts'
import { sha256Hex } from '../../../core/hash.ts'
import { canonicalJson, formatJson, parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import { ensureDir, putAtomic, removeFile } from '../../../core/store.ts'
import { parseStatePath, type StatePath } from '../wire/paths.ts'

const STATE_FILE = 'state.json'

const pointerSchema = z.strictObject({
  schemaVersion: z.literal(1),
  engine: z.literal('tinker'),
  server: z.string(),
  serverKind: z.string(),
  path: z.string(),
  step: z.int().nonnegative(),
  baseModel: z.string(),
  rank: z.int().nonnegative(),
  /** SHA-256 of the canonical JSON of all other fields. */
  hash: z.string(),
})

/** Where a saved state lies at a server, and what it belongs to. */
export type StatePointer = Omit<z.infer<typeof pointerSchema>, 'hash' | 'schemaVersion' | 'engine' | 'path'> & {
  readonly path: StatePath
}

/** Takes the pointer away before a new state is saved: a folder without it holds no state. */
export function removePointer(dir: string): void {
  ensureDir(dir)
  removeFile(join(dir, STATE_FILE))
}

/** Writes `state.json`, which stands for the server's copy. */
export function writePointer(dir: string, pointer: StatePointer): void {
  const fields = { schemaVersion: 1, engine: 'tinker', ...pointer }
  ensureDir(dir)
  putAtomic(join(dir, STATE_FILE), `${formatJson({ ...fields, hash: hashOf(fields) }, { pretty: true })}\n`)
}

/**
 * Where the state of a folder lies.
 *
 * @throws {DataError} when there is none, or it belongs to another model
 * @throws {AuditError} when the file is not what was written
 */
export function readPointer(
  dir: string,
  expected: { readonly baseModel: string; readonly rank: number },
): StatePointer {
  const file = join(dir, STATE_FILE)
  const pointer = findPointer(dir)
  if (pointer === undefined) {
    throw new DataError('there is no checkpoint here', {
      file,
      hint: 'name a directory written by saveState; one without state.json was interrupted and must be made again',
    })
  }
  for (const field of ['baseModel', 'rank'] as const) {
    if (pointer[field] === expected[field]) continue
    throw new DataError(`${field} is ${pointer[field]}, the model has ${expected[field]}`, { file, field })
  }
  return pointer
}

/**
 * Where the state of a folder lies, whatever model it belongs to; undefined when there is none.
 *
 * @throws {AuditError} when the file is not what was written
 */
export function findPointer(dir: string): StatePointer | undefined {
  const file = join(dir, STATE_FILE)
  if (!existsSync(file)) return undefined
  const parsed = pointerSchema.safeParse(parseJson(readText(file), { file }))
  if (!parsed.success) {
    throw new AuditError(`${file} does not point to a state at a server`, {
      file,
      cause: parsed.error,
      hint: 'it was damaged, or written by another engine',
    })
  }
  const { hash, ...fields } = parsed.data
  if (hashOf(fields) !== hash) {
    throw new AuditError(`${file} does not match its hash`, { file, expected: hash, found: hashOf(fields) })
  }
  const { schemaVersion: _, engine: __, path, ...rest } = fields
  return { ...rest, path: parseStatePath(path) }
}

function hashOf(fields: unknown): string {
  return sha256Hex(canonicalJson(fields))
}
