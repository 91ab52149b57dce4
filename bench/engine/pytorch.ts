import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { formatJson, parseJson } from '../../src/core/json.ts'
import { runPython } from '../child.ts'
import { type BenchCase, generation, models } from './cases.ts'
import { markOf, median } from './figures.ts'
import { startWatch } from './machine.ts'

/** What PyTorch came to on a case, in the best of its variants and in each. */
export type PytorchResult = {
  readonly variant: string
  /** Training: all tokens of a step. Generation: decoding alone, beyond the first token, as for our engine. */
  readonly tokensPerSecond: number
  readonly stepMs: number
  /** Generation: new tokens over the time of the call, prefill included. */
  readonly callTokensPerSecond: number | null
  readonly peakRssBytes: number
  readonly version: string
  readonly mark: 'Q' | 'C' | null
}

const output = z.object({
  timesMs: z.array(z.number().positive()).min(1),
  prefillMs: z.array(z.number().positive()),
  tokens: z.number().int().positive(),
  torch: z.string(),
  blas: z.string(),
  threads: z.number(),
  peakBytes: z.number(),
  cpuSeconds: z.number(),
  transformers: z.string().optional(),
})

type Job = { readonly variant: string; readonly job: Record<string, unknown> }

/** The ways in which PyTorch can do the same work; our engine is compared with the fastest. */
function jobsOf(benchCase: BenchCase): readonly Job[] {
  if (benchCase.kind === 'product' || benchCase.kind === 'refilling') return []
  if (benchCase.kind === 'training' && !benchCase.keepsMemory) return []
  const { decoder, sequences, length } = models[benchCase.model]
  if (benchCase.kind === 'training') {
    const { headRows } = benchCase
    return ['sdpa', 'explicit'].flatMap((attention) =>
      [false, true].map((foreach) => ({
        variant: `eager, ${attention === 'sdpa' ? 'fused' : 'explicit'} attention${foreach ? ', foreach AdamW' : ''}`,
        job: { kind: 'training', attention, foreach, decoder, sequences, length, headRows },
      })),
    )
  }
  const { promptTokens, newTokens } = generation
  const job = { kind: 'generation', decoder, rows: benchCase.rows, promptTokens, newTokens }
  return [
    { variant: 'naive cache loop', job: { ...job, loop: 'naive' } },
    { variant: 'transformers generate', job: { ...job, loop: 'transformers' } },
  ]
}

const script = fileURLToPath(new URL('../../interop/bench/pytorch_bench.py', import.meta.url))

/**
 * A case in PyTorch on the same computer, right after our engine's turn: every variant in a process of its own.
 *
 * @param python an interpreter with torch and transformers
 * @throws {ConfigError} with the message of Python when a variant fails
 */
export async function measurePytorch(
  benchCase: BenchCase,
  { python, repetitions, threads }: { readonly python: string; readonly repetitions: number; readonly threads: number },
): Promise<PytorchResult[]> {
  const results: PytorchResult[] = []
  for (const { variant, job } of jobsOf(benchCase)) {
    const { value, othersCores } = await measure(python, { ...job, steps: repetitions, threads })
    const stepTokens =
      benchCase.kind === 'generation'
        ? (value.tokens / generation.newTokens) * (generation.newTokens - 1)
        : value.tokens
    const callMs = median(value.timesMs)
    const ms = benchCase.kind === 'generation' ? callMs - median(value.prefillMs) : callMs
    results.push({
      variant,
      tokensPerSecond: (1000 * stepTokens) / ms,
      stepMs: benchCase.kind === 'generation' ? ms / (generation.newTokens - 1) : ms,
      callTokensPerSecond: benchCase.kind === 'generation' ? (1000 * value.tokens) / callMs : null,
      peakRssBytes: value.peakBytes,
      version: `PyTorch ${value.torch}, ${value.blas}${value.transformers === undefined ? '' : `, transformers ${value.transformers}`}`,
      mark: markOf(othersCores),
    })
  }
  return results
}

async function measure(
  python: string,
  job: Record<string, unknown> & { readonly threads: number },
): Promise<{ readonly value: z.infer<typeof output>; readonly othersCores: number | null }> {
  const watch = startWatch()
  const hint = 'it needs torch and transformers: interop/README.md says how to install them'
  const said = await runPython(script, [], { python, threads: job.threads, hint, input: formatJson(job) })
  const value = output.parse(parseJson(said, { file: script }))
  return { value, othersCores: watch.othersCores(1000 * value.cpuSeconds) }
}
