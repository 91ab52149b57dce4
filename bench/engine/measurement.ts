import { z } from 'zod'
import { benchCaseSchema } from './cases.ts'

const milliseconds = z.number().positive()

/** What a child process is told. */
export const taskSchema = z.object({
  benchCase: benchCaseSchema,
  /** Measured repetitions, after one that is not. */
  repetitions: z.number().int().positive(),
  threads: z.number().int().positive(),
})
export type Task = z.infer<typeof taskSchema>

/** One optimiser step. */
const trainingRepetition = z.object({
  forwardBackwardMs: milliseconds,
  optimizerMs: milliseconds,
  /** Mean over the trained tokens, nats: shows that real work was done. */
  loss: z.number(),
})
/** One batch of completions, and the same prompts with a single token each, which is prefill without a decoding step. */
const generationRepetition = z.object({ callMs: milliseconds, firstTokenMs: milliseconds })
/** Completions of many lengths, and the decoding steps they took and would have taken in batches of a fixed size. */
const refillingRepetition = z.object({
  callMs: milliseconds,
  tokens: z.number().int().positive(),
  steps: z.number().int().positive(),
  batchSteps: z.number().int().positive(),
})

const surroundings = {
  /** Times of the plain products, taken in turn with the repetitions. */
  productMs: z.object({ tall: z.array(milliseconds), square: z.array(milliseconds) }),
  /** Cores that other processes kept busy meanwhile; null where the system does not tell. */
  othersCores: z.number().nonnegative().nullable(),
  /** Largest resident set of the child process, everything included. */
  peakRssBytes: z.number().positive(),
}

/** What a child process reports: raw times, no judgement. */
export const measurementSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('product'), ...surroundings }),
  z.object({ kind: z.literal('training'), ...surroundings, repetitions: z.array(trainingRepetition) }),
  z.object({ kind: z.literal('generation'), ...surroundings, repetitions: z.array(generationRepetition) }),
  z.object({ kind: z.literal('refilling'), ...surroundings, repetitions: z.array(refillingRepetition) }),
])
export type Measurement = z.infer<typeof measurementSchema>
export type TrainingRepetition = z.infer<typeof trainingRepetition>
export type GenerationRepetition = z.infer<typeof generationRepetition>
export type RefillingRepetition = z.infer<typeof refillingRepetition>
