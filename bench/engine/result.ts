import { type BenchCase, nameCase } from './cases.ts'
import {
  type GenerationFigures,
  generationFigures,
  markOf,
  type ProductFigures,
  productFigures,
  type RefillingFigures,
  refillingFigures,
  type TrainingFigures,
  trainingFigures,
  yardstickGflops,
} from './figures.ts'
import type { ProductName } from './flops.ts'
import type { Machine } from './machine.ts'
import type { Measurement } from './measurement.ts'
import {
  type PrototypeGeneration,
  type PrototypeTraining,
  prototypeGeneration,
  prototypeProducts,
  prototypeTraining,
} from './prototype.ts'
import type { PytorchResult } from './pytorch.ts'

type CaseOf<Kind extends BenchCase['kind']> = Extract<BenchCase, { kind: Kind }>

type Common = {
  readonly name: string
  /** Q: others used less than 0.1 core meanwhile; C: contended, indicative only; null: unknown. */
  readonly mark: 'Q' | 'C' | null
  /** Speed of the plain product, taken in turn with the case, GFLOP/s. */
  readonly yardstick: number
  readonly measurement: Measurement
  /** The same work in PyTorch, each way of doing it; empty where it was not asked for. */
  readonly pytorch: readonly PytorchResult[]
}

/** What a case came to, beside what the prototype came to; a ratio above 1 means faster than the prototype. */
export type Result = Common &
  (
    | {
        readonly kind: 'product'
        readonly figures: { readonly [Name in ProductName]: ProductFigures }
        readonly prototype: typeof prototypeProducts
        readonly ratio: { readonly [Name in ProductName]: number | null }
      }
    | {
        readonly kind: 'training'
        readonly benchCase: CaseOf<'training'>
        readonly figures: TrainingFigures
        readonly prototype: PrototypeTraining | null
        readonly ratio: number | null
      }
    | {
        readonly kind: 'generation'
        readonly benchCase: CaseOf<'generation'>
        readonly figures: GenerationFigures
        readonly prototype: PrototypeGeneration | null
        readonly ratio: number | null
      }
    | {
        readonly kind: 'refilling'
        readonly benchCase: CaseOf<'refilling'>
        readonly figures: RefillingFigures
      }
  )

/** One run of the benchmark, as `--json` prints it. */
export type Run = {
  readonly benchmark: 'engine'
  readonly schemaVersion: 1
  readonly startedAt: string
  readonly machine: Machine
  readonly threads: number
  readonly repetitions: number
  /** Processes that wanted to run, mean of one minute. */
  readonly loadAverage: { readonly before: number; readonly after: number }
  readonly results: readonly Result[]
}

function ratioOf(own: number, other: number | undefined): number | null {
  return other === undefined ? null : own / other
}

/**
 * The figures of a case.
 *
 * @param measurement what its process reported; of the same kind as the case
 */
export function describeResult(
  benchCase: BenchCase,
  measurement: Measurement,
  pytorch: readonly PytorchResult[] = [],
): Result {
  const yardstick = yardstickGflops(measurement.productMs)
  const common = { name: nameCase(benchCase), mark: markOf(measurement.othersCores), yardstick, measurement, pytorch }
  if (benchCase.kind === 'training' && measurement.kind === 'training') {
    const figures = trainingFigures(benchCase, measurement.repetitions, yardstick)
    const prototype = prototypeTraining(benchCase)
    const ratio = ratioOf(figures.tokensPerSecond, prototype?.tokensPerSecond)
    return { ...common, kind: 'training', benchCase, figures, prototype, ratio }
  }
  if (benchCase.kind === 'generation' && measurement.kind === 'generation') {
    const figures = generationFigures(benchCase, measurement.repetitions, yardstick)
    const prototype = prototypeGeneration(benchCase)
    const ratio = ratioOf(figures.tokensPerSecond, prototype?.tokensPerSecond)
    return { ...common, kind: 'generation', benchCase, figures, prototype, ratio }
  }
  if (benchCase.kind === 'refilling' && measurement.kind === 'refilling') {
    const figures = refillingFigures(benchCase, measurement.repetitions, yardstick)
    return { ...common, kind: 'refilling', benchCase, figures }
  }
  const figures = productFigures(measurement.productMs)
  const ratio = {
    tall: ratioOf(figures.tall.gflops, prototypeProducts.tall?.gflops),
    square: ratioOf(figures.square.gflops, prototypeProducts.square?.gflops),
  }
  return { ...common, kind: 'product', figures, prototype: prototypeProducts, ratio }
}

/** The result in a few words, for progress. */
export function summarise(result: Result): string {
  const mark = `[${result.mark ?? '?'}]`
  if (result.kind === 'product')
    return `${result.figures.tall.gflops.toFixed(0)} and ${result.figures.square.gflops.toFixed(0)} GFLOP/s ${mark}`
  if (result.kind === 'refilling') {
    const { tokensPerSecond, steps, batchSteps } = result.figures
    return `${tokensPerSecond.toFixed(0)} tokens/s, ${steps} steps instead of ${batchSteps} ${mark}`
  }
  const { stepMs, tokensPerSecond, share } = result.figures
  return `${stepMs.toFixed(1)} ms a step, ${tokensPerSecond.toFixed(0)} tokens/s, ${(100 * share).toFixed(0)} % ${mark}`
}
