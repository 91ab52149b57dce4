import { FlemingError } from '../../../core/errors.ts'
import type { LossName } from '../../types.ts'
import { API } from '../wire/requests.ts'
import { type ClientConfig, clientConfigResponse } from '../wire/responses.ts'
import { type Connection, connect, openLink } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { chooseDialect, loraBody, type TinkerConfig } from './index.ts'
import { createRemoteModel, type RemoteModel } from './model.ts'
import { measureClipping, measureScaling, type ScalingReport, step } from './probe-scaling.ts'
import { createPacer, openSampler } from './sampler.ts'

export type ProbeCheck = {
  readonly name: string
  /** `differs`: the server works, and not as its kind is known to. */
  readonly state: 'ok' | 'differs' | 'failed'
  readonly detail: string
}

/** What a server is and does. */
export type ProbeReport = {
  readonly server: string
  readonly serverKind: string | undefined
  readonly sdkVersion: string | undefined
  readonly models: readonly string[]
  /** Flags that are not as the official SDK assumes. */
  readonly flags: Readonly<Record<string, string | number | boolean>>
  readonly losses: readonly ScalingReport[]
  readonly checks: readonly ProbeCheck[]
}

const LOSSES: readonly LossName[] = ['cross_entropy', 'importance_sampling', 'ppo', 'cispo']

/** Of a vocabulary that nobody has told, so many tokens are surely there. */
const SURE_TOKENS = 50

/**
 * What a server supports, and how it scales losses: measured on models that are made and unloaded for the purpose, one at a time.
 * A check that fails is part of the report.
 *
 * @throws {ConfigError} when the address or the key cannot be used
 */
export async function probeServer(config: TinkerConfig): Promise<ProbeReport> {
  const checks: ProbeCheck[] = []
  const attempt = createAttempt(checks)
  const link = openLink(config)
  await attempt('healthz', async () => {
    const reply = await link.http.send({ method: 'GET', path: `${API}/healthz`, timeoutMs: link.timing.requestMs })
    if (reply.kind === 'silence') return { state: 'failed', detail: `no answer: ${reply.why}` }
    return { state: reply.status === 200 ? 'ok' : 'differs', detail: `status ${reply.status}` }
  })
  const connection = await attempt('session', async () => {
    const opened = await connect(config)
    return { state: 'ok', detail: `session ${opened.sessionId}`, value: opened }
  })
  const empty = {
    server: link.http.baseUrl,
    serverKind: undefined,
    sdkVersion: undefined,
    models: [],
    flags: {},
    losses: [],
  }
  if (connection === undefined) return { ...empty, checks }
  try {
    return { ...(await probeConnection(connection, config, attempt)), checks }
  } finally {
    await connection.close()
  }
}

type Outcome<Value> = { readonly state: ProbeCheck['state']; readonly detail: string; readonly value?: Value }
type Attempt = <Value>(name: string, work: () => Promise<Outcome<Value>>) => Promise<Value | undefined>

function createAttempt(checks: ProbeCheck[]): Attempt {
  return async (name, work) => {
    try {
      const { state, detail, value } = await work()
      checks.push({ name, state, detail })
      return value
    } catch (error) {
      if (!(error instanceof FlemingError)) throw error
      checks.push({
        name,
        state: 'failed',
        detail: error.hint === undefined ? error.message : `${error.message} (${error.hint})`,
      })
      return undefined
    }
  }
}

async function probeConnection(connection: Connection, config: TinkerConfig, attempt: Attempt) {
  const dialect = await attempt('kind of server', async () => {
    const found = await chooseDialect(connection, config)
    return { state: 'ok', detail: found.kind, value: found }
  })
  const losses: ScalingReport[] = []
  if (dialect !== undefined) {
    const told = connection.capabilities.supported_models.find(({ model_name }) => model_name === config.baseModel)
    const vocabSize = config.vocabSize ?? told?.vocab_size ?? SURE_TOKENS
    const withModel = createWithModel(connection, config)
    for (const loss of LOSSES) {
      const report = await attempt(`scaling of ${loss}`, async () => {
        const value = await withModel((model) => measureScaling(model, loss, vocabSize))
        return { ...judge(value, dialect), value }
      })
      if (report !== undefined) losses.push(report)
    }
    await attempt('grad_clip_norm', async () => {
      const clips = await withModel((model) => measureClipping(model, vocabSize))
      return { state: clips === dialect.clipsGradients ? 'ok' : 'differs', detail: clips ? 'obeyed' : 'ignored' }
    })
    await attempt('sampling', () =>
      withModel(async (model) => {
        await probeSampling(connection, model, dialect, attempt)
        return { state: 'ok', detail: 'a sampler was made and asked' }
      }),
    )
  }
  const { capabilities, flags, http, sdkVersion } = connection
  return {
    server: http.baseUrl,
    serverKind: dialect?.kind,
    sdkVersion,
    models: capabilities.supported_models.flatMap(({ model_name }) => model_name ?? []),
    flags: unusualFlags(flags),
    losses,
  }
}

/** Flags that say what a server can do beyond the usual, and this client makes use of: no reason to look twice. */
const KNOWN_CAPABILITIES: readonly string[] = ['create_model_via_load_weights']

function unusualFlags(flags: ClientConfig): ProbeReport['flags'] {
  const usual = new Map<string, unknown>(Object.entries(clientConfigResponse.parse({})))
  const isUnusual = ([name, value]: readonly [string, unknown]): boolean =>
    usual.get(name) !== value && !KNOWN_CAPABILITIES.includes(name)
  return Object.fromEntries(Object.entries(flags).filter(isUnusual))
}

/**
 * Runs a measurement on a model of its own: a young adapter's gradient changes with every step, and servers may have room for
 * one model only.
 */
function createWithModel(connection: Connection, config: TinkerConfig) {
  return async <Result>(use: (model: RemoteModel) => Promise<Result>): Promise<Result> => {
    const model = await createRemoteModel(connection, { ...config, lora: loraBody(config) })
    try {
      return await use(model)
    } finally {
      await model.unload()
    }
  }
}

function judge({ scaling, pair, doubled, padded }: ScalingReport, dialect: Dialect): Outcome<never> {
  const numbers = `two sequences ${pair.map((x) => x.toFixed(2)).join(' and ')}, doubled weights ${doubled.toFixed(2)}, padding ${padded.toFixed(2)}`
  const isExpected = scaling === dialect.lossScaling || dialect.lossScaling === 'unknown'
  return { state: isExpected ? 'ok' : 'differs', detail: `${scaling} (${numbers})` }
}

async function probeSampling(
  connection: Connection,
  model: RemoteModel,
  dialect: Dialect,
  attempt: Attempt,
): Promise<void> {
  const sampler = await openSampler(connection, createPacer(connection, 1), await model.saveForSampler())
  const promptTokens = [1, 2, 3]
  const greedy = { max_tokens: 1, temperature: 0, top_k: -1, top_p: 1, seed: 1 }
  const first = async (): Promise<number | undefined> => {
    const { sequences } = await sampler.sample({ promptTokens, numSamples: 1, params: greedy })
    return sequences[0]?.logprobs?.[0]
  }
  await attempt('snapshots', async () => {
    const before = await first()
    const tokens = { dtype: 'int64' as const, shape: [3], data: [2, 3, 4] }
    const weights = { dtype: 'float32' as const, shape: [3], data: [1, 1, 1] }
    const datum = {
      modelInput: [{ type: 'encoded_text' as const, tokens: promptTokens }],
      lossInputs: { target_tokens: tokens, weights },
    }
    const pass = { data: [datum], lossFn: 'cross_entropy', lossConfig: {}, forwardOnly: false }
    await (await model.line.enqueue((reserve) => model.submitPass(reserve, pass, {}))).result()
    await step(model, { learningRate: 0.01 })
    const isSame = (await first()) === before
    const detail = isSame ? 'a sampler keeps its weights while training goes on' : 'a sampler follows training'
    return { state: isSame === dialect.hasImmutableSnapshots ? 'ok' : 'differs', detail }
  })
  await attempt('prompt log-probabilities', async () => {
    const params = { ...greedy, temperature: 1 }
    const { promptLogprobs } = await sampler.sample({ promptTokens, numSamples: 1, params, promptLogprobs: true })
    const count = promptLogprobs?.length ?? 0
    const isKnown = count === promptTokens.length || count === promptTokens.length - 1
    return { state: isKnown ? 'ok' : 'differs', detail: `${count} for ${promptTokens.length} prompt tokens` }
  })
}
