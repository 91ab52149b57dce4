import { clock } from '../../src/core/clock.ts'
import { createRng } from '../../src/core/rng.ts'
import { initParameters } from '../../src/engine/local/model/parameters.ts'
import { createSampler } from '../../src/engine/local/sampler/generate.ts'
import { createSessionPool, type SessionPool } from '../../src/engine/local/session.ts'
import { type BenchCase, generation, models, refilling } from './cases.ts'
import type { RefillingRepetition } from './measurement.ts'
import type { Subject } from './subjects.ts'

type RefillingCase = Extract<BenchCase, { kind: 'refilling' }>

/**
 * Steps that batches of a fixed size take, each going on until its longest completion has ended; the first token of a
 * completion comes from its prompt.
 *
 * @param lengths tokens of each completion, in the order of the batches
 */
export function stepsOfBatches(lengths: readonly number[], batchSize: number): number {
  const starts = Array.from({ length: Math.ceil(lengths.length / batchSize) }, (_, batch) => batch * batchSize)
  return starts.reduce((steps, start) => steps + Math.max(...lengths.slice(start, start + batchSize)) - 1, 0)
}

/**
 * Completions that a random model ends by itself: one token in `meanTokens` stops, so their lengths are geometric. The
 * sampler is used without its client, so that the steps can be counted.
 */
export function createRefilling(
  { model, sequences, maxBatch }: RefillingCase,
  threads: number,
): Subject<RefillingRepetition> {
  const { decoder: config } = models[model]
  const pool = createSessionPool({ threads })
  let steps = 0
  const run: SessionPool['run'] = (key, build, feeds, fetches, needBytes) => {
    if (key.endsWith('step')) steps += 1
    return pool.run(key, build, feeds, fetches, needBytes)
  }
  const base = initParameters(config, 1)
  const sampler = createSampler({ model: { config, base }, pool: { ...pool, run }, seed: 1, maxBatch })
  const rng = createRng(1, 'bench', 'refilling')
  const requests = Array.from({ length: sequences }, (_, row) => {
    const promptTokens = Array.from({ length: generation.promptTokens }, () => rng.int(config.vocabSize))
    return { promptTokens, numSamples: 1, key: `bench/${row}` }
  })
  const stopTokens = Array.from({ length: Math.round(config.vocabSize / refilling.meanTokens) }, (_, token) => token)
  return {
    async repeat() {
      steps = 0
      const start = clock.monotonicMs()
      const completions = await sampler.sample(requests, { maxTokens: refilling.maxTokens, stopTokens })
      const callMs = clock.monotonicMs() - start
      const lengths = completions.flat().map(({ tokens }) => tokens.length)
      const tokens = lengths.reduce((total, length) => total + length, 0)
      return { callMs, tokens, steps, batchSteps: stepsOfBatches(lengths, maxBatch) }
    },
    close: () => pool.close(),
  }
}
