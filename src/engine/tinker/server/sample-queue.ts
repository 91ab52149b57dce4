import { EngineError } from '../../../core/errors.ts'
import { canonicalJson } from '../../../core/json.ts'
import type { Datum, FrozenClient, SampledSequence, SampleRequest, SamplingParams } from '../../types.ts'
import { isUsersFault } from './errors.ts'
import { countTokens } from './ledger.ts'
import type { Lease } from './snapshots.ts'

/** How long the first request waits for others; chosen by us: clients send a batch as single requests. */
const GATHER_MS = 4

export type SampleJob = {
  readonly request: SampleRequest
  readonly params: SamplingParams
  readonly scoresPrompt: boolean
  readonly signal: AbortSignal
}

export type SampleOutcome = {
  readonly sequences: readonly SampledSequence[]
  /** One per prompt token, the first undefined. */
  readonly promptLogprobs?: readonly (number | null)[]
}

type Pending = SampleJob & {
  readonly paramsKey: string
  readonly resolve: (outcome: SampleOutcome) => void
  readonly reject: (error: unknown) => void
}

/** Counts what a batch cost. */
export type UsageSink = (tokens: { scored: number; prefilled: number; sampled: number }) => void

/**
 * Samples from one model. Requests that come while others run are handed to the engine together, as far as their settings
 * are the same: it decodes a batch in little more time than one completion.
 *
 * @param lease gives the model for the time of one batch
 */
export function createSampleQueue(options: {
  readonly lease: () => Promise<Lease>
  readonly maxBatchSamples: number
  /** A prompt that fills the context is scored and gets empty completions. */
  readonly contextLength: number
  readonly count: UsageSink
}): (job: SampleJob) => Promise<SampleOutcome> {
  const pending: Pending[] = []
  let isPumping = false
  async function pump(): Promise<void> {
    if (isPumping) return
    isPumping = true
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS))
    while (pending.length > 0) await runJobs(takeBatch(pending, options.maxBatchSamples), options)
    isPumping = false
  }
  return (job) =>
    new Promise((resolve, reject) => {
      const { signal } = job
      if (signal.aborted) {
        reject(cancelled())
        return
      }
      // A signal may outlive its job, and what listens to it holds the whole prompt.
      const stopListening = (): void => signal.removeEventListener('abort', leave)
      const item: Pending = {
        ...job,
        paramsKey: canonicalJson(job.params),
        resolve(outcome) {
          stopListening()
          resolve(outcome)
        },
        reject(error) {
          stopListening()
          reject(error)
        },
      }
      function leave(): void {
        const at = pending.indexOf(item)
        if (at >= 0) pending.splice(at, 1)
        item.reject(cancelled())
      }
      signal.addEventListener('abort', leave)
      pending.push(item)
      void pump()
    })
}

function cancelled(): EngineError {
  return new EngineError('the request was cancelled', { code: 'E_ABORTED' })
}

/** The first request and those behind it that go with it. */
function takeBatch(pending: Pending[], maxSamples: number): readonly Pending[] {
  const batch: Pending[] = []
  let samples = 0
  for (let at = 0; at < pending.length; ) {
    const item = pending[at]!
    const fits = batch.length === 0 || samples + item.request.numSamples <= maxSamples
    if (!fits || item.paramsKey !== pending[0]!.paramsKey) {
      // The first one stays in place until the end, as the measure of the others.
      at += 1
      continue
    }
    samples += item.request.numSamples
    batch.push(item)
    at += 1
  }
  for (const item of batch) pending.splice(pending.indexOf(item), 1)
  return batch
}

async function runJobs(
  batch: readonly Pending[],
  options: { readonly lease: () => Promise<Lease>; readonly contextLength: number; readonly count: UsageSink },
): Promise<void> {
  try {
    const lease = await options.lease()
    try {
      const outcomes = await sampleTogether(lease.client, batch, options)
      for (const [index, item] of batch.entries()) item.resolve(outcomes[index]!)
    } finally {
      await lease.release()
    }
  } catch (error) {
    // One bad request must not fail its company.
    if (batch.length > 1 && isUsersFault(error)) for (const item of batch) await runJobs([item], options)
    else for (const { reject } of batch) reject(error)
  }
}

async function sampleTogether(
  client: FrozenClient,
  batch: readonly Pending[],
  { contextLength, count }: { readonly contextLength: number; readonly count: UsageSink },
): Promise<readonly SampleOutcome[]> {
  const wanted = new AbortController()
  const stopIfUnwanted = (): void => {
    if (batch.every(({ signal }) => signal.aborted)) wanted.abort()
  }
  for (const { signal } of batch) signal.addEventListener('abort', stopIfUnwanted)
  stopIfUnwanted()
  try {
    const call = { signal: wanted.signal }
    const scored = batch.filter(({ scoresPrompt }) => scoresPrompt)
    const logprobs_D = await scorePrompts(
      client,
      scored.map(({ request }) => request.promptTokens),
      call,
    )
    const requests = batch
      .map(({ request }) => request)
      .filter(({ promptTokens }) => promptTokens.length < contextLength)
    const sequences_RS = requests.length === 0 ? [] : await client.sample(requests, batch[0]!.params, call)
    count({
      scored: countTokens(scored.map(({ request }) => request.promptTokens)),
      prefilled: countTokens(requests.map(({ promptTokens }) => promptTokens)),
      sampled: countTokens(sequences_RS.flat().map(({ tokens }) => tokens)),
    })
    return batch.map((item) => {
      const sequences = sequences_RS[requests.indexOf(item.request)] ?? emptySequences(item.request.numSamples)
      return item.scoresPrompt ? { sequences, promptLogprobs: logprobs_D[scored.indexOf(item)]! } : { sequences }
    })
  } finally {
    for (const { signal } of batch) signal.removeEventListener('abort', stopIfUnwanted)
  }
}

function emptySequences(count: number): readonly SampledSequence[] {
  return Array.from({ length: count }, () => ({ tokens: [], logprobs: [], stopReason: 'length' }))
}

/** @returns log p of each token of each prompt, null for the first, [prompt][token], nats */
async function scorePrompts(
  client: FrozenClient,
  prompts: readonly (readonly number[])[],
  call: { readonly signal: AbortSignal },
): Promise<readonly (readonly (number | null)[])[]> {
  const long = prompts.filter(({ length }) => length > 1)
  const data = long.map((tokens): Datum => {
    const targetTokens = tokens.slice(1)
    return { inputTokens: tokens.slice(0, -1), targetTokens, weights: targetTokens.map(() => 1) }
  })
  const { logprobs_DT } =
    data.length === 0 ? { logprobs_DT: [] } : await client.forward(data, 'cross_entropy', undefined, call)
  return prompts.map((tokens) => [null, ...(logprobs_DT[long.indexOf(tokens)] ?? [])])
}
