import { describe, expect, test } from 'vitest'
import { type FakeOptions, startFake } from './fixtures/fake-server.ts'
import { probeServer } from './probe.ts'
import { classify } from './probe-scaling.ts'

const timing = { backoffMs: 5, maxBackoffMs: 50, pollGapMs: 1, deadlineMs: 20_000, submitMs: 10_000, heartbeatMs: 1000 }
const skyrl: FakeOptions = {
  isJson: true,
  isSkyrl: true,
  dropsFirst: true,
  scaling: 'sequence-mean',
  front: '{"name":"Tinker API Mock"}',
}

async function probe(options: FakeOptions, config: object = {}) {
  const fake = await startFake(options)
  const report = await probeServer({ baseUrl: fake.url, baseModel: 'toy', vocabSize: 12, seed: 1, timing, ...config })
  await fake.close()
  return { ...report, state: Object.fromEntries(report.checks.map(({ name, state }) => [name, state])) }
}

describe('a probe', () => {
  test('measures sums over tokens and data where a server sums', async () => {
    const told = { create_model_via_load_weights: true, fwdbwd_max_chunk_len: 7 }
    const { losses, state, serverKind, models, flags } = await probe({ flags: told })
    // What this client makes use of is nothing to look at twice.
    expect(flags).toEqual({ fwdbwd_max_chunk_len: 7 })
    expect(serverKind).toBe('tinker')
    expect(models).toEqual(['toy'])
    expect(losses.map(({ loss, scaling }) => [loss, scaling])).toEqual([
      ['cross_entropy', 'sum'],
      ['importance_sampling', 'sum'],
      ['ppo', 'sum'],
      ['cispo', 'sum'],
    ])
    expect(Math.abs(losses[0]!.pair[0] - 1)).toBeLessThan(0.1)
    expect(Math.abs(losses[0]!.doubled - 2)).toBeLessThan(0.2)
    expect(state).toMatchObject({ healthz: 'ok', session: 'ok', snapshots: 'ok', 'prompt log-probabilities': 'ok' })
  })

  test('measures per-sequence means where a server takes them, and tells SkyRL’s backend', async () => {
    const { losses, state, serverKind, checks } = await probe(skyrl)
    expect(serverKind).toBe('skyrl-jax')
    expect(losses.map(({ scaling }) => scaling)).toEqual(Array(4).fill('sequence-mean'))
    expect(losses[0]!.pair[1]).toBeCloseTo(0.5, 1)
    expect(losses[1]!.padded).toBeCloseTo(5 / 12, 1)
    expect(state).toMatchObject({ snapshots: 'ok', grad_clip_norm: 'ok', 'scaling of ppo': 'ok' })
    expect(checks.find(({ name }) => name === 'prompt log-probabilities')?.detail).toBe('2 for 3 prompt tokens')
  })

  test('tells two sequences apart that share most of their gradient', async () => {
    const { losses } = await probe({}, { vocabSize: 4 })
    const { pair, scaling } = losses[0]!
    expect(scaling).toBe('sum')
    for (const factor of pair) expect(Math.abs(factor - 1)).toBeLessThan(0.1)
  })

  test('says where a server is not what it is taken for', async () => {
    const { state } = await probe({ ...skyrl, isJson: false }, { server: 'tinker' })
    expect(state).toMatchObject({ 'scaling of cross_entropy': 'differs', snapshots: 'differs' })
  })

  test('of a server that is not there is a report that says so', async () => {
    const report = await probeServer({
      baseUrl: 'http://127.0.0.1:9',
      baseModel: 'toy',
      seed: 1,
      timing: { ...timing, contactMs: 500 },
    })
    expect(report.checks.map(({ name, state }) => [name, state])).toEqual([
      ['healthz', 'failed'],
      ['session', 'failed'],
    ])
    expect(report.checks[1]!.detail).toMatch(/^no server answers at http:\/\/127\.0\.0\.1:9, .*fleming engine serve/)
  })

  test.each([
    ['batch-mean', [0.5, 0.5], 2, 1],
    ['token-mean', [5 / 14, 9 / 14], 1, 1],
    ['other', [0.7, 0.1], 2, 1],
    ['other', [1, 1], 1, 1],
  ] as const)('names %s by its factors', (expected, pair, doubled, padded) => {
    expect(classify({ pair, doubled, padded })).toBe(expected)
  })
})
