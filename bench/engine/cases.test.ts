import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/core/errors.ts'
import { nameCase, selectCases } from './cases.ts'
import { findVectorInstructions } from './machine.ts'

describe('selectCases', () => {
  test('everything is the yardstick, eight training steps, six generations and a refilling, under distinct names', () => {
    const cases = selectCases()
    const count = (kind: string) => cases.filter((benchCase) => benchCase.kind === kind).length
    expect(['product', 'training', 'generation', 'refilling'].map(count)).toEqual([1, 8, 6, 1])
    expect(new Set(cases.map(nameCase)).size).toBe(16)
  })

  test('parts keep the order of the report, whatever order they were asked for in', () => {
    const names = selectCases('a, matmul').map(nameCase)
    expect(names).toEqual([
      'plain matrix product',
      'training a, all rows to the head, arena on',
      'training a, half rows to the head, arena on',
      'training a, all rows to the head, arena off',
      'training a, half rows to the head, arena off',
    ])
  })

  test.each(['c', '', 'a,,b'])('"%s" is refused', (only) => {
    expect(() => selectCases(only)).toThrow(ConfigError)
  })
})

test.each([
  ['flags\t\t: fpu sse2 avx2 avx512f avx512_bf16', ['avx2', 'avx512f', 'avx512_bf16']],
  ['processor : 0\nFeatures\t: fp asimd crc32', ['asimd']],
  ['flags : fpu avx', []],
  ['no such line', []],
])('the vector instructions of %j are %j', (text, expected) => {
  expect(findVectorInstructions(text)).toEqual(expected)
})
