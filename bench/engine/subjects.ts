import { clock } from '../../src/core/clock.ts'
import { createRng } from '../../src/core/rng.ts'
import { localEngine } from '../../src/engine/local/index.ts'
import type { Datum, SampleRequest, TrainingClient } from '../../src/engine/types.ts'
import { type BenchCase, generation, models } from './cases.ts'
import type { GenerationRepetition, TrainingRepetition } from './measurement.ts'

/** What is measured: one repetition after the other. */
export type Subject<Repetition> = {
  repeat(): Promise<Repetition>
  close(): Promise<void>
}

type TrainingCase = Extract<BenchCase, { kind: 'training' }>
type GenerationCase = Extract<BenchCase, { kind: 'generation' }>

/** Room for the largest batch in one run: a step is one forward and one backward pass. */
const TOKENS_PER_MICRO_BATCH = 8192
const OPTIMIZER = { learningRate: 1e-3, gradClipNorm: 1 }

function createClient(model: 'a' | 'b', threads: number, keepsMemory = true): Promise<TrainingClient> {
  return localEngine.create({
    decoder: models[model].decoder,
    seed: 1,
    threads,
    keepsMemory,
    maxTokensPerMicroBatch: TOKENS_PER_MICRO_BATCH,
    inWorker: false,
  })
}

/** Random sequences, each with the weights of its trained positions; the weights of all of them sum to 1. */
function drawData({ model, headRows }: TrainingCase): Datum[] {
  const { decoder, sequences, length } = models[model]
  const rng = createRng(1, 'bench', 'training')
  const first = headRows === 'all' ? 0 : length / 2
  const weight = 1 / (sequences * (length - first))
  return Array.from({ length: sequences }, () => {
    const tokens = Array.from({ length: length + 1 }, () => rng.int(decoder.vocabSize))
    return {
      inputTokens: tokens.slice(0, -1),
      targetTokens: tokens.slice(1),
      weights: tokens.slice(1).map((_, position) => (position < first ? 0 : weight)),
    }
  })
}

/** Training steps as a training loop makes them: forward, backward, clipping, AdamW. */
export async function createTraining(benchCase: TrainingCase, threads: number): Promise<Subject<TrainingRepetition>> {
  const client = await createClient(benchCase.model, threads, benchCase.keepsMemory)
  const data = drawData(benchCase)
  return {
    async repeat() {
      const start = clock.monotonicMs()
      const { lossSum } = await client.forwardBackward(data, 'cross_entropy')
      const middle = clock.monotonicMs()
      await client.optimStep(OPTIMIZER)
      return { forwardBackwardMs: middle - start, optimizerMs: clock.monotonicMs() - middle, loss: lossSum }
    },
    close: () => client.close(),
  }
}

/** Batches of completions of distinct prompts; no token stops one, so that every row runs to the end. */
export async function createGeneration(
  { model, rows }: GenerationCase,
  threads: number,
): Promise<Subject<GenerationRepetition>> {
  const client = await createClient(model, threads)
  const rng = createRng(1, 'bench', 'generation')
  const requests = Array.from({ length: rows }, (_, row): SampleRequest => {
    const promptTokens = Array.from({ length: generation.promptTokens }, () => rng.int(models[model].decoder.vocabSize))
    return { promptTokens, numSamples: 1, key: `bench/${row}` }
  })
  const time = async (maxTokens: number): Promise<number> => {
    const start = clock.monotonicMs()
    await client.sample(requests, { maxTokens })
    return clock.monotonicMs() - start
  }
  return {
    repeat: async () => ({ firstTokenMs: await time(1), callMs: await time(generation.newTokens) }),
    close: () => client.close(),
  }
}
