import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ConfigError, DataError } from '../../core/errors.ts'
import { hashFile } from '../../core/hash.ts'
import {
  fileUrl,
  type HubFile,
  type HubRepo,
  isCommit,
  isHubPath,
  listHubFiles,
  parseHubFileSpec,
  resolveCommit,
} from '../../core/hub/hub.ts'
import type { HubOptions } from '../../core/hub/hub-fetch.ts'
import { type HubSettings, hubCacheDir, hubOptions } from '../../core/hub/options.ts'
import { fetchFile, hubHashOf } from '../../core/hub/transfer.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { acquireLock, ensureDir, putAtomic } from '../../core/store.ts'
import type { QuestionSource } from '../types.ts'
import { type Split, splitOfName } from './split.ts'

export type OpenOptions = HubSettings & {
  /** Where data sets are kept; `fleming/datasets` in the user's cache directory unless told. */
  readonly cacheDir?: string | undefined
  /** Which file of a data set is meant when none is named. */
  readonly split?: Split | null | undefined
  /** Whose word for its files tells them from others of the repository. */
  readonly source?: Pick<QuestionSource, 'hubConfig'> | undefined
  readonly onProgress?: ((progress: { readonly doneBytes: number; readonly totalBytes: number }) => void) | undefined
}

/** A file on this computer. */
export type OpenedFile = {
  readonly file: string
  /** The same on every computer: `hf:owner/name@commit:path`, or a file of one's own as it was named. */
  readonly place: string
  /** A commit of the hub, or `sha256:` and the hash of a file of one's own. */
  readonly revision: string
}

const DATA_FILE = /\.(?:parquet|jsonl|json|csv|ndjson)(?:\.gz)?$/i
/** Descriptions of data sets, not data. */
const NOT_DATA = /(?:^|\/)(?:dataset_infos?|croissant|package|\.[^/]*)\.json$/i
const RECORD_SUFFIX = '.origin.json'
const originRecord = z.looseObject({
  sizeBytes: z.number(),
  hash: z.object({ kind: z.enum(['sha256', 'gitSha1']), hex: z.string() }),
})

/**
 * The file of questions that a text names: the path itself, or for `hf:owner/name@revision:path` a file in the cache, into
 * which it is downloaded first where it is not there yet: resumed, checked against the hash that the hub lists, and pinned
 * to a commit. For `hf:owner/name` alone it is the one file whose path names the split (and the source's config).
 *
 * @throws {DataError} when there is no such file
 * @throws {ConfigError} when the text has neither form, or no or several files of the data set may be meant
 * @throws {EngineError} when the hub refuses or cannot be reached; a file that is in the cache at a commit needs no hub
 * @throws {AuditError} when a file is not what the hub listed
 */
export async function resolveQuestionFile(spec: string, options: OpenOptions = {}): Promise<OpenedFile> {
  if (!spec.startsWith('hf:')) return ownFile(spec)
  const { repo, path } = parseHubFileSpec(spec)
  const placeOf = (commit: string, name: string): string => `hf:${repo.repo}@${commit}:${name}`
  const repoDir = join(options.cacheDir ?? hubCacheDir('datasets'), repo.repo.replace('/', '--'))
  if (path !== null && isCommit(repo.revision)) {
    const known = cachedFile(join(repoDir, repo.revision, path))
    if (known !== null) return { file: known, place: placeOf(repo.revision, path), revision: repo.revision }
  }
  const hub = hubOptions(options)
  const commit = await resolveCommit(repo, hub)
  const wanted = path === null ? await chooseFile(repo, commit, hub, options) : await findFile(repo, commit, hub, path)
  const file = join(repoDir, commit, wanted.name)
  if (cachedFile(file) === null) await download(file, wanted, { repo, commit }, hub, options)
  return { file, place: placeOf(commit, wanted.name), revision: commit }
}

async function download(
  file: string,
  wanted: HubFile,
  { repo, commit }: { readonly repo: HubRepo; readonly commit: string },
  hub: HubOptions,
  { onProgress }: OpenOptions,
): Promise<void> {
  const dir = dirname(file)
  ensureDir(dir)
  const lock = acquireLock(dir)
  try {
    const onBytes = (doneBytes: number) => onProgress?.({ doneBytes, totalBytes: wanted.sizeBytes })
    await fetchFile(dir, wanted, fileUrl(hub.endpoint, repo, commit, wanted.name), { ...hub, onBytes })
    const origin = { schemaVersion: 1, repo: repo.repo, revision: repo.revision, commit, ...wanted }
    putAtomic(`${file}${RECORD_SUFFIX}`, `${formatJson(origin, { pretty: true })}\n`)
  } finally {
    lock.release()
  }
}

function ownFile(file: string): OpenedFile {
  if (existsSync(file) && statSync(file).isFile())
    return { file, place: file, revision: `sha256:${hashFile(file).sha256}` }
  const looksRemote = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(?:[@:]|$)/.test(file)
  throw new DataError(existsSync(file) ? 'is not a file' : 'there is no such file', {
    file,
    hint: looksRemote ? `for a data set of the hub write hf:${file}` : 'name a file, or hf:owner/name@revision:path',
  })
}

/** A file that a download has finished and that nobody has changed since: its record is written last and knows its hash. */
function cachedFile(file: string): string | null {
  const record = `${file}${RECORD_SUFFIX}`
  if (!existsSync(file) || !existsSync(record)) return null
  const origin = originRecord.safeParse(parseJson(readText(record), { file: record }))
  if (!origin.success || origin.data.sizeBytes !== statSync(file).size) return null
  const { kind, hex } = origin.data.hash
  return hubHashOf(file, kind) === hex ? file : null
}

async function findFile(repo: HubRepo, commit: string, hub: HubOptions, path: string): Promise<HubFile> {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : undefined
  const listed = await listHubFiles(repo, commit, hub, folder === undefined ? {} : { folder })
  const file = listed.find(({ name }) => name === path)
  if (file !== undefined) return file
  throw new ConfigError(`${repo.repo} has no ${path}`, { hint: listHint(repo, listed) })
}

async function chooseFile(
  repo: HubRepo,
  commit: string,
  hub: HubOptions,
  { split, source }: OpenOptions,
): Promise<HubFile> {
  const listed = await listHubFiles(repo, commit, hub, { recursive: true })
  const data = listed.filter(({ name }) => DATA_FILE.test(name) && !NOT_DATA.test(name) && isHubPath(name))
  const config = source?.hubConfig
  const ofConfig = config === undefined ? data : data.filter(({ name }) => name.includes(config))
  const candidates = ofConfig.length > 0 ? ofConfig : data
  const ofSplit = split ? candidates.filter(({ name }) => splitOfName(name) === split) : candidates
  const [only, ...others] = ofSplit
  if (only !== undefined && others.length === 0) return only
  const what = split ? `files of the split ${split}` : 'files of data'
  throw new ConfigError(`${repo.repo} has ${ofSplit.length} ${what}: name the one you mean`, {
    hint: listHint(repo, ofSplit.length > 0 ? ofSplit : candidates),
  })
}

function listHint({ repo, revision }: HubRepo, files: readonly HubFile[]): string {
  const shown = files.slice(0, 12).map(({ name }) => `hf:${repo}@${revision}:${name}`)
  const more = files.length > shown.length ? ` and ${files.length - shown.length} more` : ''
  return shown.length === 0 ? 'it holds no data file there' : `there are ${shown.join(', ')}${more}`
}
