import { describe, expect, test } from 'vitest'
import type { WireDatum } from '../wire/messages.ts'
import { chunkData, combineOutputs, datumBytes } from './chunks.ts'

function datum(tokens: number): WireDatum {
  const data = Array.from({ length: tokens }, () => 1)
  return {
    modelInput: [{ type: 'encoded_text', tokens: data }],
    lossInputs: {
      target_tokens: { dtype: 'int64', shape: [tokens], data },
      weights: { dtype: 'float32', shape: [tokens], data },
    },
  }
}

describe('chunks', () => {
  test('a token costs 4 bytes, a target 8, a weight 4', () => {
    expect(datumBytes(datum(3))).toBe(3 * (4 + 8 + 4))
  })

  test('hold at most so many data and bytes; a datum above the limit goes alone', () => {
    const data = [datum(1), datum(1), datum(1), datum(10), datum(1), datum(2)]
    const sizes = (maxData: number, maxBytes: number) =>
      chunkData(data, { maxData, maxBytes }).map((chunk) => chunk.data.length)
    expect(sizes(2, 1e9)).toEqual([2, 2, 2])
    expect(sizes(9, 48)).toEqual([3, 1, 2])
    expect(sizes(9, 1)).toEqual([1, 1, 1, 1, 1, 1])
    expect(chunkData([], { maxData: 2, maxBytes: 1 })).toEqual([])
  })

  test('metrics are merged by their word, weighted by data', () => {
    const part = (count: number, metrics: Record<string, number>) => ({
      outputType: 'ArrayRecord',
      outputs: Array.from({ length: count }, () => ({})),
      metrics,
    })
    const first = {
      'loss:sum': 1,
      'a:mean': 2,
      'b:min': 3,
      'c:max': 4,
      'd:slack': 6,
      'e:unique': 7,
      'f:new': 1,
      'g:sum': 1,
    }
    const second = { 'loss:sum': 10, 'a:mean': 6, 'b:min': 1, 'c:max': 9, 'd:slack': 2, 'e:unique': 8, 'f:new': 1 }
    const { metrics, outputs } = combineOutputs([part(3, first), part(1, second)])
    expect(outputs).toHaveLength(4)
    expect(metrics).toEqual({
      'loss:sum': 11,
      'a:mean': 3,
      'b:min': 1,
      'c:max': 9,
      'd:slack': 6 - 5,
      'e:unique': 7,
      'e:unique_1': 8,
    })
  })
})
