import type { Datum, LossName } from '../../types.ts'
import type { Feed } from '../session.ts'
import { type BatchShape, lossInputName } from './decoder.ts'
import { losses } from './losses.ts'

/** One datum of a batch and the positions of it that enter the vocabulary head, ascending. */
export type ScoredDatum = { readonly datum: Datum; readonly positions: readonly number[] }

/** Data that run together, padded on the right to one length. */
export type MicroBatch = {
  /** Indices into the list that was planned, one per row of the batch. */
  readonly members: readonly number[]
  readonly shape: BatchShape
}

/** Lengths are rounded up to multiples of this: whole vectors for the kernels. Chosen by us. */
const LENGTH_STEP = 8
/**
 * What a run costs besides its tokens, in tokens: gradients are zeroed, copied out and added up. Measured: 150 for the
 * default student, 130 and 70 for the bench's models a and b.
 */
const RUN_TOKENS = 128

/**
 * Groups data of similar length into micro-batches so that padding and the number of runs together cost least: the
 * optimum, by dynamic programming over the data sorted longest first.
 *
 * The plan depends on the lengths and their order alone, so gradients are summed in the same order every time. A datum
 * without scored positions is left out.
 *
 * @param scored_D data with the positions to score
 * @param maxTokens bound of batch·length, padding included; a single longer datum still gets a batch of its own
 * @returns micro-batches in the order to run
 */
export function planMicroBatches(scored_D: readonly ScoredDatum[], maxTokens: number): readonly MicroBatch[] {
  const length = (index: number) => scored_D[index]!.datum.inputTokens.length
  const sorted = [...scored_D.keys()]
    .filter((index) => scored_D[index]!.positions.length > 0)
    .sort((a, b) => length(b) - length(a) || a - b)
  const padded = sorted.map((index) => LENGTH_STEP * Math.ceil(length(index) / LENGTH_STEP))
  const plan: MicroBatch[] = []
  const sizes = cheapestSizes(padded, maxTokens)
  for (let first = 0; first < sorted.length; first += sizes[first]!) {
    const members = sorted.slice(first, first + sizes[first]!)
    const rows = members.reduce((total, index) => total + scored_D[index]!.positions.length, 0)
    plan.push({ members, shape: { batch: members.length, length: padded[first]!, rows } })
  }
  return plan
}

/**
 * How many data to run together from each one on, if the plan gets that far.
 *
 * @param lengths padded, descending
 */
function cheapestSizes(lengths: readonly number[], maxTokens: number): readonly number[] {
  const sizes = new Array<number>(lengths.length).fill(1)
  const costs = new Array<number>(lengths.length + 1).fill(0)
  for (let first = lengths.length - 1; first >= 0; first--) {
    const length = lengths[first]!
    let lowest = Number.POSITIVE_INFINITY
    for (let size = 1; first + size <= lengths.length && (size === 1 || size * length <= maxTokens); size++) {
      const cost = RUN_TOKENS + size * length + costs[first + size]!
      // Of plans that cost the same, the one with the larger batch.
      if (cost > lowest) continue
      lowest = cost
      sizes[first] = size
    }
    costs[first] = lowest
  }
  return sizes
}

/**
 * The graph inputs of a micro-batch, padding included. A shape may have room for more data and rows than there are: spare
 * rows score position 0 with weight or advantage 0.
 *
 * @param loss reads its arrays from the data; absent for the forward pass alone
 */
export function packMicroBatch(
  scored_D: readonly ScoredDatum[],
  { members, shape }: MicroBatch,
  loss: LossName | undefined,
): { readonly [name: string]: Feed } {
  const { batch, length, rows } = shape
  const inputTokens = new BigInt64Array(batch * length)
  const rowIndices = new BigInt64Array(rows)
  const targetTokens = new BigInt64Array(rows)
  const lossInputs = (loss ? losses[loss].inputs : []).map((name) => ({ name, data: new Float32Array(rows) }))
  let row = 0
  members.forEach((member, item) => {
    const { datum, positions } = scored_D[member]!
    datum.inputTokens.forEach((token, position) => {
      inputTokens[item * length + position] = BigInt(token)
    })
    for (const position of positions) {
      rowIndices[row] = BigInt(item * length + position)
      targetTokens[row] = BigInt(datum.targetTokens[position]!)
      for (const { name, data } of lossInputs) data[row] = datum[name]?.[position] ?? 0
      row++
    }
  })
  return {
    inputTokens: { dtype: 'int64', shape: [batch * length], data: inputTokens },
    rows: { dtype: 'int64', shape: [rows], data: rowIndices },
    targetTokens: { dtype: 'int64', shape: [rows], data: targetTokens },
    ...Object.fromEntries(
      lossInputs.map(({ name, data }): [string, Feed] => [
        lossInputName(name),
        { dtype: 'float32', shape: [rows], data },
      ]),
    ),
  }
}
