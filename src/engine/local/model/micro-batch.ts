import type { Datum, LossName } from '../../types.ts'
import type { Feed } from '../session.ts'
import { type BatchShape, lossInputName } from './decoder.ts'
import { losses } from './losses.ts'

/** One datum of a batch and the positions of it that enter the vocabulary head, ascending. */
export type ScoredDatum = { readonly datum: Datum; readonly positions: readonly number[] }

/** Data that run together, padded to the sizes of one graph. */
export type MicroBatch = {
  /** Indices into the list that was planned, one per row of the batch. */
  readonly members: readonly number[]
  readonly shape: BatchShape
}

/** Lengths are rounded up to multiples of this, so that few graphs serve many lengths; chosen by us. */
const LENGTH_STEP = 8
/** The head's rows are rounded up to eighths of the batch, for the same reason. */
const ROW_STEPS = 8

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}

/** 1, 2, 3, 4, 6, 8, 12, 16, 24 …: the smallest such size that is at least `count`; pads by less than a third. */
function batchSizeFor(count: number): number {
  const power = 2 ** Math.ceil(Math.log2(count))
  return power >= 4 && 0.75 * power >= count ? 0.75 * power : power
}

/** The largest such size that is at most `limit`, and at least 1. */
function largestBatchSize(limit: number): number {
  for (let size = Math.floor(limit); size > 1; size--) if (batchSizeFor(size) === size) return size
  return 1
}

/**
 * Groups data into micro-batches of few distinct shapes: longest first, together only with data more than half as long.
 *
 * The plan depends on the lengths and their order alone, so gradients are summed in the same order every time. A datum
 * without scored positions is left out.
 *
 * @param scored_D data with the positions to score
 * @param maxTokens bound of batch·length, padding included; a single longer datum still gets a batch of its own
 * @returns micro-batches in the order to run
 */
export function planMicroBatches(scored_D: readonly ScoredDatum[], maxTokens: number): readonly MicroBatch[] {
  const length = (index: number) => scored_D[index]?.datum.inputTokens.length ?? 0
  const pending = [...scored_D.keys()]
    .filter((index) => scored_D[index]!.positions.length > 0)
    .sort((a, b) => length(b) - length(a) || a - b)
  const plan: MicroBatch[] = []
  while (pending.length > 0) {
    const longest = length(pending[0]!)
    const padded = roundUp(longest, LENGTH_STEP)
    const tooShort = pending.findIndex((index) => 2 * length(index) <= longest)
    const available = tooShort === -1 ? pending.length : tooShort
    const members = pending.splice(0, Math.min(available, largestBatchSize(maxTokens / padded)))
    const batch = batchSizeFor(members.length)
    const scored = members.reduce((total, index) => total + scored_D[index]!.positions.length, 0)
    const rows = Math.ceil((batch * padded * Math.ceil((scored * ROW_STEPS) / (batch * padded))) / ROW_STEPS)
    plan.push({ members, shape: { batch, length: padded, rows } })
  }
  return plan
}

/**
 * The graph inputs of a micro-batch, padding included: spare rows score position 0 with weight or advantage 0.
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
