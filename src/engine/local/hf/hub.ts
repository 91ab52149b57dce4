import { listFiles, modelInfo } from '@huggingface/hub'
import { ConfigError, EngineError, FlemingError } from '../../../core/errors.ts'
import { type HubOptions, hubGet } from './hub-fetch.ts'

/** A model on the hub, as `hf:owner/name@revision` names it. */
export type HubModel = { readonly repo: string; readonly revision: string }

/** What the hub says of a file; the hash is that of its content, or of the content as a git blob. */
export type HubFile = {
  readonly name: string
  readonly sizeBytes: number
  readonly hash: { readonly kind: 'sha256' | 'gitSha1'; readonly hex: string }
}

const COMMIT = /^[0-9a-f]{40}$/
const SHA256 = /^[0-9a-f]{64}$/
const SPEC = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w./-]*))?$/

/**
 * Owner, name and revision of `hf:owner/name@revision`; the revision is `main` unless told.
 *
 * @throws {ConfigError} when it has another form
 */
export function parseHubSpec(spec: string): HubModel {
  const match = SPEC.exec(spec)
  if (!match?.[1] || spec.includes('..'))
    throw new ConfigError(`"${spec}" does not name a model of the hub`, { hint: 'write hf:owner/name@revision' })
  return { repo: match[1], revision: match[2] ?? 'main' }
}

/** Whether a revision is a commit already, which never changes. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision)
}

/**
 * The commit that a revision means now, 40 hex digits.
 *
 * @throws {EngineError} when there is no such model or revision, or the hub cannot be reached
 */
export async function resolveCommit({ repo, revision }: HubModel, options: HubOptions): Promise<string> {
  if (isCommit(revision)) return revision
  const { sha } = await understood(() =>
    modelInfo({
      name: repo,
      revision,
      additionalFields: ['sha'],
      hubUrl: options.endpoint,
      fetch: fetchWith(options),
    }),
  )
  if (typeof sha !== 'string' || !COMMIT.test(sha)) throw misunderstood()
  return sha
}

/**
 * The files at the top of a model's folder at a commit.
 *
 * @throws {EngineError} as `resolveCommit`, and when the hub gives a file no size
 */
export async function listHubFiles(repo: string, commit: string, options: HubOptions): Promise<readonly HubFile[]> {
  return understood(async () => {
    const files: HubFile[] = []
    const listing = listFiles({ repo, revision: commit, hubUrl: options.endpoint, fetch: fetchWith(options) })
    for await (const { type, path, size, oid, lfs } of listing) {
      if (type !== 'file' || path.includes('/')) continue
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
export function fileUrl(endpoint: string, repo: string, commit: string, name: string): string {
  return `${endpoint}/${repo}/resolve/${commit}/${encodeURIComponent(name)}`
}

/** `hubGet` in the form that the hub's client takes. */
function fetchWith(options: HubOptions): typeof fetch {
  return async (input) => {
    const url = input instanceof Request ? input.url : String(input)
    const { response, chunks } = await hubGet(url, options, { accept: 'application/json' })
    const parts: Uint8Array[] = []
    for await (const chunk of chunks()) parts.push(chunk)
    return new Response(Buffer.concat(parts), { status: response.status, headers: response.headers })
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
