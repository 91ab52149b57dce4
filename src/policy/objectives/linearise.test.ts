import { expect, test } from 'vitest'
import { tinyDecoder } from '../../engine/local/fixtures/tiny-decoder.ts'
import { localEngine } from '../../engine/local/index.ts'
import type { TrainingClient } from '../../engine/types.ts'
import type { FixedRow } from '../grpo-batch.ts'
import { accumulate, openTally } from '../grpo-update.ts'
import type { Objective } from './objective.ts'
import { createObjective } from './registry.ts'

const prompt = [1, 2, 3]
const completions = [[4, 5, 6, 7], [9, 8], [11, 12, 13, 14, 15, 16], [10]]

/** Rollouts whose sampler disagrees with the policy, so that ratios lie on both sides of every bound. */
async function rowsOf(client: TrainingClient): Promise<FixedRow[]> {
  const data = completions.map((tokens) => {
    const all = [...prompt, ...tokens]
    const zeros = all.slice(1).map(() => 0)
    return { inputTokens: all.slice(0, -1), targetTokens: all.slice(1), logprobs: zeros, advantages: zeros }
  })
  const { logprobs_DT } = await client.forward(data, 'importance_sampling')
  return completions.map((tokens, index) => {
    const policy_T = logprobs_DT[index]!.slice(-tokens.length)
    const anchorLogprobs_T = policy_T.map((logprob, token) => logprob + [0.4, -0.5, 0.02, -0.1][token % 4]!)
    const advantage = [0.75, -0.25, 0.25, -0.75][index]!
    return {
      group: 0,
      member: index,
      promptTokens: prompt,
      rollout: {
        tokens,
        samplerLogprobs_T: anchorLogprobs_T,
        completion: '',
        stopReason: 'stop',
        reward: { correct: 0, format: 0, total: 0 },
        defects: [],
        answered: '',
      },
      weight: 0.25,
      advantage,
      anchorLogprobs_T,
      advantages_T: tokens.map((_, token) => advantage * 0.25 * (token + 1)),
      startLogprobs_T: null,
      referenceLogprobs_T: null,
    }
  })
}

/** Gradient norm, and the log-probabilities after a step that is proportional to the gradient (epsilon outweighs its root). */
async function trained(objective: Objective): Promise<{ readonly norm: number; readonly moved: readonly number[] }> {
  const client = await localEngine.create({ decoder: tinyDecoder, seed: 3, threads: 1, inWorker: false })
  const rows = await rowsOf(client)
  const options = { loss: 'ppo', clipLow: null, clipHigh: null, learningRate: 0, gradClipNorm: 0 } as const
  const before = rows.map(({ anchorLogprobs_T }) => anchorLogprobs_T)
  await accumulate(client, rows, { objective, options, scale: 1, isFirst: true, tally: openTally() })
  const { gradNorm } = await client.optimStep({ learningRate: 100, eps: 1e3, beta1: 0, beta2: 0, weightDecay: 0 })
  const after = await rowsOf(client)
  await client.close()
  const moved = after.flatMap(({ anchorLogprobs_T }, row) =>
    anchorLogprobs_T.map((logprob, token) => logprob - before[row]![token]!),
  )
  return { norm: gradNorm!, moved }
}

test.each([
  ['importance_sampling', {}],
  ['reinforce', {}],
  ['ppo', { clipLow: 0.8, clipHigh: 1.28 }],
  ['cispo', { clipLow: 0.5, clipHigh: 1.4 }],
] as const)('on a real model, %s by linearisation is the engine’s own, to 1e-6', async (name, bounds) => {
  const native = createObjective(name, { clipLow: null, clipHigh: null, dualClip: null, ...bounds })
  expect(native.native).not.toBeNull()
  const [own, linearised] = [await trained(native), await trained({ ...native, native: null })]
  expect(own.norm).toBeGreaterThan(0.1)
  expect(Math.abs(linearised.norm / own.norm - 1)).toBeLessThan(1e-6)
  expect(Math.max(...own.moved.map(Math.abs))).toBeGreaterThan(1e-3)
  own.moved.forEach((value, token) => {
    expect(Math.abs(linearised.moved[token]! - value)).toBeLessThan(1e-6)
  })
})

test('clipping shows in the gradient: ppo with narrow bounds is another update than importance sampling', async () => {
  const options = { clipLow: 0.8, clipHigh: 1.28, dualClip: null }
  const [clipped, free] = [
    await trained(createObjective('ppo', options)),
    await trained(createObjective('importance_sampling', options)),
  ]
  expect(Math.abs(clipped.norm - free.norm)).toBeGreaterThan(0.01)
})

test('a rollout that is clipped whole sends zeros, and the engine takes them', async () => {
  const gspo = createObjective('gspo', { clipLow: 1, clipHigh: 1, dualClip: null })
  const never: Objective = {
    ...gspo,
    evaluate: (row) => ({ ...gspo.evaluate(row), gradient_T: row.advantages_T.map(() => 0) }),
  }
  const { norm, moved } = await trained(never)
  expect(norm).toBe(0)
  expect(moved.every((value) => value === 0)).toBe(true)
})
