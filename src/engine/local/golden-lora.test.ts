import { afterAll, describe, expect, test } from 'vitest'
import {
  adaptedModelOf,
  dataFor,
  goldenNames,
  gradientErrors,
  logitsError,
  peftName,
  readGolden,
} from './fixtures/golden-kit.ts'
import { trainedParameters } from './model/model.ts'
import { createTrainer } from './trainer.ts'

const tolerance = 1e-4

const cases = goldenNames.flatMap((name) =>
  Object.keys(readGolden(name).adapters).map((adapter) => ({ name, adapter })),
)

describe.each(cases)('$name with the adapter "$adapter" is what PEFT computes', ({ name, adapter: key }) => {
  const golden = readGolden(name)
  const adapter = golden.adapters[key]!
  const model = adaptedModelOf(golden, adapter)
  const trainer = createTrainer(model, { threads: 2, maxTokensPerMicroBatch: 4096 })
  afterAll(() => trainer.close())

  test('the log-probability of every token after every position', async () => {
    expect(await logitsError(trainer, golden, adapter.logits)).toBeLessThan(tolerance)
    expect(await logitsError(trainer, golden, golden.logits)).toBeGreaterThan(0.1)
  })

  test('cross-entropy and the gradients of every A and B, and of nothing else', async () => {
    const { loss, gradients } = adapter.crossEntropy
    const { lossSum } = await trainer.forwardBackward(dataFor('cross_entropy', golden), 'cross_entropy')
    expect(lossSum / loss).toBeCloseTo(1, 5)
    const { specs } = trainedParameters(model)
    expect(specs.map((spec) => peftName(spec.name)).sort()).toEqual([...gradients.keys()].sort())
    expect(gradientErrors(specs, trainer.gradients, gradients, { tolerance, rename: peftName })).toEqual([])
  })
})
