import { describe, expect, test } from 'vitest'
import { inheritedBenchmarks } from './contamination-inherited.ts'

function benchmarks(source: string, ...inheritedFrom: string[]): string[] {
  return inheritedBenchmarks({ source, inheritedFrom }).map(({ benchmark }) => benchmark)
}

describe('inherited contamination', () => {
  test('rows of MedReason are flagged by what they were made from', () => {
    expect(benchmarks('medreason', 'MedXpertQA')).toEqual(['medxpertqa'])
    expect(benchmarks('medreason', 'mmlu')).toEqual(['mmlu'])
    expect(benchmarks('medreason', 'pubmedqa')).toEqual(['pubmedqa'])
    expect(benchmarks('medreason', 'LastHLE')).toEqual(['hle'])
    expect(benchmarks('medreason', 'medmcqa')).toEqual([])
    expect(benchmarks('medreason', 'pubmedqa_u')).toEqual([])
  })

  test('a row that does not say is flagged by its whole set', () => {
    expect(benchmarks('medreason').sort()).toEqual(['hle', 'medxpertqa', 'mmlu', 'pubmedqa'])
    expect(benchmarks('UCSC-VLAA/m23k-tokenized')).toEqual(['pubmedqa'])
    expect(inheritedBenchmarks({ source: 'm23k' })[0]?.evidence).toMatch(
      /does not say .* about half of the official test/,
    )
  })

  test('a set made from a contaminated set inherits from it', () => {
    expect(benchmarks('my-mixture', 'MedReason', 'medxpertqa')).toEqual(['medxpertqa'])
    expect(benchmarks('my-mixture', 'MedReason', 'medqa')).toEqual([])
  })

  test.each([
    [['medqa'], []],
    [['medqa/train'], []],
    [['medqa/test'], ['medqa']],
    [['medqa-test'], ['medqa']],
    [['medmcqa:validation'], ['medmcqa']],
    [['medmcqa:train'], []],
    [['cmexam dev'], []],
    [['TIGER-Lab/MMLU-Pro'], ['mmlu-pro']],
    [['qiaojin/PubMedQA/pqa_labeled'], ['pubmedqa']],
    [['TsinghuaC3I/MedXpertQA', 'medxpertqa'], ['medxpertqa']],
    [['latest guidelines'], []],
    [[''], []],
  ])('made from %j is made from the benchmarks %j', (parts, expected) => {
    expect(benchmarks('some-set', ...parts)).toEqual(expected)
  })

  test('further facts can be told', () => {
    const known = [{ set: 'ours', part: 'careqa', benchmark: 'careqa', basis: 'we looked' }]
    expect(inheritedBenchmarks({ source: 'ours' }, known)).toEqual([
      { benchmark: 'careqa', evidence: 'the row of "ours" does not say what it was made from; we looked' },
    ])
  })
})
