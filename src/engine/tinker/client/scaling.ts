import { ConfigError, EngineError } from '../../../core/errors.ts'
import type { Datum, ForwardResult, LossName } from '../../types.ts'
import type { ForwardBackwardOutput } from '../wire/messages.ts'
import type { Dialect } from './dialect.ts'
import { lossSum, strengths, wireDatum } from './losses.ts'
import type { RemoteModel } from './model.ts'

/**
 * What cross-entropy does where a server divides each sequence by its weights: `exact` sends it as importance sampling, at the
 * price of one forward pass; `sequence-mean` takes the server's way.
 */
export type CrossEntropy = 'exact' | 'sequence-mean'

export type LossRequest = {
  readonly data: readonly Datum[]
  readonly loss: LossName
  readonly lossConfig: Readonly<Record<string, number>>
  readonly isTraining: boolean
  readonly signal?: AbortSignal | undefined
}

/** A pass that the server has accepted. */
export type ScaledPass = {
  result(): Promise<ForwardResult>
  /** It is known to have failed without a trace: it does not count for its step. */
  withdraw(): void
}

/** Turns losses that are sums over tokens and data into what a server has to be asked for. */
export type Scaler = {
  /**
   * Resolves when the server has accepted the pass; one that it refuses does not count for its step.
   *
   * @throws {ConfigError} when the step has a pass already, and the server would weigh both by their common number of data
   */
  submit(model: RemoteModel, reserve: (count: number) => number, request: LossRequest): Promise<ScaledPass>
  /** A new accumulation begins. To be called when the server has accepted a step, or other weights were loaded. */
  endStep(): void
  /** What becomes of cross-entropy, for the run's record. */
  readonly fact: string
}

/**
 * The scaler of a dialect.
 *
 * A server that takes per-sequence means over D data has the gradient (1/D) Σ_d (1/N_d) Σ_t ∂loss_t: with advantages times
 * N_d · D it is the sum that was asked for (tinker.md §2.6). D counts all data until the next step, so it is known only if they
 * come in one call. Of several calls, the gradient would be off by a factor that differs from step to step, and the moments of
 * Adam would mix differently scaled gradients: so a second one is refused. The chunks that a call is cut into are one call.
 *
 * @param onScored told the tokens of forward passes that the caller did not ask for
 */
export function createScaler(dialect: Dialect, crossEntropy: CrossEntropy, onScored: (tokens: number) => void): Scaler {
  const isMean = dialect.lossScaling === 'sequence-mean'
  let counted: { readonly isOwn: boolean } | undefined
  return {
    endStep: () => {
      counted = undefined
    },
    fact: !isMean
      ? 'as asked for'
      : crossEntropy === 'exact'
        ? 'sent as importance sampling at ratio 1, one forward pass more'
        : 'per-sequence mean of the server',
    async submit(model, reserve, request) {
      const { data, loss, isTraining } = request
      if (!isMean || !isTraining) {
        return { ...(await submitPlain(model, reserve, request, data, loss)), withdraw: () => undefined }
      }
      const mine = { isOwn: loss === 'cross_entropy' && crossEntropy === 'sequence-mean' }
      const before = counted
      // What the server averages in its own way may come in any number of calls: it is not scaled.
      if (before !== undefined && !(before.isOwn && mine.isOwn)) throw severalCallsError()
      const accepted = mine.isOwn
        ? await submitPlain(model, reserve, request, data, loss)
        : await submitScaled(model, reserve, request, onScored)
      counted = mine
      return {
        result: accepted.result,
        withdraw: () => {
          if (counted === mine) counted = before
        },
      }
    },
  }
}

function severalCallsError(): ConfigError {
  return new ConfigError(
    'this server averages over all data of an optimizer step, so a step takes one forwardBackward: a second one would change the weight of the first',
    {
      hint: 'hand all data of a step over in one call, however many: raise the size of the pieces where they are cut; the client cuts what a request cannot hold',
    },
  )
}

/** Sends a pass so that the server's mean of it is its sum; cross-entropy as importance sampling at ratio 1. */
async function submitScaled(
  model: RemoteModel,
  reserve: (count: number) => number,
  request: LossRequest,
  onScored: (tokens: number) => void,
) {
  const { data, loss } = request
  if (loss !== 'cross_entropy') return submitPlain(model, reserve, request, scaleAdvantages(data), loss)
  const scored = await submitPlain(model, reserve, { ...request, isTraining: false }, data, loss)
  const { logprobs_DT } = await scored.result()
  onScored(data.reduce((sum, { inputTokens }) => sum + inputTokens.length, 0))
  const asPolicy = data.map(({ inputTokens, targetTokens, weights }, index): Datum => {
    return { inputTokens, targetTokens, logprobs: logprobs_DT[index] ?? [], advantages: weights ?? [] }
  })
  return submitPlain(model, reserve, request, scaleAdvantages(asPolicy), 'importance_sampling')
}

function scaleAdvantages(data: readonly Datum[]): readonly Datum[] {
  return data.map((datum) => {
    const factor = datum.inputTokens.length * data.length
    return { ...datum, advantages: (datum.advantages ?? []).map((value) => value * factor) }
  })
}

/** @param data what is sent, in place of the request's own data, which the result is about */
async function submitPlain(
  model: RemoteModel,
  reserve: (count: number) => number,
  request: LossRequest,
  data: readonly Datum[],
  loss: LossName,
) {
  const { lossConfig, isTraining, signal } = request
  const pass = { data: data.map((datum) => wireDatum(datum, loss)), lossFn: loss, lossConfig, forwardOnly: !isTraining }
  const accepted = await model.submitPass(reserve, pass, { signal })
  return { result: async () => readOutput(await accepted.result(), request) }
}

/** @throws {EngineError} when a datum has no log-probabilities, or another number of them than tokens */
function readOutput(output: ForwardBackwardOutput, { data, loss, lossConfig, isTraining }: LossRequest): ForwardResult {
  const all_DT = output.outputs.map(({ logprobs }, index) => {
    const length = data[index]!.inputTokens.length
    if (logprobs?.data.length === length) return logprobs.data
    throw new EngineError(`datum ${index} of ${length} tokens came back with ${logprobs?.data.length ?? 'no'} logprobs`)
  })
  // As the embedded engine: a training pass says nothing about positions that it does not train.
  const logprobs_DT = isTraining
    ? all_DT.map((logprobs, index) => {
        const strength = strengths(data[index]!)
        return logprobs.map((logprob, token) => (strength[token] === 0 ? 0 : logprob))
      })
    : all_DT
  // Servers report sums of scaled losses, means, or nothing: the log-probabilities are the one thing they agree on.
  return { lossSum: lossSum(data, loss, lossConfig, logprobs_DT), logprobs_DT }
}
