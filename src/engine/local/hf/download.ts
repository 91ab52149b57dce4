import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AuditError, DataError, EngineError } from '../../../core/errors.ts'
import {
  fileUrl,
  type HubFile,
  type HubRepo,
  isCommit,
  listHubFiles,
  parseHubSpec,
  resolveCommit,
} from '../../../core/hub/hub.ts'
import type { HubOptions } from '../../../core/hub/hub-fetch.ts'
import { type HubSettings, hubCacheDir, hubOptions } from '../../../core/hub/options.ts'
import { fetchFile } from '../../../core/hub/transfer.ts'
import { formatJson, parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import { acquireLock, ensureDir, putAtomic } from '../../../core/store.ts'
import { ADAPTER_CONFIG_FILE, ADAPTER_WEIGHTS_FILE } from './adapter.ts'
import { CONFIG_FILE, readDecoder } from './folder.ts'
import { INDEX_FILE, readShardIndex, WEIGHTS_FILE } from './shards.ts'

export type DownloadProgress = {
  /** The file that is being fetched. */
  readonly file: string
  /** Of all files whose sizes are known so far: the weights join when their list has been read. */
  readonly doneBytes: number
  readonly totalBytes: number
}

export type ResolveOptions = HubSettings & {
  /** False: configuration and tokenizer alone, for a model that is trained somewhere else; true unless told. */
  readonly weights?: boolean | undefined
  /** Where models are kept; `fleming/models` in the user's cache directory unless told. */
  readonly cacheDir?: string | undefined
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
}

/** Written last: says what was fetched and where from. A folder that has one is a whole model. */
export const DOWNLOAD_FILE = 'download.json'

/** Ends the name of a folder without weights. */
const TEXT_ONLY = '.text'

/** Everything beside the weights that is read. Never code, never a format that can run code. */
const smallFiles: readonly string[] = [
  ADAPTER_CONFIG_FILE,
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
  CONFIG_FILE,
  'generation_config.json',
  'merges.txt',
  INDEX_FILE,
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
]

const recordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  repo: z.string(),
  revision: z.string(),
  commit: z.string(),
  files: z.array(
    z.strictObject({
      name: z.string(),
      sizeBytes: z.int(),
      hash: z.strictObject({ kind: z.enum(['sha256', 'gitSha1']), hex: z.string() }),
    }),
  ),
})

/**
 * The folder of a model: the path itself, or for `hf:owner/name@revision` a folder in the cache, into which it is
 * downloaded first where it is not there yet. A revision is resolved to a commit, which `download.json` records beside the
 * hash of each file; given a commit, a model that is there needs no connection.
 *
 * The token of gated models is taken from HF_TOKEN alone.
 *
 * @throws {ConfigError} when the text has neither form
 * @throws {DataError} when there is no such folder, or the model is of a kind that the engine does not compute; its weights
 *   are not fetched then
 * @throws {EngineError} when the hub refuses or cannot be reached, with what to do; E_ABORTED
 * @throws {AuditError} when a file is not what the hub listed
 * @throws {StorageError} when the disk is full or failing, or another process downloads the same model
 */
export async function resolveModelDir(spec: string, options: ResolveOptions = {}): Promise<string> {
  if (!spec.startsWith('hf:')) return existingDir(spec)
  const model = parseHubSpec(spec)
  const modelsDir = join(options.cacheDir ?? hubCacheDir('models'), model.repo.replace('/', '--'))
  const wantsWeights = options.weights ?? true
  // A folder without weights has a name of its own: a complete folder named like a commit is a whole model.
  const presentDir = (commit: string) =>
    [commit, ...(wantsWeights ? [] : [`${commit}${TEXT_ONLY}`])].map((name) => join(modelsDir, name)).find(isComplete)
  const known = isCommit(model.revision) ? presentDir(model.revision) : undefined
  if (known !== undefined) return known
  const hub = hubOptions(options)
  const commit = await resolveOrName(model, hub, modelsDir)
  const present = presentDir(commit)
  if (present !== undefined) return present
  const dir = join(modelsDir, wantsWeights ? commit : `${commit}${TEXT_ONLY}`)
  ensureDir(dir)
  const lock = acquireLock(dir)
  try {
    await download(dir, { ...model, commit, wantsWeights }, hub, options.onProgress ?? (() => undefined))
  } finally {
    lock.release()
  }
  return dir
}

async function download(
  dir: string,
  { kind, repo, revision, commit, wantsWeights }: HubRepo & { readonly commit: string; readonly wantsWeights: boolean },
  hub: HubOptions,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  const listed = (await listHubFiles({ kind, repo }, commit, hub)).filter(({ name }) => !name.includes('/'))
  // As in transformers one file goes before shards; the index would make it two sets of weights.
  const isWhole = listed.some(({ name }) => name === WEIGHTS_FILE)
  const small = listed.filter(({ name }) => smallFiles.includes(name) && !(isWhole && name === INDEX_FILE))
  const isAdapter = small.some(({ name }) => name === ADAPTER_CONFIG_FILE)
  if (!isAdapter && !small.some(({ name }) => name === CONFIG_FILE))
    throw new DataError(`${repo} has no ${CONFIG_FILE}`, {
      hint: 'name a model in the format of transformers; GGUF files cannot be trained',
    })
  const fetchAll = async (files: readonly HubFile[], totalBytes: number, startBytes: number): Promise<void> => {
    let before = startBytes
    for (const file of files) {
      const onBytes = (bytes: number) => onProgress({ file: file.name, doneBytes: before + bytes, totalBytes })
      await fetchFile(dir, file, fileUrl(hub.endpoint, { kind, repo }, commit, file.name), { ...hub, onBytes })
      before += file.sizeBytes
    }
  }
  const smallBytes = sumBytes(small)
  await fetchAll(small, smallBytes, 0)
  // Before gigabytes of a model that would be refused.
  if (!isAdapter) readDecoder(dir)
  const isSharded = small.some(({ name }) => name === INDEX_FILE)
  const weightNames = isAdapter
    ? [ADAPTER_WEIGHTS_FILE]
    : isSharded
      ? [...new Set(readShardIndex(join(dir, INDEX_FILE)).values())]
      : [WEIGHTS_FILE]
  const weights = wantsWeights ? pick(listed, weightNames, repo) : []
  await fetchAll(weights, smallBytes + sumBytes(weights), smallBytes)
  const files = [...small, ...weights].sort((a, b) => (a.name < b.name ? -1 : 1))
  const record = { schemaVersion: 1, repo, revision, commit, files }
  putAtomic(join(dir, DOWNLOAD_FILE), `${formatJson(record, { pretty: true })}\n`)
}

function pick(listed: readonly HubFile[], names: readonly string[], repo: string): readonly HubFile[] {
  return names.map((name) => {
    const file = listed.find((candidate) => candidate.name === name)
    if (file) return file
    const others = listed.map((candidate) => candidate.name).filter((other) => /\.(bin|gguf|pth?)$/.test(other))
    throw new DataError(`${repo} has no ${name}${others[0] === undefined ? '' : `, only ${others[0]}`}`, {
      hint: 'only safetensors is read: choose a revision or a copy of the model that has it',
    })
  })
}

function isComplete(dir: string): boolean {
  const record = readRecord(dir)
  if (record === undefined) return false
  return record.files.every(({ name, sizeBytes }) => {
    const own = join(dir, name)
    return existsSync(own) && statSync(own).size === sizeBytes
  })
}

/**
 * Where a folder was downloaded from: `owner/name` and the commit.
 *
 * @returns undefined for a folder that was not downloaded
 * @throws {AuditError} when its record is damaged
 */
export function readOrigin(dir: string): { readonly repo: string; readonly commit: string } | undefined {
  return readRecord(dir)
}

function readRecord(dir: string): z.infer<typeof recordSchema> | undefined {
  const file = join(dir, DOWNLOAD_FILE)
  if (!existsSync(file)) return undefined
  const text = readText(file)
  try {
    return recordSchema.parse(parseJson(text, { file }))
  } catch (cause) {
    throw new AuditError(`${file} is not what a download wrote`, {
      file,
      cause,
      hint: 'remove the folder: the model is fetched again',
    })
  }
}

/** The commit of a revision; when nothing answers, the error names what is in the cache. */
async function resolveOrName(model: HubRepo, hub: HubOptions, modelsDir: string): Promise<string> {
  try {
    return await resolveCommit(model, hub)
  } catch (cause) {
    if (!(cause instanceof EngineError) || !cause.retryable || !existsSync(modelsDir)) throw cause
    const commits = readdirSync(modelsDir).filter((name) => isCommit(name) && isComplete(join(modelsDir, name)))
    if (commits.length === 0) throw cause
    throw new EngineError(cause.message, {
      retryable: true,
      status: cause.status,
      cause,
      hint: `needs no connection: ${commits.map((commit) => `hf:${model.repo}@${commit}`).join(', ')}`,
    })
  }
}

function existingDir(dir: string): string {
  if (existsSync(dir) && statSync(dir).isDirectory()) return dir
  const looksRemote = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.@-]*$/.test(dir)
  throw new DataError('there is no such folder', {
    file: dir,
    hint: looksRemote ? `for a model of the hub write hf:${dir}` : 'name a model folder, or hf:owner/name@revision',
  })
}

function sumBytes(files: readonly HubFile[]): number {
  return files.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
}
