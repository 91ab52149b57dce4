import type { Command } from 'commander'
import type { Shell } from '../src/cli/shell.ts'
import { clock } from '../src/core/clock.ts'
import { ConfigError } from '../src/core/errors.ts'
import { formatJson } from '../src/core/json.ts'
import { createRng } from '../src/core/rng.ts'
import { adamwStep, createAdamState } from '../src/engine/local/model/adamw.ts'
import { buildTrainingGraph } from '../src/engine/local/model/decoder.ts'
import { estimateModel, estimateRun } from '../src/engine/local/model/memory.ts'
import { type Model, shapeOf, trainedParameters } from '../src/engine/local/model/model.ts'
import { createParameters, initAdapter } from '../src/engine/local/model/parameters.ts'
import { createTrainer } from '../src/engine/local/trainer.ts'
import { defaultLoraTargets } from '../src/engine/lora.ts'
import type { Datum, DecoderConfig, LoraConfig } from '../src/engine/types.ts'
import { models } from './engine/cases.ts'
import { defaultThreads } from './engine/machine.ts'
import { formatNumber, formatRatio, formatTable } from './engine/table.ts'

/** The shape of SmolLM2-135M. */
const smollm: DecoderConfig = {
  vocabSize: 49_152,
  hiddenSize: 576,
  numLayers: 30,
  numHeads: 9,
  numKeyValueHeads: 3,
  headDim: 64,
  intermediateSize: 1536,
  maxPositions: 2048,
  ropeTheta: 100_000,
  rmsNormEps: 1e-5,
  tieEmbeddings: true,
  qkNorm: false,
}

type MemoryCase = {
  readonly decoder: DecoderConfig
  readonly sequences: number
  readonly length: number
  readonly lora?: LoraConfig
}

const cases: Readonly<Record<string, MemoryCase>> = {
  a: models.a,
  b: models.b,
  lora: { decoder: smollm, sequences: 2, length: 256, lora: { rank: 16, alpha: 32, targets: defaultLoraTargets } },
  full: { decoder: smollm, sequences: 2, length: 128 },
}

/** Steps measured: memory has settled after the second. */
const STEPS = 3

const help = `
Cases:
  lora  an adapter of rank 16 on all layers of 134.5 M parameters, 2 sequences of 256 tokens
  full  every weight of 134.5 M parameters, 2 sequences of 128 tokens
  a, b  the models of "bench engine", every weight, 32 sequences of 128 and 160 tokens

Peak memory is that of the process, so one run measures one case. The estimate is what the engine
compares with the free memory before it builds anything, on top of what the process held at its start.

Examples:
  $ npm run bench -- memory          the adapter
  $ npm run bench -- memory b --json`

/** `bench memory`: what training takes in memory, beside what the engine foretold. */
export function addMemory(program: Command, shell: Shell): void {
  program
    .command('memory')
    .summary('peak memory of training steps, beside the estimate')
    .description(
      'Measures the peak memory of three training steps on random weights, beside what the engine foretells.',
    )
    .argument('[case]', `what to train: ${Object.keys(cases).join(', ')}`, 'lora')
    .option('--json', 'print one JSON object instead of the table')
    .addHelpText('after', help)
    .action(async (name: string, { json }: { readonly json?: true }) => {
      const chosen = cases[name]
      if (!chosen) throw new ConfigError(`unknown case "${name}"`, { hint: `known: ${Object.keys(cases).join(', ')}` })
      const result = { case: name, ...(await measure(chosen)) }
      shell.out(json ? formatJson(result, { pretty: true }) : render(result))
    })
}

/** One block of normal deviates over and over: a matter of memory, not of what is learnt. */
function createModel({ decoder, lora }: MemoryCase): Model {
  const base = createParameters(decoder)
  const rng = createRng(1, 'bench', 'memory')
  const block = Float32Array.from({ length: 65_521 }, () => 0.02 * rng.normal())
  for (let start = 0; start < base.flat.length; start += block.length)
    base.flat.set(block.subarray(0, Math.min(block.length, base.flat.length - start)), start)
  for (const { name, shape } of base.specs) if (shape.length === 1) base.view(name).fill(1)
  if (!lora) return { config: decoder, base }
  return { config: decoder, base, adapter: { lora, parameters: initAdapter(decoder, lora, 1) } }
}

function drawData({ decoder, sequences, length }: MemoryCase): readonly Datum[] {
  const rng = createRng(2, 'bench', 'memory')
  const weights = new Array<number>(length).fill(1 / (sequences * length))
  return Array.from({ length: sequences }, () => {
    const tokens = Array.from({ length: length + 1 }, () => rng.int(decoder.vocabSize))
    return { inputTokens: tokens.slice(0, -1), targetTokens: tokens.slice(1), weights }
  })
}

async function measure(chosen: MemoryCase) {
  const startBytes = process.memoryUsage.rss()
  const model = createModel(chosen)
  const trained = trainedParameters(model)
  const { sequences, length } = chosen
  const sizes = { batch: sequences, length, rows: sequences * length }
  const graph = buildTrainingGraph(shapeOf(model), 'cross_entropy', { low: 0, high: 1 })
  const estimates = [estimateModel(shapeOf(model), { isTrained: true }), estimateRun(graph, 'a training step', sizes)]
  const trainer = createTrainer(model, { threads: defaultThreads(), maxTokensPerMicroBatch: sequences * length })
  const adam = createAdamState(trained.flat.length)
  const data = drawData(chosen)
  const steps: { readonly loss: number; readonly stepMs: number }[] = []
  for (let step = 0; step < STEPS; step++) {
    const start = clock.monotonicMs()
    const { lossSum } = await trainer.forwardBackward(data, 'cross_entropy')
    adamwStep(trained.specs, trained.flat, trainer.gradients, adam, { learningRate: 1e-3 })
    trainer.clearGradients()
    steps.push({ loss: lossSum, stepMs: clock.monotonicMs() - start })
  }
  await trainer.close()
  const parts = [{ what: 'process at its start', sizeBytes: startBytes }, ...estimates.flatMap((part) => part.parts)]
  return {
    parts,
    estimateBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    steps,
  }
}

function render(result: { readonly case: string } & Awaited<ReturnType<typeof measure>>): string {
  const { parts, estimateBytes, peakRssBytes, steps } = result
  const gigabytes = (sizeBytes: number) => formatNumber(sizeBytes / 1e9, 2)
  const times = steps.map(({ loss, stepMs }) => `loss ${formatNumber(loss, 4)} in ${formatNumber(stepMs)} ms`)
  return [
    formatTable(
      [result.case, 'GB'],
      [
        ...parts.map(({ what, sizeBytes }) => [what, gigabytes(sizeBytes)]),
        ['estimate', gigabytes(estimateBytes)],
        ['peak RSS', gigabytes(peakRssBytes)],
        ['estimate / peak', formatRatio(estimateBytes / peakRssBytes)],
      ],
    ),
    `steps: ${times.join(', ')}`,
  ].join('\n')
}
