/**
 * Finds out how a server makes one gradient of many tokens, from outside.
 *
 * Adam with both betas 0 and an `eps` far above the gradient makes the step lr · g / eps: plain descent, in proportion to the
 * gradient. So the change of a loss after a step on a batch X is, to first order, -h · <g_X, g_A>, and ratios of such changes
 * tell by which factors the server weighs tokens, sequences and batches.
 */
import { EngineError } from '../../../core/errors.ts'
import type { AdamParams, Datum, LossName } from '../../types.ts'
import { lossConfigOf, wireDatum } from './losses.ts'
import type { RemoteModel } from './model.ts'

/** How a batch is weighed: see `Dialect.lossScaling`; `batch-mean` sums within a sequence, `token-mean` divides by all tokens of a batch. */
export type MeasuredScaling = 'sum' | 'sequence-mean' | 'batch-mean' | 'token-mean' | 'other' | 'not measurable'

export type ScalingReport = {
  readonly loss: LossName
  readonly scaling: MeasuredScaling
  /** Factors of two sequences in one batch, against each alone: 1 and 1 for a sum. */
  readonly pair: readonly [number, number]
  /** Factor of doubled weights or advantages: 2 for a sum. */
  readonly doubled: number
  /** Factor of masked tokens behind the trained ones: 1 for a sum. */
  readonly padded: number
}

/** Change of the first loss that a step is made for: small enough to be linear, large enough for float32. */
const TARGET_CHANGE = 0.01
/** Far above any gradient of a model that is not broken. */
const EPS = 1e6
const SHORT = 5
const LONG = 9
const PADDING = 7
const TOLERANCE = 0.2

type Pair = { readonly a: Datum; readonly b: Datum }

/** @param size tokens of the vocabulary that may be used */
function sequences(size: number): { readonly a: Datum; readonly b: Datum; readonly padded: Datum } {
  const tokens = (start: number, length: number): number[] =>
    Array.from({ length }, (_, i) => (start + (i * (i + 1)) / 2) % Math.min(size, 50))
  const datum = (all: readonly number[], trained: number): Datum => {
    const targetTokens = all.slice(1)
    return { inputTokens: all.slice(0, -1), targetTokens, weights: targetTokens.map((_, i) => (i < trained ? 1 : 0)) }
  }
  const short = tokens(1, SHORT + 1)
  return {
    a: datum(short, SHORT),
    b: datum(tokens(2, LONG + 1), LONG),
    padded: datum([...short, ...tokens(3, PADDING)], SHORT),
  }
}

async function run(model: RemoteModel, data: readonly Datum[], loss: LossName, forwardOnly: boolean) {
  const lossConfig = lossConfigOf(loss, loss === 'cispo' ? { clipLowThreshold: 0, clipHighThreshold: 4 } : {})
  const pass = { data: data.map((datum) => wireDatum(datum, loss)), lossFn: loss, lossConfig, forwardOnly }
  const accepted = await model.line.enqueue((reserve) => model.submitPass(reserve, pass, {}))
  const { outputs } = await accepted.result()
  return outputs.map(({ logprobs }) => logprobs?.data ?? [])
}

/** An optimizer step, waited for. */
export async function step(model: RemoteModel, adam: AdamParams): Promise<void> {
  await (await model.line.enqueue((reserve) => model.submitStep(reserve, adam))).result()
}

/** -log p of the trained tokens of each datum. */
async function losses(model: RemoteModel, data: readonly Datum[]): Promise<readonly number[]> {
  const logprobs_DT = await run(model, data, 'cross_entropy', true)
  return data.map((datum, index) =>
    (datum.weights ?? []).reduce((sum, weight, token) => sum - weight * (logprobs_DT[index]![token] ?? Number.NaN), 0),
  )
}

/** The same training signal in a loss's own terms: advantages for weights, at ratio 1. */
async function inTermsOf(model: RemoteModel, loss: LossName, data: readonly Datum[]): Promise<readonly Datum[]> {
  if (loss === 'cross_entropy') return data
  const logprobs_DT = await run(model, data, 'cross_entropy', true)
  return data.map(({ inputTokens, targetTokens, weights = [] }, index) => {
    return { inputTokens, targetTokens, logprobs: logprobs_DT[index] ?? [], advantages: weights }
  })
}

function doubled(datum: Datum): Datum {
  return { ...datum, weights: (datum.weights ?? []).map((weight) => 2 * weight) }
}

/** How much the losses of A and B fall by a step on a batch. */
type Fall = (batch: readonly Datum[], eps?: number, gradClipNorm?: number) => Promise<readonly [number, number]>

function createFall(model: RemoteModel, loss: LossName, { a, b }: Pair, rate: number): Fall {
  return async (batch, eps = EPS, gradClipNorm = 0) => {
    const [beforeA = 0, beforeB = 0] = await losses(model, [a, b])
    await run(model, await inTermsOf(model, loss, batch), loss, false)
    await step(model, { learningRate: rate * EPS, beta1: 0, beta2: 0, eps, weightDecay: 0, gradClipNorm })
    const [afterA = 0, afterB = 0] = await losses(model, [a, b])
    return [beforeA - afterA, beforeB - afterB]
  }
}

/**
 * A rate at which a step on A changes its loss by some one per cent.
 *
 * @throws {EngineError} when no rate does: the server then does not train, or not in proportion to the gradient
 */
async function findRate(model: RemoteModel, loss: LossName, pair: Pair): Promise<number> {
  const [start = 0] = await losses(model, [pair.a])
  let rate = 1e-4
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const [fall] = await createFall(model, loss, pair, rate)([pair.a])
    const share = Math.abs(fall) / start
    if (share > TARGET_CHANGE / 3 && share < TARGET_CHANGE * 3) return rate
    rate *= Math.min(100, Math.max(0.01, TARGET_CHANGE / Math.max(share, 1e-9)))
  }
  throw new EngineError(`a step on one sequence does not change its ${loss} loss in proportion to the learning rate`)
}

/**
 * Measures a loss on a model made for the purpose: its weights drift by some per cent, and with them the size of its gradient,
 * above all while an adapter is young. So every measurement stands between two steps on A, and is told in their unit.
 */
export async function measureScaling(model: RemoteModel, loss: LossName, vocabSize: number): Promise<ScalingReport> {
  const { a, b, padded } = sequences(vocabSize)
  const fall = createFall(model, loss, { a, b }, await findRate(model, loss, { a, b }))
  let unit = await fall([a])
  const measure = async (batch: readonly Datum[], eps?: number): Promise<readonly [number, number, number]> => {
    const before = unit
    const [ofA, ofB] = await fall(batch, eps)
    unit = await fall([a])
    const scale = (before[0] + unit[0]) / 2
    // Third: what A does to B, in the same unit.
    return [ofA / scale, ofB / scale, (before[1] + unit[1]) / 2 / scale]
  }
  const [aByB, bByB, bByA] = await measure([b])
  const [aByBoth, bByBoth] = await measure([a, b])
  const [byDoubled] = await measure([doubled(a)])
  const [byPadded] = await measure([padded])
  const [byHalfStep] = await measure([a], 2 * EPS)
  // What A (as 1 and bByA) and B do to both losses gives the two factors in their common batch.
  const determinant = bByB - aByB * bByA
  const pair = [(aByBoth * bByB - aByB * bByBoth) / determinant, (bByBoth - aByBoth * bByA) / determinant] as const
  const report = { loss, pair, doubled: byDoubled, padded: byPadded }
  // A server that ignores eps makes steps of the same size whatever the gradient: nothing can be told from them.
  const scaling = isNear(byHalfStep, 0.5) ? classify(report) : 'not measurable'
  return { ...report, scaling }
}

/** Whether a clip to next to nothing stops a step. */
export async function measureClipping(model: RemoteModel, vocabSize: number): Promise<boolean> {
  const { a, b } = sequences(vocabSize)
  const fall = createFall(model, 'cross_entropy', { a, b }, await findRate(model, 'cross_entropy', { a, b }))
  const [free] = await fall([a])
  const [clipped] = await fall([a], EPS, 1e-6)
  return Math.abs(clipped) < Math.abs(free) / 2
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value / expected - 1) < TOLERANCE
}

/** Names the rule behind the factors. */
export function classify({ pair, doubled: twice, padded }: Omit<ScalingReport, 'scaling' | 'loss'>): MeasuredScaling {
  const arePair = (x: number, y: number): boolean => isNear(pair[0], x) && isNear(pair[1], y)
  const isByLength = isNear(padded, SHORT / (SHORT + PADDING))
  const isByWeight = isNear(twice, 1) && isNear(padded, 1)
  const isSumWithin = isNear(twice, 2) && isNear(padded, 1)
  if (arePair(1, 1) && isSumWithin) return 'sum'
  if (arePair(0.5, 0.5)) return isSumWithin ? 'batch-mean' : isByLength || isByWeight ? 'sequence-mean' : 'other'
  return arePair(SHORT / (SHORT + LONG), LONG / (SHORT + LONG)) ? 'token-mean' : 'other'
}
