import { describe, expect, test } from 'vitest'
import { renderRun } from './report.ts'
import { describeResult, type Result, type Run, summarise } from './result.ts'
import { formatNumber, formatRatio, formatShare, formatTable } from './table.ts'

test('a table is Markdown and aligned: names to the left, numbers to the right', () => {
  expect(
    formatTable(
      ['config', 'ms'],
      [
        ['a', '1,095.4'],
        ['b, half', '9'],
      ],
    ),
  ).toBe(
    [
      '| config  |      ms |', //
      '| ------- | ------: |',
      '| a       | 1,095.4 |',
      '| b, half |       9 |',
    ].join('\n'),
  )
})

test('numbers have parted thousands, shares are per cent, what is missing is a dash', () => {
  expect(formatNumber(14_724.4)).toBe('14,724')
  expect(formatNumber(8.65, 1)).toBe('8.7')
  expect([formatShare(0.614), formatRatio(1.234)]).toEqual(['61 %', '1.23×'])
  expect([formatNumber(null), formatShare(null), formatRatio(null)]).toEqual(['–', '–', '–'])
})

const productMs = { tall: [20, 22, 24], square: [21.47483648] }

function resultsWith(othersCores: number): Result[] {
  const surroundings = { productMs, othersCores, peakRssBytes: 0.62e9 }
  return [
    describeResult({ kind: 'product' }, { kind: 'product', ...surroundings }),
    describeResult(
      { kind: 'training', model: 'a', headRows: 'all', keepsMemory: false },
      {
        kind: 'training',
        ...surroundings,
        repetitions: [{ forwardBackwardMs: 1000, optimizerMs: 24, loss: 7 }],
      },
    ),
    describeResult(
      { kind: 'generation', model: 'a', rows: 512 },
      { kind: 'generation', ...surroundings, repetitions: [{ callMs: 570, firstTokenMs: 100 }] },
    ),
  ]
}

function runOf(results: readonly Result[]): Run {
  return {
    benchmark: 'engine',
    schemaVersion: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    machine: {
      node: '20.20.2',
      v8: '11',
      unicode: '15',
      platform: 'linux-x64',
      cpu: 'Some CPU',
      cores: 2,
      memoryBytes: 24 * 2 ** 30,
      onnxruntime: '1.30.0',
      vectorInstructions: ['avx2'],
    },
    threads: 2,
    repetitions: 3,
    loadAverage: { before: 0.05, after: 1.9 },
    results,
  }
}

/** The cells of the line that starts with this cell. */
function rowOf(text: string, first: string): string[] {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`| ${first} `)) ?? ''
  return line
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1)
}

describe('renderRun', () => {
  test('says on what and under which load it was measured', () => {
    const [machine, software, load] = renderRun(runOf(resultsWith(0.03))).split('\n')
    expect(machine).toBe('- 2026-01-02, Some CPU (avx2), 2 cores, 24 GiB, linux-x64')
    expect(software).toMatch(/^- Node 20\.20\.2, onnxruntime 1\.30\.0, 2 threads, repetitions of each case: 3,/)
    expect(load).toMatch(
      /^- load average 0\.05 before, 1\.90 after; .*: 0\.03 to 0\.03\. The computer was quiet \(Q\)\.$/,
    )
  })

  test('puts own figures beside those of the prototype', () => {
    const text = renderRun(runOf(resultsWith(0.03)))
    expect(rowOf(text, '[4096, 128] × [128, 2048]')).toEqual([
      '[4096, 128] × [128, 2048]',
      '22.0',
      '20.0',
      '98',
      '107',
      '0.62',
      'Q',
      '155 Q, inside a step',
      '0.63×',
    ])
    const training = rowOf(text, 'a, all, off')
    expect(training.slice(0, 8)).toEqual(['a, all, off', '1,024', '1,024', '1,000', '24.0', '4,000', '25.6', '100'])
    expect(training.slice(8)).toEqual(['26 %', '29 %', '0.62', 'Q', '14,724, 61 %, 0.85 Q', '0.27×'])
    const generation = rowOf(text, 'a, 512')
    expect(generation.slice(0, 6)).toEqual(['a, 512', '10.0', '10.0', '51,200', '43,116', '100'])
    expect(generation.slice(-2)).toEqual(['–', '–'])
  })

  test('warns of every case that was contended', () => {
    const text = renderRun(runOf([...resultsWith(0.03), ...resultsWith(0.5).slice(1)]))
    expect(text).toContain('0.03 to 0.50. **2 of 5 cases were not measured on a quiet computer: indicative only.**')
    expect(text.match(/\| +C \|/g)).toHaveLength(2)
  })

  test('says what refilling saves, and leaves PyTorch out of it', () => {
    const benchCase = { kind: 'refilling', model: 'a', sequences: 100, maxBatch: 16 } as const
    const repetitions = [{ callMs: 2000, tokens: 3000, steps: 250, batchSteps: 1000 }]
    const surroundings = { productMs, othersCores: 0.03, peakRssBytes: 0.62e9 }
    const result = describeResult(benchCase, { kind: 'refilling', ...surroundings, repetitions })
    const text = renderRun(runOf([result]))
    expect(text.match(/^### .*$/gm)).toEqual(['### Completions of many lengths'])
    const row = rowOf(text, 'a, 100, 16')
    expect(row.slice(1, 8)).toEqual(['30.0', '2,000', '1,500', '250', '1,000', '182', '12'])
    expect(summarise(result)).toBe('1500 tokens/s, 250 steps instead of 1000 [Q]')
  })

  test('leaves out the tables of parts that were not measured', () => {
    const text = renderRun(runOf(resultsWith(0.03).slice(1, 2)))
    expect(text.match(/^### .*$/gm)).toEqual(['### Training step'])
  })
})

test('progress names step, speed, share and mark', () => {
  expect(resultsWith(0.5).map(summarise)).toEqual([
    '98 and 100 GFLOP/s [C]',
    '1024.0 ms a step, 4000 tokens/s, 26 % [C]',
    '10.0 ms a step, 51200 tokens/s, 109 % [C]',
  ])
})
