import type { DecoderConfig } from '../../types.ts'
import type { Feeds } from '../session.ts'
import type { BatchShape } from './decoder.ts'
import { createRopeTables } from './rope.ts'

/** Added to a score that must not count. Finite, so that a row without any allowed key stays finite. */
const MASKED = -1e9

/**
 * The inputs of a training or forward graph that follow from the batch's sizes alone: the position of every token, the
 * causal bias, and the angles of the positions that occur.
 */
export function createBatchInputs(config: DecoderConfig): (shape: Omit<BatchShape, 'rows'>) => Feeds {
  const { numHeads, numKeyValueHeads } = config
  const tables = createRopeTables(config)
  let last: { readonly batch: number; readonly length: number; readonly feeds: Feeds } | undefined
  return ({ batch, length }) => {
    if (last?.batch === batch && last.length === length) return last.feeds
    const positions = BigInt64Array.from({ length: batch * length }, (_, token) => BigInt(token % length))
    const { cos, sin, shape } = tables(length)
    const angles = (table: Float32Array) =>
      ({ dtype: 'float32', shape: [length, shape[1]], data: table.subarray(0, length * shape[1]) }) as const
    const feeds: Feeds = {
      positions: { dtype: 'int64', shape: [batch * length, 1], data: positions },
      causal: causalBias(numHeads / numKeyValueHeads, length),
      cos: angles(cos),
      sin: angles(sin),
    }
    last = { batch, length, feeds }
    return feeds
  }
}

/** 0 where a query may look, else -1e9, [1, 1, group·T, T]; row r stands for position r mod T. */
function causalBias(group: number, length: number): Feeds[string] {
  const data = new Float32Array(group * length * length)
  for (let row = 0; row < group * length; row++)
    data.fill(MASKED, row * length + (row % length) + 1, (row + 1) * length)
  return { dtype: 'float32', shape: [1, 1, group * length, length], data }
}
