import picocolors from 'picocolors'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../pipeline/plan.ts'
import { renderPlan, shortCount } from './plan.ts'

const plan: Plan = {
  name: 'p',
  engine: 'tinker at http://x, base Qwen/Qwen2.5-7B, LoRA of rank 32',
  parameters: 7_615_616_512,
  trainingQuestions: 1800,
  testQuestions: 600,
  promptTokens: 61.25,
  assumptions: ['one', 'two'],
  stages: [
    { stage: 'graph', sealed: true, steps: 0, trained: 0, prefilled: 0, sampled: 0, teacherCalls: 0, hours: 0 },
    {
      stage: 'rl-1',
      sealed: false,
      steps: 80,
      trained: 4_560_000,
      prefilled: 12_340,
      sampled: 9_999,
      teacherCalls: 3,
      hours: 12.4,
    },
  ],
}

describe('renderPlan', () => {
  test('has a row per stage with its counts, and a total', () => {
    const lines = renderPlan(plan, 'GPU hours', picocolors.createColors(false)).split('\n')
    const cells = (name: string) =>
      lines
        .find((line) => line.includes(`│ ${name}`))!
        .split('│')
        .map((cell) => cell.trim())
    expect(cells('rl-1').slice(1, -1)).toEqual(['rl-1', 'to do', '80', '4.56 M', '12.3 k', '9999', '3', '12'])
    expect(cells('graph')[2]).toBe('made')
    expect(cells('total').slice(3, -1)).toEqual(['80', '4.56 M', '12.3 k', '9999', '3', '12'])
    expect(lines.filter((line) => line.startsWith('· '))).toEqual(['· one', '· two'])
    expect(lines.join('\n')).toContain('1800 training and 600 test questions, 61.3 tokens a prompt')
  })

  test('shows a dash for hours that nothing allows to compute', () => {
    const unknown = { ...plan, parameters: null, stages: plan.stages.map((stage) => ({ ...stage, hours: null })) }
    const text = renderPlan(unknown, 'GPU hours', picocolors.createColors(false))
    expect(text).toContain('weights  not known')
    expect(text.split('\n').find((line) => line.includes('│ total'))).toMatch(/│\s+– │$/)
  })
})

test.each([
  [0, '0'],
  [9999, '9999'],
  [10_000, '10.0 k'],
  [1_234_567, '1.23 M'],
  [2e13, '20.0 T'],
])('%d is written %s', (count, text) => {
  expect(shortCount(count)).toBe(text)
})
