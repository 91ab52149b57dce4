import { datasetInfo, listFiles, modelInfo } from '@huggingface/hub'
import { ConfigError, EngineError, FlemingError } from '../errors.ts'
import { type HubOptions, hubGet } from './hub-fetch.ts'

/** A model or a data set on the hub, as `hf:owner/name@revision` names it. */
export type HubRepo = { readonly kind: 'model' | 'dataset'; readonly repo: string; readonly revision: string }

/** What the hub says of a file; the hash is that of its content, or of the content as a git blob. */
export type HubFile = {
  /** Path in the repository, with `/`. */
  readonly name: string
  readonly sizeBytes: number
  readonly hash: { readonly kind: 'sha256' | 'gitSha1'; readonly hex: string }
}

const COMMIT = /^[0-9a-f]{40}$/
const SHA256 = /^[0-9a-f]{64}$/
const SPEC = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w./-]*))?$/
/** No hidden file, no way out of the folder, nothing that a shell or an address would read otherwise. */
const PATH = /^[\p{L}\p{N}_][\p{L}\p{N}_. ,()+=-]*(?:\/[\p{L}\p{N}_][\p{L}\p{N}_. ,()+=-]*)*$/u

/**
 * Owner, name and revision of `hf:owner/name@revision`, a model; the revision is `main` unless told.
 *
 * @throws {ConfigError} when it has another form
 */
export function parseHubSpec(spec: string): HubRepo {
  return parseRepo(spec, 'model', 'hf:owner/name@revision')
}

/**
 * Data set and path of `hf:owner/name@revision:path/in/it`; the path is null when only the data set is named.
 *
 * @throws {ConfigError} when it has another form
 */
export function parseHubFileSpec(spec: string): { readonly repo: HubRepo; readonly path: string | null } {
  const form = 'hf:owner/name@revision:path/in/it'
  const colon = spec.indexOf(':', 'hf:'.length)
  const repo = parseRepo(colon === -1 ? spec : spec.slice(0, colon), 'dataset', form)
  const path = colon === -1 ? null : spec.slice(colon + 1)
  if (path !== null && !isHubPath(path))
    throw new ConfigError(`"${path}" is not a path in a data set of the hub`, { hint: `write ${form}` })
  return { repo, path }
}

/** Whether a path of the hub may become a path on this computer. */
export function isHubPath(path: string): boolean {
  return PATH.test(path) && !path.includes('..')
}

function parseRepo(spec: string, kind: HubRepo['kind'], form: string): HubRepo {
  const match = SPEC.exec(spec)
  if (!match?.[1] || spec.includes('..')) {
    const what = kind === 'model' ? 'model' : 'data set'
    throw new ConfigError(`"${spec}" does not name a ${what} of the hub`, { hint: `write ${form}` })
  }
  return { kind, repo: match[1], revision: match[2] ?? 'main' }
}

/** Whether a revision is a commit already, which never changes. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision)
}

/**
 * The commit that a revision means now, 40 hex digits.
 *
 * @throws {EngineError} when there is no such repository or revision, or the hub cannot be reached
 */
export async function resolveCommit({ kind, repo, revision }: HubRepo, options: HubOptions): Promise<string> {
  if (isCommit(revision)) return revision
  const call = { name: repo, revision, hubUrl: options.endpoint, fetch: fetchWith(options) }
  const { sha } = await understood<{ readonly sha: unknown }>(() =>
    kind === 'model'
      ? modelInfo({ ...call, additionalFields: ['sha'] })
      : datasetInfo({ ...call, additionalFields: ['sha'] }),
  )
  if (typeof sha !== 'string' || !COMMIT.test(sha)) throw misunderstood()
  return sha
}

/**
 * The files of a repository at a commit: those of one folder, or all below it.
 *
 * @param where.folder path in the repository; its top unless told
 * @param where.recursive folders below it too
 * @throws {EngineError} as `resolveCommit`, and when the hub gives a file no size
 */
export async function listHubFiles(
  { kind, repo }: Pick<HubRepo, 'kind' | 'repo'>,
  commit: string,
  options: HubOptions,
  where: { readonly folder?: string; readonly recursive?: boolean } = {},
): Promise<readonly HubFile[]> {
  return understood(async () => {
    const files: HubFile[] = []
    const listing = listFiles({
      repo: { type: kind, name: repo },
      revision: commit,
      recursive: where.recursive === true,
      ...(where.folder === undefined ? {} : { path: where.folder }),
      hubUrl: options.endpoint,
      fetch: fetchWith(options),
    })
    for await (const { type, path, size, oid, lfs } of listing) {
      if (type !== 'file') continue
      const sha256 = lfs?.oid.replace(/^sha256:/, '')
      const hash =
        sha256 === undefined
          ? ({ kind: 'gitSha1', hex: oid ?? '' } as const)
          : ({ kind: 'sha256', hex: sha256 } as const)
      const isHash = hash.kind === 'sha256' ? SHA256.test(hash.hex) : COMMIT.test(hash.hex)
      if (!Number.isSafeInteger(size) || size < 0 || !isHash) throw misunderstood()
      files.push({ name: path, sizeBytes: size, hash })
    }
    return files
  })
}

/** Where the hub serves a file. */
export function fileUrl(
  endpoint: string,
  { kind, repo }: Pick<HubRepo, 'kind' | 'repo'>,
  commit: string,
  path: string,
): string {
  const base = kind === 'model' ? endpoint : `${endpoint}/datasets`
  return `${base}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`
}

/** `hubGet` in the form that the hub's client takes. */
function fetchWith(options: HubOptions): typeof fetch {
  return async (input) => {
    const url = input instanceof Request ? input.url : String(input)
    const { response, body } = await hubGet(url, options, { accept: 'application/json' })
    return new Response(new Uint8Array(body), { status: response.status, headers: response.headers })
  }
}

/** What a call of the hub's client returns; its own errors mean that something else than the hub answered. */
async function understood<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (cause) {
    throw cause instanceof FlemingError ? cause : misunderstood(cause)
  }
}

function misunderstood(cause?: unknown): EngineError {
  return new EngineError('the answer is not that of a Hugging Face hub', {
    cause,
    hint: 'check HF_ENDPOINT, and whether a proxy or a log-in page answers in its place',
  })
}
