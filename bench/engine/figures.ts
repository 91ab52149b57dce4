import { type BenchCase, generation, models } from './cases.ts'
import {
  countedGenerationFlops,
  countedTrainingFlops,
  nominalGenerationFlops,
  nominalTrainingFlops,
  type ProductName,
  productFlops,
  products,
} from './flops.ts'
import type { GenerationRepetition, Measurement, RefillingRepetition, TrainingRepetition } from './measurement.ts'

/** The middle value, or the mean of the two middle ones. @returns NaN for no values */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Work per time, in units of 10⁹ operations a second. */
export function gflopsOf(flops: number, ms: number): number {
  return flops / ms / 1e6
}

/** Less than this share of a core is a quiet computer; chosen by us. */
const QUIET_CORES = 0.1

/** Q when other processes used less than 0.1 core, C when they used more, null when nobody knows. */
export function markOf(othersCores: number | null): 'Q' | 'C' | null {
  if (othersCores === null) return null
  return othersCores < QUIET_CORES ? 'Q' : 'C'
}

/** Median and best speed of one plain product. */
export type ProductFigures = {
  readonly name: ProductName
  readonly medianMs: number
  readonly minMs: number
  readonly gflops: number
  readonly bestGflops: number
}

/** How fast the plain products were. */
export function productFigures(productMs: Measurement['productMs']): {
  readonly [Name in ProductName]: ProductFigures
} {
  const describe = (name: ProductName): ProductFigures => {
    const flops = productFlops(products[name])
    const medianMs = median(productMs[name])
    const minMs = Math.min(...productMs[name])
    return { name, medianMs, minMs, gflops: gflopsOf(flops, medianMs), bestGflops: gflopsOf(flops, minMs) }
  }
  return { tall: describe('tall'), square: describe('square') }
}

/** The yardstick: the median speed of the faster of the two products, GFLOP/s, so that no share is flattered. */
export function yardstickGflops(productMs: Measurement['productMs']): number {
  const { tall, square } = productFigures(productMs)
  return Math.max(tall.gflops, square.gflops)
}

/** Shares lie in [0, 1] but for the counts: the nominal one can claim more or less work than is done. */
export type Efficiency = {
  /** By the customary count of 6 (training) or 2 (generation) operations per weight and token. */
  readonly gflops: number
  readonly share: number
  /** By the matrix products really made. */
  readonly countedGflops: number
  readonly countedShare: number
}

function efficiency(nominal: number, counted: number, ms: number, yardstick: number): Efficiency {
  const [gflops, countedGflops] = [gflopsOf(nominal, ms), gflopsOf(counted, ms)]
  return { gflops, share: gflops / yardstick, countedGflops, countedShare: countedGflops / yardstick }
}

export type TrainingFigures = Efficiency & {
  readonly stepMs: number
  readonly minStepMs: number
  readonly forwardBackwardMs: number
  readonly optimizerMs: number
  readonly tokensPerSecond: number
  readonly firstLoss: number
  readonly lastLoss: number
}

/** Medians over the steps of a training case. */
export function trainingFigures(
  { model, headRows }: Extract<BenchCase, { kind: 'training' }>,
  repetitions: readonly TrainingRepetition[],
  yardstick: number,
): TrainingFigures {
  const { decoder, sequences, length } = models[model]
  const tokens = sequences * length
  const rows = headRows === 'all' ? tokens : tokens / 2
  const stepsMs = repetitions.map(({ forwardBackwardMs, optimizerMs }) => forwardBackwardMs + optimizerMs)
  const stepMs = median(stepsMs)
  const nominal = nominalTrainingFlops(decoder, tokens)
  const counted = countedTrainingFlops(decoder, { sequences, length, rows })
  return {
    stepMs,
    minStepMs: Math.min(...stepsMs),
    forwardBackwardMs: median(repetitions.map(({ forwardBackwardMs }) => forwardBackwardMs)),
    optimizerMs: median(repetitions.map(({ optimizerMs }) => optimizerMs)),
    tokensPerSecond: (1000 * tokens) / stepMs,
    firstLoss: repetitions[0]?.loss ?? Number.NaN,
    lastLoss: repetitions.at(-1)?.loss ?? Number.NaN,
    ...efficiency(nominal, counted, stepMs, yardstick),
  }
}

export type GenerationFigures = Efficiency & {
  /** One decoding step of the whole batch, drawing included. */
  readonly stepMs: number
  readonly minStepMs: number
  /** Prefill and the draw of the first token. */
  readonly prefillMs: number
  /** Of decoding alone. */
  readonly tokensPerSecond: number
  /** New tokens over the time of the whole call, prefill included. */
  readonly callTokensPerSecond: number
}

/**
 * Medians over the batches of a generation case. Decoding is what a call takes beyond one with a single new token.
 */
export function generationFigures(
  { model, rows }: Extract<BenchCase, { kind: 'generation' }>,
  repetitions: readonly GenerationRepetition[],
  yardstick: number,
): GenerationFigures {
  const { decoder } = models[model]
  // The last token drawn is never fed back, so there is one step less than new tokens.
  const steps = generation.newTokens - 1
  const lengths = Array.from({ length: steps }, (_, step) => generation.promptTokens + 1 + step)
  const stepsMs = repetitions.map(({ callMs, firstTokenMs }) => (callMs - firstTokenMs) / steps)
  const stepMs = median(stepsMs)
  const nominal = nominalGenerationFlops(decoder, rows * steps)
  const counted = countedGenerationFlops(decoder, rows, lengths)
  return {
    stepMs,
    minStepMs: Math.min(...stepsMs),
    prefillMs: median(repetitions.map(({ firstTokenMs }) => firstTokenMs)),
    tokensPerSecond: (1000 * rows) / stepMs,
    callTokensPerSecond: (1000 * rows * generation.newTokens) / median(repetitions.map(({ callMs }) => callMs)),
    ...efficiency(nominal, counted, stepMs * steps, yardstick),
  }
}

export type RefillingFigures = {
  readonly callMs: number
  /** Over the time of the whole call, prompts included. */
  readonly tokensPerSecond: number
  readonly meanLength: number
  readonly steps: number
  /** Steps of batches of as many rows that each go on until their longest completion has ended. */
  readonly batchSteps: number
  /** Steps in which no row would ever be free. */
  readonly leastSteps: number
  /** Rows fed in a step, on average. */
  readonly meanRows: number
  /** By the customary count of 2 operations per weight and new token. */
  readonly gflops: number
  readonly share: number
}

/** Medians over the calls of a refilling case; tokens and steps are the same in all of them. */
export function refillingFigures(
  { model, sequences, maxBatch }: Extract<BenchCase, { kind: 'refilling' }>,
  repetitions: readonly RefillingRepetition[],
  yardstick: number,
): RefillingFigures {
  const medianOf = (name: keyof RefillingRepetition) => median(repetitions.map((repetition) => repetition[name]))
  const [tokens, steps, callMs] = [medianOf('tokens'), medianOf('steps'), medianOf('callMs')]
  // The first token of a sequence comes from its prompt.
  const fed = tokens - sequences
  const gflops = gflopsOf(nominalGenerationFlops(models[model].decoder, tokens), callMs)
  return {
    callMs,
    tokensPerSecond: (1000 * tokens) / callMs,
    meanLength: tokens / sequences,
    steps,
    batchSteps: medianOf('batchSteps'),
    leastSteps: Math.ceil(fed / maxBatch),
    meanRows: fed / steps,
    gflops,
    share: gflops / yardstick,
  }
}
