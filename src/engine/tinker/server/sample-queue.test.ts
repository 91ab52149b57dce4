import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import type { FrozenClient, SampleRequest, SamplingParams } from '../../types.ts'
import { createSampleQueue, type SampleJob } from './sample-queue.ts'

/** A client that notes the batches it is given, takes a while, and refuses prompts that start with 13. */
function trial(maxBatchSamples = 100) {
  const batches: string[][] = []
  const usage: object[] = []
  let open = 0
  const client = {
    async sample(requests: readonly SampleRequest[], _: SamplingParams, call?: { signal?: AbortSignal }) {
      batches.push(requests.map(({ key }) => key))
      for (let turn = 0; turn < 20 && call?.signal?.aborted !== true; turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      if (call?.signal?.aborted) throw new DataError('stopped')
      if (requests.some(({ promptTokens }) => promptTokens[0] === 13)) throw new DataError('a bad prompt')
      return requests.map(({ numSamples, promptTokens }) =>
        Array.from({ length: numSamples }, () => ({ tokens: promptTokens, logprobs: [], stopReason: 'stop' as const })),
      )
    },
    async forward(data: readonly { targetTokens: readonly number[] }[]) {
      return { lossSum: 0, logprobs_DT: data.map(({ targetTokens }) => targetTokens.map((token) => -token)) }
    },
  } as unknown as FrozenClient
  const queue = createSampleQueue({
    lease: async () => {
      open += 1
      return {
        client,
        release: async () => {
          open -= 1
        },
      }
    },
    maxBatchSamples,
    contextLength: 8,
    count: (tokens) => usage.push(tokens),
  })
  const sample = (key: string, fields: Partial<SampleJob & SampleRequest> = {}) =>
    queue({
      request: { promptTokens: fields.promptTokens ?? [1, 2], numSamples: fields.numSamples ?? 1, key },
      params: fields.params ?? { maxTokens: 4 },
      scoresPrompt: fields.scoresPrompt ?? false,
      signal: fields.signal ?? new AbortController().signal,
    })
  return { batches, usage, sample, openLeases: () => open }
}

describe('sampling requests', () => {
  test('with the same settings go to the engine together, others apart', async () => {
    const { batches, sample, openLeases } = trial()
    const hot = { params: { maxTokens: 4, temperature: 2 } }
    const outcomes = await Promise.all([
      sample('a'),
      sample('b', hot),
      sample('c', { promptTokens: [7] }),
      sample('d', hot),
    ])
    expect(batches).toEqual([
      ['a', 'c'],
      ['b', 'd'],
    ])
    expect(outcomes[2]!.sequences[0]!.tokens).toEqual([7])
    expect(openLeases()).toBe(0)
  })

  test('beyond the batch wait for the next one', async () => {
    const { batches, sample } = trial(5)
    await Promise.all(['a', 'b', 'c'].map((key) => sample(key, { numSamples: 3 })))
    expect(batches).toEqual([['a'], ['b'], ['c']])
  })

  test('that the engine refuses do not fail their company', async () => {
    const { sample } = trial()
    const outcomes = await Promise.allSettled([sample('a'), sample('bad', { promptTokens: [13] }), sample('c')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('come with the log-probabilities of their prompts where asked, and are counted', async () => {
    const { sample, usage } = trial()
    const scored = { scoresPrompt: true, promptTokens: [1, 2, 3] }
    const [a, b, c] = await Promise.all([
      sample('a', scored),
      sample('b'),
      sample('c', { ...scored, promptTokens: [5] }),
    ])
    expect(a.promptLogprobs).toEqual([null, -2, -3])
    expect(b).not.toHaveProperty('promptLogprobs')
    expect(c.promptLogprobs).toEqual([null])
    expect(usage).toEqual([{ scored: 4, prefilled: 6, sampled: 6 }])
  })

  test('whose prompt fills the context are scored without a completion', async () => {
    const { batches, sample } = trial()
    const outcome = await sample('a', { scoresPrompt: true, promptTokens: [1, 2, 3, 4, 5, 6, 7, 8], numSamples: 2 })
    expect(outcome.promptLogprobs).toHaveLength(8)
    const empty = { tokens: [], logprobs: [], stopReason: 'length' }
    expect(outcome.sequences).toEqual([empty, empty])
    expect(batches).toEqual([])
  })

  test('stop listening to their signal when they have ended, however they do', async () => {
    const { sample } = trial()
    const signals = [new AbortController(), new AbortController(), new AbortController()].map(({ signal }) => signal)
    const [ended, failed, cancelled] = signals as [AbortSignal, AbortSignal, AbortSignal]
    await sample('a', { signal: ended })
    await expect(sample('bad', { promptTokens: [13], signal: failed })).rejects.toThrow('a bad prompt')
    const late = sample('c', { signal: cancelled })
    cancelled.dispatchEvent(new Event('abort'))
    await expect(late).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0, 0])
  })

  test('that are cancelled leave the queue, or end the engine’s work when nobody else waits for it', async () => {
    const { batches, sample } = trial()
    const [running, waiting] = [new AbortController(), new AbortController()]
    const first = sample('a', { signal: running.signal })
    await new Promise((resolve) => setTimeout(resolve, 15))
    const second = sample('b', { signal: waiting.signal })
    waiting.abort()
    await expect(second).rejects.toMatchObject({ code: 'E_ABORTED' })
    running.abort()
    await expect(first).rejects.toMatchObject({ code: 'E_ABORTED' })
    await sample('c')
    expect(batches).toEqual([['a'], ['c']])
  })
})
