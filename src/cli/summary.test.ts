import picocolors from 'picocolors'
import { describe, expect, test } from 'vitest'
import { viewScores } from '../pipeline/load-run.ts'
import { exampleScores } from '../release/fixtures/scores.ts'
import { formatScore, renderRunSummary, renderScores } from './summary.ts'

const colors = picocolors.createColors(false)
const text = renderScores(viewScores(exampleScores()), colors)
const lines = text.split('\n')
const lineOf = (start: string): string =>
  (lines.find((line) => line.trimStart().startsWith(start)) ?? '').trim().replace(/ {2,}/g, ' | ')

describe('the final table', () => {
  test('has the columns of the split with their n, and the numbers of the scores', () => {
    expect(lineOf('held-out composition')).toBe('held-out composition | pooled | 2 hops | 4 hops | rare')
    expect(lineOf('n 100')).toBe('n 100 | n 100 | n 100 | n 100')
    expect(lineOf('base, form forced')).toBe('base, form forced | 21.0 ±9.0 | 30.0 ±9.0 | 12.0 ±9.0 | 17.0 ±9.0')
    expect(lineOf('base ')).toBe('base | 0.0 [0–3.6] | 0.0 [0–3.6] | 0.0 [0–3.6] | 0.0 [0–3.6]')
    expect(lineOf('+ RL stage 2')).toBe('+ RL stage 2 | 52.0 ±9.0 | 71.0 ±9.0 | 33.0 ±9.0 | 48.0 ±9.0')
    expect(lineOf('most frequent answer')).toBe('most frequent answer | 9.0 ±9.0')
  })

  test('does not mix in the multiple-choice form', () => {
    expect(text).not.toContain('99.0 ±')
  })

  test('has the paired tests with gained, lost and p', () => {
    expect(lineOf('+ cold start → + RL stage 1')).toBe(
      '+ cold start → + RL stage 1 | held-out composition | 100 | +20 | −6 | +14.0 | 0.009',
    )
    expect(lineOf('base → + cold start')).toContain('+31 | −0 | +31.0 | < 0.001')
  })

  test('tells every fall in a line of its own', () => {
    const falls = lines.filter((line) => line.startsWith('falls:'))
    expect(falls).toEqual(['falls: held-out composition, 4 hops: + RL stage 1 35.0 → + RL stage 2 33.0 (p 0.500)'])
  })

  test('tells that there is no fall, or that none was looked for', () => {
    const scores = exampleScores()
    const level = { ...scores, ladder: scores.ladder.map((row) => ({ ...row, accuracy: 0.5 })) }
    expect(renderScores(viewScores(level), colors)).toContain('falls: none')
    expect(renderScores(viewScores({ ...scores, paired: [] }), colors)).toContain('falls: not looked for')
  })

  test('shows unparsed answers, grounded steps, wrong reasons and recalled facts beside accuracy', () => {
    const beside = lines.slice(lines.indexOf('beside accuracy'))
    const row = beside.find((line) => line.trimStart().startsWith('+ RL stage 1')) ?? ''
    expect(row.trim().split(/ {2,}/)).toEqual([
      ...['+ RL stage 1', 'held-out composition', '3 of 100', '87.5', '12.5', '98.0'],
    ])
  })

  test('fits a terminal of 120 columns with three hop counts and three rarities', () => {
    const scores = exampleScores()
    const extra = ['common', 'uncommon'].flatMap((rarity) =>
      scores.ladder.filter((row) => row.rarity === 'rare').map((row) => ({ ...row, rarity })),
    )
    const threes = scores.ladder.filter(({ hop }) => hop === 2).map((row) => ({ ...row, hop: 3 }))
    const wide = renderScores(viewScores({ ...scores, ladder: [...scores.ladder, ...threes, ...extra] }), colors)
    expect(Math.max(...wide.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  })
})

test('an interval at the edge is given by its ends, because half of it would pretend symmetry', () => {
  expect(formatScore({ accuracy: 0.4123, interval: [0.3731, 0.4512] })).toBe('41.2 ±3.9')
  expect(formatScore({ accuracy: 0, interval: [0, 0.0148] })).toBe('0.0 [0–1.5]')
  expect(formatScore({ accuracy: 1, interval: [0.7225, 1] })).toBe('100.0 [72–100]')
})

describe('the end of a run', () => {
  const places = { dir: 'runs/second', report: 'runs/second/report.html', release: 'runs/second/release/model' }
  const end = renderRunSummary(viewScores(exampleScores()), { ...places, wallSeconds: 754 }, colors).split('\n')

  test('names the report, the release, the next commands for this run and the notice as the last word', () => {
    expect(end).toContain('report   runs/second/report.html')
    expect(end).toContain('release  runs/second/release/model')
    expect(end).toContain('time     12 min 34 s')
    expect(end).toContain('  npx fleming ask --examples --run runs/second')
    expect(end.at(-1)).toBe('research only, not for clinical use')
  })
})
