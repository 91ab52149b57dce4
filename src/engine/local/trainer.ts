import { ConfigError, NumericalError } from '../../core/errors.ts'
import type { Datum, DecoderConfig, ForwardResult, LossConfig, LossName } from '../types.ts'
import { buildForwardGraph, buildTrainingGraph, gradientName } from './model/decoder.ts'
import { referenceLoss } from './model/loss-reference.ts'
import { type RatioBounds, resolveBounds } from './model/losses.ts'
import { type MicroBatch, packMicroBatch, planMicroBatches, type ScoredDatum } from './model/micro-batch.ts'
import type { ParameterSet } from './model/parameters.ts'
import { checkData } from './model/validate.ts'
import { createSessionPool, type Feeds, type FetchedTensor } from './session.ts'

/**
 * Static shapes make many graphs of one model: enough stay open for the shapes of a training step, and unless told none
 * of them keeps its memory. Chosen by us.
 */
const OPEN_SESSIONS = 32

export type TrainerOptions = {
  readonly threads: number
  /** Bound of sequences·length in one run, padding included. */
  readonly maxTokensPerMicroBatch: number
  /**
   * Whether each graph keeps its memory between runs; false unless told. Faster (docs/benchmarks.md says by how much),
   * but up to 32 shapes then hold memory of their own: for data of one length.
   */
  readonly keepsMemory?: boolean | undefined
}

/** Losses and gradients of a decoder whose weights somebody else updates. Calls must not overlap. */
export type Trainer = {
  /** Sum of the gradients since the last `clearGradients`, laid out like `parameters.flat`. */
  readonly gradients: Float32Array
  /**
   * Adds the gradient of the summed loss, all of it or, when it throws, nothing.
   *
   * Only positions with a weight or advantage other than 0 enter the vocabulary head; the log-probabilities of the
   * other positions are reported as 0.
   *
   * @throws {ConfigError | DataError | ShapeError | EngineError | NumericalError}
   */
  forwardBackward(data: readonly Datum[], loss: LossName, config?: LossConfig): Promise<ForwardResult>
  /**
   * The forward pass alone, with the log-probability of every position.
   *
   * @throws {ConfigError | DataError | ShapeError | EngineError | NumericalError}
   */
  forward(data: readonly Datum[], loss: LossName, config?: LossConfig): Promise<ForwardResult>
  clearGradients(): void
  /** Releases the sessions and their memory. */
  close(): Promise<void>
}

function trainedPositions(datum: Datum, loss: LossName): readonly number[] {
  const scale = (loss === 'cross_entropy' ? datum.weights : datum.advantages) ?? []
  return scale.flatMap((value, position) => (value === 0 ? [] : [position]))
}

/** Writes a run's log-probabilities to the data they belong to. */
function distributeLogprobs(
  scored_D: readonly ScoredDatum[],
  { members }: MicroBatch,
  logprobs: Float32Array,
  logprobs_DT: readonly number[][],
): void {
  let row = 0
  for (const member of members) {
    for (const position of scored_D[member]!.positions) {
      const logprob = logprobs[row++]!
      if (!Number.isFinite(logprob)) {
        throw new NumericalError(`datum ${member}: the log-probability of targetTokens[${position}] is ${logprob}`, {
          tensor: 'logprobs',
          hint: 'the weights have diverged: go back to the last checkpoint and lower the learning rate',
        })
      }
      logprobs_DT[member]![position] = logprob
    }
  }
}

function sumLoss(
  data: readonly Datum[],
  loss: LossName,
  bounds: RatioBounds,
  logprobs_DT: readonly (readonly number[])[],
): number {
  const lossSum = data.reduce(
    (total, datum, index) => total + referenceLoss(loss, bounds, logprobs_DT[index]!, datum).lossSum,
    0,
  )
  if (!Number.isFinite(lossSum)) throw new NumericalError(`the summed ${loss} is ${lossSum}`, { tensor: 'loss' })
  return lossSum
}

/**
 * A trainer over the given weights, which it reads where they lie: update them in place between calls.
 *
 * Data are sorted into micro-batches of few shapes and their gradients summed in a fixed order. The loss is computed in
 * float64 from the log-probabilities, datum by datum, so how the data were split does not enter it.
 *
 * @param config shape of the decoder
 * @param parameters weights; their layout is that of `gradients`
 * @throws {ConfigError} when the decoder or an option cannot work
 */
export function createTrainer(config: DecoderConfig, parameters: ParameterSet, options: TrainerOptions): Trainer {
  const { threads, maxTokensPerMicroBatch, keepsMemory = false } = options
  if (!Number.isInteger(threads) || threads < 1)
    throw new ConfigError(`threads must be a positive integer, found ${threads}`)
  if (!(maxTokensPerMicroBatch >= 1))
    throw new ConfigError(`maxTokensPerMicroBatch must be positive, found ${maxTokensPerMicroBatch}`)
  const pool = createSessionPool({ threads, capacity: OPEN_SESSIONS, keepsMemory })
  const gradients = new Float32Array(parameters.flat.length)
  const weights: Feeds = Object.fromEntries(
    parameters.specs.map(({ name, shape }) => [name, { dtype: 'float32', shape, data: parameters.view(name) }]),
  )

  function addGradients(into: Float32Array, results: ReadonlyMap<string, FetchedTensor>): void {
    for (const { name, offset, size } of parameters.specs) {
      const gradient = results.get(gradientName(name))!.data
      for (let index = 0; index < size; index++) into[offset + index]! += gradient[index]!
    }
  }

  /** Runs all micro-batches: forward alone, or also backward, adding to the gradients given. */
  async function run(
    scored_D: readonly ScoredDatum[],
    training?: { readonly loss: LossName; readonly bounds: RatioBounds; readonly into: Float32Array },
  ): Promise<readonly (readonly number[])[]> {
    const logprobs_DT = scored_D.map(({ datum }) => new Array<number>(datum.inputTokens.length).fill(0))
    const fetches = ['logprobs', ...(training ? parameters.specs.map(({ name }) => gradientName(name)) : [])]
    const variant = training ? `${training.loss}(${training.bounds.low}, ${training.bounds.high})` : 'forward'
    for (const microBatch of planMicroBatches(scored_D, maxTokensPerMicroBatch)) {
      const { shape } = microBatch
      const results = await pool.run(
        `${variant} of ${shape.batch}x${shape.length}, ${shape.rows} rows`,
        () =>
          training
            ? buildTrainingGraph(config, shape, training.loss, training.bounds)
            : buildForwardGraph(config, shape),
        { ...weights, ...packMicroBatch(scored_D, microBatch, training?.loss) },
        fetches,
      )
      distributeLogprobs(scored_D, microBatch, results.get('logprobs')!.data, logprobs_DT)
      if (training) addGradients(training.into, results)
    }
    return logprobs_DT
  }

  return {
    gradients,
    async forwardBackward(data, loss, lossConfig) {
      const bounds = resolveBounds(loss, lossConfig)
      checkData(data, loss, config)
      const scored_D = data.map((datum) => ({ datum, positions: trainedPositions(datum, loss) }))
      const fresh = new Float32Array(gradients.length)
      const logprobs_DT = await run(scored_D, { loss, bounds, into: fresh })
      const lossSum = sumLoss(data, loss, bounds, logprobs_DT)
      for (let index = 0; index < gradients.length; index++) gradients[index]! += fresh[index]!
      return { lossSum, logprobs_DT }
    },
    async forward(data, loss, lossConfig) {
      const bounds = resolveBounds(loss, lossConfig)
      checkData(data, loss, config)
      const scored_D = data.map((datum) => ({ datum, positions: [...datum.inputTokens.keys()] }))
      const logprobs_DT = await run(scored_D)
      return { lossSum: sumLoss(data, loss, bounds, logprobs_DT), logprobs_DT }
    },
    clearGradients: () => {
      gradients.fill(0)
    },
    close: () => pool.close(),
  }
}
