import { z } from 'zod'
import { ConfigError } from '../../src/core/errors.ts'
import type { DecoderConfig } from '../../src/engine/types.ts'

const shared = { maxPositions: 256, ropeTheta: 10_000, rmsNormEps: 1e-6, tieEmbeddings: true, qkNorm: true }

/** The two decoders that are measured, each with the batch of its training step: sequences of `length` tokens. */
export const models = {
  a: {
    decoder: {
      ...shared,
      vocabSize: 2048,
      hiddenSize: 128,
      numLayers: 4,
      numHeads: 4,
      numKeyValueHeads: 4,
      headDim: 32,
      intermediateSize: 352,
    } satisfies DecoderConfig,
    sequences: 32,
    length: 128,
  },
  b: {
    decoder: {
      ...shared,
      vocabSize: 4096,
      hiddenSize: 256,
      numLayers: 6,
      numHeads: 4,
      numKeyValueHeads: 2,
      headDim: 64,
      intermediateSize: 704,
    } satisfies DecoderConfig,
    sequences: 32,
    length: 160,
  },
} as const

/** Tokens of every prompt, and of every completion, of a generation case. */
export const generation = { promptTokens: 32, newTokens: 48 } as const

/** Tokens of a completion that ends by itself: on average, and at most. */
export const refilling = { meanTokens: 30, maxTokens: 200 } as const

const model = z.enum(['a', 'b'])

/** What one child process measures. */
export const benchCaseSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('product') }),
  z.object({
    kind: z.literal('training'),
    model,
    /** Which positions enter the vocabulary head: every one, or the second half of each sequence. */
    headRows: z.enum(['all', 'half']),
    /** The default of the engine; without, every run asks the system for its memory. */
    keepsMemory: z.boolean(),
  }),
  z.object({ kind: z.literal('generation'), model, rows: z.number().int().positive() }),
  z.object({
    kind: z.literal('refilling'),
    model,
    sequences: z.number().int().positive(),
    maxBatch: z.number().int().positive(),
  }),
])
export type BenchCase = z.infer<typeof benchCaseSchema>
export type ModelName = keyof typeof models

/** Words for `--only`. */
export const partNames = ['matmul', 'a', 'b', 'decode', 'refill'] as const
type PartName = (typeof partNames)[number]

function trainingCases(name: ModelName): BenchCase[] {
  return [true, false].flatMap((keepsMemory) =>
    (['all', 'half'] as const).map((headRows) => ({ kind: 'training', model: name, headRows, keepsMemory }) as const),
  )
}

const parts: { readonly [Name in PartName]: readonly BenchCase[] } = {
  matmul: [{ kind: 'product' }],
  a: trainingCases('a'),
  b: trainingCases('b'),
  decode: (['a', 'b'] as const).flatMap((name) =>
    [64, 128, 512].map((rows) => ({ kind: 'generation', model: name, rows }) as const),
  ),
  refill: [{ kind: 'refilling', model: 'a', sequences: 1000, maxBatch: 128 }],
}

/**
 * The cases of the parts asked for, in the order of the report.
 *
 * @param only names separated by commas; everything when absent
 * @throws {ConfigError} when a name is unknown
 */
export function selectCases(only?: string): readonly BenchCase[] {
  const asked = only === undefined ? [...partNames] : only.split(',').map((name) => name.trim())
  const known: readonly string[] = partNames
  const unknown = asked.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new ConfigError(`unknown part "${unknown}"`, { hint: `--only takes ${partNames.join(', ')}` })
  return partNames.filter((name) => asked.includes(name)).flatMap((name) => parts[name])
}

/** A case in words, the same in progress, tables and JSON. */
export function nameCase(benchCase: BenchCase): string {
  if (benchCase.kind === 'product') return 'plain matrix product'
  if (benchCase.kind === 'generation') return `generation ${benchCase.model}, ${benchCase.rows} rows`
  if (benchCase.kind === 'refilling')
    return `refilling ${benchCase.model}, ${benchCase.sequences} sequences in ${benchCase.maxBatch} rows`
  const arena = benchCase.keepsMemory ? 'on' : 'off'
  return `training ${benchCase.model}, ${benchCase.headRows} rows to the head, arena ${arena}`
}
