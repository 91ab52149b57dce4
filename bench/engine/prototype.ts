import type { BenchCase, ModelName } from './cases.ts'
import type { ProductName } from './flops.ts'

/**
 * What a prototype of this engine measured once: 2 threads, AMD EPYC with AVX2 and without AVX-512, onnxruntime 1.30.0,
 * Node 20.20.2. Marks: Q quiet computer, C contended, computed: arithmetic on printed numbers.
 */
export type PrototypeTraining = {
  readonly tokensPerSecond: number
  readonly forwardBackwardMs: number
  readonly optimizerMs: number
  readonly gflops: number
  /** Of its tall product; computed. */
  readonly share: number
  readonly peakRssGb: number
  readonly mark: string
}

export type PrototypeGeneration = {
  readonly tokensPerSecond: number
  readonly stepMs: number
  readonly prefillMs: number
  readonly mark: string
}

/** Its tall product inside a step of config a, from a profile, GFLOP/s. */
const TALL_GFLOPS = 155

/** Its sessions kept their memory in all of these rows. */
const training: { readonly [Name in ModelName]: { readonly [Rows in 'all' | 'half']: PrototypeTraining | null } } = {
  a: {
    all: {
      tokensPerSecond: 14_724,
      forwardBackwardMs: 269.5,
      optimizerMs: 8.7,
      gflops: 94.2,
      share: 94.2 / TALL_GFLOPS,
      peakRssGb: 0.85,
      mark: 'Q',
    },
    half: null,
  },
  b: {
    all: {
      tokensPerSecond: 3466,
      forwardBackwardMs: 1432,
      optimizerMs: 44.8,
      gflops: 113.9,
      share: 113.9 / TALL_GFLOPS,
      peakRssGb: 2.37,
      mark: 'Q',
    },
    half: {
      tokensPerSecond: 3120,
      forwardBackwardMs: 1584,
      optimizerMs: 57,
      gflops: 102.5,
      share: 102.5 / TALL_GFLOPS,
      peakRssGb: 2.2,
      mark: 'Q, 2 steps',
    },
  },
}

const generation: { readonly [Name in ModelName]: { readonly [rows: number]: PrototypeGeneration } } = {
  a: {
    64: { tokensPerSecond: 10_311, stepMs: 4.0, prefillMs: 70, mark: 'Q' },
    128: { tokensPerSecond: 12_565, stepMs: 8.6, prefillMs: 113, mark: 'Q' },
  },
  b: {
    64: { tokensPerSecond: 5093, stepMs: 11.2, prefillMs: 169, mark: 'Q' },
    128: { tokensPerSecond: 5881, stepMs: 20.2, prefillMs: 322, mark: 'Q' },
  },
}

/** GFLOP/s of its products; it never measured the square one. */
export const prototypeProducts: { readonly [Name in ProductName]: { gflops: number; mark: string } | null } = {
  tall: { gflops: TALL_GFLOPS, mark: 'Q, inside a step' },
  square: null,
}

/** The prototype's training step of this model, or null where it was not measured. */
export function prototypeTraining({ model, headRows }: Extract<BenchCase, { kind: 'training' }>) {
  return training[model][headRows]
}

/** The prototype's generation with this many rows, or null where it was not measured. */
export function prototypeGeneration({ model, rows }: Extract<BenchCase, { kind: 'generation' }>) {
  return generation[model][rows] ?? null
}
