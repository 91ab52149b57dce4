import { afterAll, describe, expect, test } from 'vitest'
import { dataFor, goldenNames, gradientErrors, logitsError, modelOf, readGolden } from './fixtures/golden-kit.ts'
import { createTrainer } from './trainer.ts'

const tolerance = 1e-4

describe.each(goldenNames)('%s is what transformers computes', (name) => {
  const golden = readGolden(name)
  const model = modelOf(golden)
  const trainer = createTrainer(model, { threads: 2, maxTokensPerMicroBatch: 4096 })
  afterAll(() => trainer.close())

  test('the log-probability of every token after every position', async () => {
    expect(await logitsError(trainer, golden, golden.logits)).toBeLessThan(tolerance)
  })

  test('cross-entropy and the gradient of every parameter', async () => {
    const { lossSum } = await trainer.forwardBackward(dataFor('cross_entropy', golden), 'cross_entropy')
    expect(lossSum / golden.crossEntropy.loss).toBeCloseTo(1, 5)
    const { specs } = model.base
    expect(specs.map((spec) => spec.name).sort()).toEqual([...golden.crossEntropy.gradients.keys()].sort())
    expect(gradientErrors(specs, trainer.gradients, golden.crossEntropy.gradients, { tolerance })).toEqual([])
    trainer.clearGradients()
  })
})

describe('the policy losses of qwen3 are what PyTorch computes', () => {
  const golden = readGolden('qwen3')
  const model = modelOf(golden)
  const trainer = createTrainer(model, { threads: 2, maxTokensPerMicroBatch: 4096 })
  afterAll(() => trainer.close())

  test.each(['importance_sampling', 'ppo', 'cispo'] as const)(
    '%s and the gradient of every parameter',
    async (name) => {
      const { config, loss, gradients } = golden.policyLosses[name]!
      const { lossSum } = await trainer.forwardBackward(dataFor(name, golden), name, config)
      expect(Math.abs(lossSum - loss)).toBeLessThan(tolerance)
      expect(gradientErrors(model.base.specs, trainer.gradients, gradients, { tolerance })).toEqual([])
      trainer.clearGradients()
    },
  )

  test('the clipped losses are clipped somewhere and free somewhere', async () => {
    const { logprobs_DT } = await trainer.forward(dataFor('ppo', golden), 'ppo')
    const ratios = golden.data.flatMap(({ logprobs, advantages }, index) =>
      logprobs.flatMap((logprob, at) => (advantages[at] === 0 ? [] : [Math.exp(logprobs_DT[index]![at]! - logprob)])),
    )
    const clipped = ratios.filter((ratio) => ratio < 0.8 || ratio > 1.2)
    expect(clipped.length).toBeGreaterThan(3)
    expect(ratios.length - clipped.length).toBeGreaterThan(3)
  })
})

test.each(['llama-llama3-rope', 'qwen2-yarn', 'qwen3-linear-rope'] as const)(
  'the logits of %s tell whether its rotary scaling is there',
  async (name) => {
    const golden = readGolden(name)
    const { config, base } = modelOf(golden)
    const { ropeScaling, ...unscaled } = config
    expect(ropeScaling).toBeDefined()
    const trainer = createTrainer({ config: unscaled, base }, { threads: 2, maxTokensPerMicroBatch: 4096 })
    expect(await logitsError(trainer, golden, golden.logits)).toBeGreaterThan(1)
    await trainer.close()
  },
)
