import { products } from './flops.ts'
import type { Result, Run } from './result.ts'
import { formatNumber, formatRatio, formatShare, formatTable, NOTHING } from './table.ts'

type ResultOf<Kind extends Result['kind']> = Extract<Result, { kind: Kind }>

/** The whole run as Markdown: the computer, then a table for each kind of case that was measured. */
export function renderRun(run: Run): string {
  const ofKind = <Kind extends Result['kind']>(kind: Kind): ResultOf<Kind>[] =>
    run.results.filter((result): result is ResultOf<Kind> => result.kind === kind)
  const parts = [renderMachine(run)]
  const [product] = ofKind('product')
  if (product !== undefined) parts.push(`### Plain matrix product\n\n${productTable(product)}`)
  const training = ofKind('training')
  if (training.length > 0) parts.push(`### Training step\n\n${trainingTable(training)}`)
  const generation = ofKind('generation')
  if (generation.length > 0) parts.push(`### Generation\n\n${generationTable(generation)}`)
  const refilling = ofKind('refilling')
  if (refilling.length > 0) parts.push(`### Completions of many lengths\n\n${refillingTable(refilling)}`)
  const beside = run.results.filter(({ pytorch }) => pytorch.length > 0)
  if (beside.length > 0) parts.push(`### Beside PyTorch\n\n${pytorchTable(beside)}`)
  return parts.join('\n\n')
}

function renderMachine(run: Run): string {
  const { machine, loadAverage } = run
  const others = run.results.map(({ measurement }) => measurement.othersCores ?? Number.NaN)
  const contended = run.results.filter(({ mark }) => mark !== 'Q').length
  const verdict =
    contended === 0
      ? 'The computer was quiet (Q).'
      : `**${contended} of ${run.results.length} cases were not measured on a quiet computer: indicative only.**`
  return [
    `- ${run.startedAt.slice(0, 10)}, ${machine.cpu} (${machine.vectorInstructions?.join(', ') ?? 'instructions unknown'}), ${machine.cores} cores, ${formatNumber(machine.memoryBytes / 2 ** 30)} GiB, ${machine.platform}`,
    `- Node ${machine.node}, onnxruntime ${machine.onnxruntime}, ${run.threads} threads, repetitions of each case: ${run.repetitions}, after one that does not count`,
    `- load average ${formatNumber(loadAverage.before, 2)} before, ${formatNumber(loadAverage.after, 2)} after; cores that other processes used: ${othersRange(others)}. ${verdict}`,
  ].join('\n')
}

function othersRange(others: readonly number[]): string {
  if (others.some(Number.isNaN)) return 'unknown'
  return `${formatNumber(Math.min(...others), 2)} to ${formatNumber(Math.max(...others), 2)}`
}

function productTable({ figures, prototype, ratio, mark, measurement }: ResultOf<'product'>): string {
  const names = ['tall', 'square'] as const
  return formatTable(
    ['product', 'median ms', 'min ms', 'GFLOP/s', 'best', 'RSS GB', 'mark', 'prototype GFLOP/s', 'ratio'],
    names.map((name) => {
      const [rows, inner, columns] = products[name]
      const { medianMs, minMs, gflops, bestGflops } = figures[name]
      const other = prototype[name]
      return [
        `[${rows}, ${inner}] × [${inner}, ${columns}]`,
        formatNumber(medianMs, 1),
        formatNumber(minMs, 1),
        formatNumber(gflops),
        formatNumber(bestGflops),
        formatNumber(measurement.peakRssBytes / 1e9, 2),
        mark ?? NOTHING,
        other === null ? NOTHING : `${formatNumber(other.gflops)} ${other.mark}`,
        formatRatio(ratio[name]),
      ]
    }),
  )
}

function trainingTable(results: readonly ResultOf<'training'>[]): string {
  const header = ['config, rows to the head, arena', 'step ms', 'min', 'fwd+bwd', 'AdamW', 'tokens/s', 'GFLOP/s']
  const rest = ['plain', 'share', 'counted', 'RSS GB', 'mark', 'prototype tokens/s, share, RSS GB', 'ratio']
  return formatTable(
    [...header, ...rest],
    results.map(({ benchCase, figures, yardstick, measurement, mark, prototype, ratio }) => [
      `${benchCase.model}, ${benchCase.headRows}, ${benchCase.keepsMemory ? 'on' : 'off'}`,
      formatNumber(figures.stepMs),
      formatNumber(figures.minStepMs),
      formatNumber(figures.forwardBackwardMs),
      formatNumber(figures.optimizerMs, 1),
      formatNumber(figures.tokensPerSecond),
      formatNumber(figures.gflops, 1),
      formatNumber(yardstick),
      formatShare(figures.share),
      formatShare(figures.countedShare),
      formatNumber(measurement.peakRssBytes / 1e9, 2),
      mark ?? NOTHING,
      prototype === null
        ? NOTHING
        : `${formatNumber(prototype.tokensPerSecond)}, ${formatShare(prototype.share)}, ${formatNumber(prototype.peakRssGb, 2)} ${prototype.mark}`,
      formatRatio(ratio),
    ]),
  )
}

function generationTable(results: readonly ResultOf<'generation'>[]): string {
  const header = ['config, rows', 'step ms', 'min', 'tokens/s', 'whole call', 'prefill ms', 'GFLOP/s', 'plain']
  const rest = ['share', 'counted', 'RSS GB', 'mark', 'prototype tokens/s, prefill ms', 'ratio']
  return formatTable(
    [...header, ...rest],
    results.map(({ benchCase, figures, yardstick, measurement, mark, prototype, ratio }) => [
      `${benchCase.model}, ${benchCase.rows}`,
      formatNumber(figures.stepMs, 1),
      formatNumber(figures.minStepMs, 1),
      formatNumber(figures.tokensPerSecond),
      formatNumber(figures.callTokensPerSecond),
      formatNumber(figures.prefillMs),
      formatNumber(figures.gflops, 1),
      formatNumber(yardstick),
      formatShare(figures.share),
      formatShare(figures.countedShare),
      formatNumber(measurement.peakRssBytes / 1e9, 2),
      mark ?? NOTHING,
      prototype === null
        ? NOTHING
        : `${formatNumber(prototype.tokensPerSecond)}, ${formatNumber(prototype.prefillMs)} ${prototype.mark}`,
      formatRatio(ratio),
    ]),
  )
}

function refillingTable(results: readonly ResultOf<'refilling'>[]): string {
  const header = ['config, sequences, rows', 'mean length', 'call ms', 'tokens/s', 'steps', 'in batches', 'at least']
  return formatTable(
    [...header, 'rows a step', 'GFLOP/s', 'plain', 'share', 'RSS GB', 'mark'],
    results.map(({ benchCase, figures, yardstick, measurement, mark }) => [
      `${benchCase.model}, ${benchCase.sequences}, ${benchCase.maxBatch}`,
      formatNumber(figures.meanLength, 1),
      formatNumber(figures.callMs),
      formatNumber(figures.tokensPerSecond),
      formatNumber(figures.steps),
      formatNumber(figures.batchSteps),
      formatNumber(figures.leastSteps),
      formatNumber(figures.meanRows),
      formatNumber(figures.gflops, 1),
      formatNumber(yardstick),
      formatShare(figures.share),
      formatNumber(measurement.peakRssBytes / 1e9, 2),
      mark ?? NOTHING,
    ]),
  )
}

/** Ours over theirs, way by way; above 1 we are faster. */
function pytorchTable(results: readonly Result[]): string {
  const rows = results.flatMap((result) => {
    if (result.kind === 'product') return []
    const own = result.figures
    return result.pytorch.map((other) => [
      result.name,
      other.variant,
      formatNumber(own.tokensPerSecond),
      formatNumber(other.tokensPerSecond),
      formatRatio(own.tokensPerSecond / other.tokensPerSecond),
      'callTokensPerSecond' in own && other.callTokensPerSecond !== null
        ? formatRatio(own.callTokensPerSecond / other.callTokensPerSecond)
        : NOTHING,
      formatNumber(other.peakRssBytes / 1e9, 2),
      other.mark ?? NOTHING,
      other.version,
    ])
  })
  const header = ['case', 'PyTorch', 'our tokens/s', 'its tokens/s', 'ratio', 'ratio, whole call', 'its RSS GB', 'mark']
  return formatTable([...header, 'version'], rows)
}
