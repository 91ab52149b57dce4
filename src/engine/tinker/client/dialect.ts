import { z } from 'zod'
import type { Connection } from './connection.ts'
import type { HttpReply } from './http.ts'
import { jsonOf, type Link } from './submit.ts'

/** Whose habits a server has. */
export type ServerKind = 'tinker' | 'fleming' | 'skyrl-jax' | 'skyrl-train'

/** What servers of a kind do in their own way, as read in their source and measured by `probe.ts`. */
export type Dialect = {
  readonly kind: ServerKind
  /**
   * What the gradient of a batch is. `sum`: over tokens and data. `sequence-mean`: of each datum divided by its tokens, then
   * the mean over the data since the last step. `unknown`: something in between, by micro-batches and ranks.
   */
  readonly lossScaling: 'sum' | 'sequence-mean' | 'unknown'
  /** Whether a sampler keeps the weights it was saved with while training goes on. */
  readonly hasImmutableSnapshots: boolean
  readonly clipsGradients: boolean
  /** Which settings of Adam are obeyed. */
  readonly adam: 'all' | 'learning rate'
  /** Whether a completion ends at the end-of-text token without being told. */
  readonly hasImplicitEos: boolean
  /** How an archive of a sampler is asked for: by `sampler_weights/name` or by its name alone. */
  readonly archiveId: 'kind and name' | 'name'
  /** Whether unnamed samplers stay on the server's disk until they are deleted. */
  readonly keepsEphemeralSaves: boolean
  /** Whether load_weights takes a folder of the server's computer. */
  readonly loadsFolders: boolean
}

const hosted: Dialect = {
  kind: 'tinker',
  lossScaling: 'sum',
  hasImmutableSnapshots: true,
  clipsGradients: true,
  adam: 'all',
  hasImplicitEos: true,
  archiveId: 'kind and name',
  keepsEphemeralSaves: false,
  loadsFolders: false,
}

const skyrl: Dialect = {
  ...hosted,
  kind: 'skyrl-jax',
  lossScaling: 'sequence-mean',
  hasImmutableSnapshots: false,
  clipsGradients: false,
  hasImplicitEos: false,
  archiveId: 'name',
  keepsEphemeralSaves: true,
}

/** All dialects. */
export const dialects: { readonly [Kind in ServerKind]: Dialect } = {
  tinker: hosted,
  fleming: { ...hosted, kind: 'fleming', loadsFolders: true },
  'skyrl-jax': skyrl,
  'skyrl-train': {
    ...skyrl,
    kind: 'skyrl-train',
    lossScaling: 'unknown',
    adam: 'learning rate',
    hasImplicitEos: true,
    keepsEphemeralSaves: false,
  },
}

const rootSchema = z.object({ name: z.string() })

/**
 * Whose server it is, as far as it says before it has a model: SkyRL names itself on its front page, ours on healthz. Everything else is taken for a
 * hosted one.
 */
export async function detectServer(link: Link): Promise<'tinker' | 'fleming' | 'skyrl'> {
  const [health, front] = await Promise.all([ask(link, '/api/v1/healthz'), ask(link, '/')])
  const server = z.object({ server: z.string() }).safeParse(jsonIfAny(health))
  if (server.success && server.data.server.startsWith('fleming')) return 'fleming'
  const root = rootSchema.safeParse(jsonIfAny(front))
  return root.success && root.data.name === 'Tinker API Mock' ? 'skyrl' : 'tinker'
}

function ask({ http, timing }: Link, path: string): Promise<HttpReply> {
  return http.send({ method: 'GET', path, timeoutMs: timing.requestMs })
}

function jsonIfAny(reply: HttpReply): unknown {
  const isJson = reply.kind === 'answer' && reply.status === 200 && reply.bytes[0] === 0x7b
  return isJson ? jsonOf(reply, 'the front page') : undefined
}

/** The facts of a connection and a dialect, for the run's record. */
export function factsOf(connection: Connection, dialect: Dialect, kindIsTold: boolean) {
  return {
    server: connection.http.baseUrl,
    serverKind: dialect.kind,
    serverKindFrom: kindIsTold ? 'configuration' : 'detection',
    sdkVersion: connection.sdkVersion,
    lossScaling: {
      sum: 'sum over tokens and data, as asked for',
      'sequence-mean':
        'per-sequence mean at the server, undone by scaling advantages with length and number of data; one forwardBackward a step',
      unknown: 'decided by the server’s micro-batches and ranks; run `fleming doctor --engine tinker` to measure it',
    }[dialect.lossScaling],
    snapshots: dialect.hasImmutableSnapshots
      ? 'immutable'
      : 'follow training: sampling is finished before every optimizer step',
    gradClipNorm: dialect.clipsGradients ? 'obeyed' : 'ignored by the server',
    adamParams: dialect.adam === 'all' ? 'obeyed' : 'only the learning rate is obeyed',
    endOfText: dialect.hasImplicitEos ? 'implicit' : 'none: completions end at the stops they are given',
    promptLogprobs: 'one per prompt token, the first undefined; servers that leave the first out are corrected',
  }
}
