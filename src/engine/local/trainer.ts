import { ConfigError, NumericalError } from '../../core/errors.ts'
import type { CallOptions, Datum, ForwardResult, LossConfig, LossName } from '../types.ts'
import { createBatchInputs } from './model/batch-inputs.ts'
import { type BatchShape, buildForwardGraph, buildTrainingGraph, gradientName } from './model/decoder.ts'
import { referenceLoss } from './model/loss-reference.ts'
import { type RatioBounds, resolveBounds } from './model/losses.ts'
import { estimateRun, type MemoryEstimate } from './model/memory.ts'
import { type MicroBatch, packMicroBatch, planMicroBatches, type ScoredDatum } from './model/micro-batch.ts'
import { type Model, shapeKey, shapeOf, trainedParameters, weightFeeds } from './model/model.ts'
import { checkData } from './model/validate.ts'
import type { Graph } from './onnx/graph.ts'
import { pause } from './queue.ts'
import { makeRoom } from './room.ts'
import { createSessionPool, type FetchedTensor, type SessionPool } from './session.ts'

/** A session for each loss and one for the forward pass; chosen by us. */
const OPEN_SESSIONS = 5

export type TrainerOptions = {
  readonly threads: number
  /** Bound of sequences·length in one run, padding included. */
  readonly maxTokensPerMicroBatch: number
  /** Whether a loss keeps between runs the memory of its largest one; true unless told (docs/benchmarks.md, Memory or time). */
  readonly keepsMemory?: boolean | undefined
  /** Sessions shared with other models, of any shape; its owner closes them. Own ones unless told. */
  readonly pool?: SessionPool | undefined
  /** Bytes that a run may take; what the computer has free unless told. */
  readonly availableBytes?: (() => number) | undefined
}

/** Losses and gradients of a model whose weights somebody else updates. Calls must not overlap. */
export type Trainer = {
  /** Sum of the gradients since the last `clearGradients`, laid out like `trainedParameters(model).flat`. */
  readonly gradients: Float32Array
  /**
   * Adds the gradient of the summed loss, all of it or, when it throws, nothing.
   *
   * Only positions with a weight or advantage other than 0 enter the vocabulary head; the log-probabilities of the
   * other positions are reported as 0.
   *
   * @param options its signal is looked at before each micro-batch, the event loop gets a turn in between
   * @throws {ConfigError | DataError | ShapeError | EngineError | NumericalError} an EngineError of code E_ABORTED when
   *   the signal ended the call, of code E_MEMORY when a micro-batch would not fit
   */
  forwardBackward(
    data: readonly Datum[],
    loss: LossName,
    config?: LossConfig,
    options?: CallOptions,
  ): Promise<ForwardResult>
  /**
   * The forward pass alone, with the log-probability of every position.
   *
   * @throws {ConfigError | DataError | ShapeError | EngineError | NumericalError} as `forwardBackward`
   */
  forward(data: readonly Datum[], loss: LossName, config?: LossConfig, options?: CallOptions): Promise<ForwardResult>
  clearGradients(): void
  /** Releases its own sessions and their memory. */
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

function checkOptions({ threads, maxTokensPerMicroBatch }: TrainerOptions): void {
  if (!Number.isInteger(threads) || threads < 1)
    throw new ConfigError(`threads must be a positive integer, found ${threads}`)
  if (!(maxTokensPerMicroBatch >= 1))
    throw new ConfigError(`maxTokensPerMicroBatch must be positive, found ${maxTokensPerMicroBatch}`)
}

function addInto(sum: Float32Array, part: Float32Array): void {
  for (let index = 0; index < part.length; index++) sum[index]! += part[index]!
}

type Training = { readonly loss: LossName; readonly bounds: RatioBounds }

/** One gradient per trained tensor, in the order of the specs. */
type Gradients = readonly Float32Array[]

/** Runs data, one micro-batch after the other. */
type Runner = (
  scored_D: readonly ScoredDatum[],
  training: Training | undefined,
  signal: AbortSignal | undefined,
) => Promise<{ readonly logprobs_DT: readonly (readonly number[])[]; readonly sum: Gradients | undefined }>

function createRunner(model: Model, options: TrainerOptions, pool: SessionPool): Runner {
  const { maxTokensPerMicroBatch, availableBytes } = options
  const shape = shapeOf(model)
  const key = shapeKey(shape)
  const weights = weightFeeds(model)
  const gradientNames = trainedParameters(model).specs.map(({ name }) => gradientName(name))

  const batchInputs = createBatchInputs(model.config)
  // The bounds of a ratio move neither sizes nor order, so one graph of each loss will do to foretell its memory.
  const graphs = new Map<LossName | 'forward', Graph>()

  function build(training: Training | undefined): Graph {
    return training ? buildTrainingGraph(shape, training.loss, training.bounds) : buildForwardGraph(shape)
  }

  function estimate(sizes: BatchShape, training: Training | undefined): MemoryEstimate {
    const name = training?.loss ?? 'forward'
    const graph = graphs.get(name) ?? build(training)
    graphs.set(name, graph)
    const subject = `${training ? 'training on' : 'scoring'} ${sizes.batch} sequences of ${sizes.length} tokens`
    return estimateRun(graph, subject, sizes)
  }

  async function runOne(
    scored_D: readonly ScoredDatum[],
    microBatch: MicroBatch,
    training: Training | undefined,
  ): Promise<ReadonlyMap<string, FetchedTensor>> {
    const { batch, length } = microBatch.shape
    const session = `${key} ${training ? `${training.loss}(${training.bounds.low}, ${training.bounds.high})` : 'forward'}`
    const need = estimate(microBatch.shape, training)
    await makeRoom({ pool, availableBytes }, session, need, [
      batch > 1 ? `set maxTokensPerMicroBatch below ${batch * length}` : 'shorten the data',
      ...(training && !shape.lora ? ['train an adapter (lora)'] : []),
    ])
    return pool.run(
      session,
      () => build(training),
      { ...weights, ...batchInputs(microBatch.shape), ...packMicroBatch(scored_D, microBatch, training?.loss) },
      ['logprobs', ...(training ? gradientNames : [])],
      need.totalBytes,
    )
  }

  // Forward alone, or also backward, with the sum of the gradients if there are any.
  return async (scored_D, training, signal) => {
    const logprobs_DT = scored_D.map(({ datum }) => new Array<number>(datum.inputTokens.length).fill(0))
    let sum: Gradients | undefined
    for (const microBatch of planMicroBatches(scored_D, maxTokensPerMicroBatch)) {
      await pause(signal)
      const results = await runOne(scored_D, microBatch, training)
      distributeLogprobs(scored_D, microBatch, results.get('logprobs')!.data, logprobs_DT)
      if (!training) continue
      const parts = gradientNames.map((name) => results.get(name)!.data)
      sum?.forEach((total, index) => {
        addInto(total, parts[index]!)
      })
      // What a run returned belongs to us: the first one becomes the sum.
      sum ??= parts
    }
    return { logprobs_DT, sum }
  }
}

/**
 * A trainer over the given weights, which it reads where they lie: update them in place between calls.
 *
 * Data are sorted into micro-batches and their gradients summed in a fixed order. The loss is computed in
 * float64 from the log-probabilities, datum by datum, so how the data were split does not enter it.
 *
 * @param model weights; with an adapter the base is only read, and its gradients are never computed
 * @throws {ConfigError} when the decoder or an option cannot work
 */
export function createTrainer(model: Model, options: TrainerOptions): Trainer {
  checkOptions(options)
  const { threads, keepsMemory = true } = options
  const pool = options.pool ?? createSessionPool({ threads, capacity: OPEN_SESSIONS, keepsMemory })
  const run = createRunner(model, options, pool)
  const { specs, flat } = trainedParameters(model)
  let gradients: Float32Array | undefined
  // Allocated when first wanted: a model that is only read has none.
  const accumulated = (): Float32Array => {
    gradients ??= new Float32Array(flat.length)
    return gradients
  }
  return {
    get gradients() {
      return accumulated()
    },
    async forwardBackward(data, loss, lossConfig, { signal } = {}) {
      const bounds = resolveBounds(loss, lossConfig)
      checkData(data, loss, model.config)
      const scored_D = data.map((datum) => ({ datum, positions: trainedPositions(datum, loss) }))
      const { logprobs_DT, sum } = await run(scored_D, { loss, bounds }, signal)
      const lossSum = sumLoss(data, loss, bounds, logprobs_DT)
      sum?.forEach((part, index) => {
        const { offset, size } = specs[index]!
        addInto(accumulated().subarray(offset, offset + size), part)
      })
      return { lossSum, logprobs_DT }
    },
    async forward(data, loss, lossConfig, { signal } = {}) {
      const bounds = resolveBounds(loss, lossConfig)
      checkData(data, loss, model.config)
      const scored_D = data.map((datum) => ({ datum, positions: [...datum.inputTokens.keys()] }))
      const { logprobs_DT } = await run(scored_D, undefined, signal)
      return { lossSum: sumLoss(data, loss, bounds, logprobs_DT), logprobs_DT }
    },
    clearGradients: () => {
      gradients?.fill(0)
    },
    close: async () => {
      if (!options.pool) await pool.close()
    },
  }
}
