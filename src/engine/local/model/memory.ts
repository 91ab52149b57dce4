import { EngineError } from '../../../core/errors.ts'
import type { Graph } from '../onnx/graph.ts'
import { peakBytes, tensorBytes } from '../onnx/liveness.ts'
import type { Sizes } from '../onnx/sizes.ts'
import type { ModelShape } from './model.ts'
import { adapterSpecs, type ParameterSpec, parameterSpecs } from './parameters.ts'

/** What something will need in memory, part by part. */
export type MemoryEstimate = {
  /** What needs it, as the subject of a sentence. */
  readonly subject: string
  readonly parts: readonly { readonly what: string; readonly sizeBytes: number }[]
  readonly totalBytes: number
}

const FLOAT_BYTES = 4
/**
 * Memory lost between tensors, as a share of the activations. Measured with `bench memory`: peaks of 0.53 GB (1 M
 * parameters) to 3.74 GB (135 M) are then met within 10 %. Without an arena they are up to a third higher.
 */
const FRAGMENTATION = 0.2

function totalUp(subject: string, parts: MemoryEstimate['parts']): MemoryEstimate {
  const needed = parts.filter(({ sizeBytes }) => sizeBytes > 0)
  return { subject, parts: needed, totalBytes: needed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }
}

function floatBytes(specs: readonly ParameterSpec[]): number {
  return FLOAT_BYTES * specs.reduce((sum, { size }) => sum + size, 0)
}

/**
 * What a model holds as long as it is open: weights and, if it is trained, one gradient and two moments per trained
 * weight. What a run needs comes on top (`estimateRun`).
 *
 * @param sharesBase whether the base of an adapter is in memory already
 * @throws {ConfigError} when the shape cannot be built
 */
export function estimateModel(
  { config, lora }: ModelShape,
  { isTrained, sharesBase = false }: { readonly isTrained: boolean; readonly sharesBase?: boolean },
): MemoryEstimate {
  const base = floatBytes(parameterSpecs(config))
  const adapter = lora ? floatBytes(adapterSpecs(config, lora)) : 0
  const trained = isTrained ? (lora ? adapter : base) : 0
  return totalUp(lora ? 'an adapter model' : 'a model', [
    { what: 'weights', sizeBytes: sharesBase ? 0 : base },
    { what: 'adapter', sizeBytes: adapter },
    { what: 'gradients', sizeBytes: trained },
    { what: 'moments of AdamW', sizeBytes: 2 * trained },
  ])
}

/**
 * What one run of a graph needs besides the weights: intermediate results, inputs of open sizes, and the copies of the
 * outputs that are handed to JavaScript. Of inputs and outputs those of the run before may not be collected yet.
 *
 * @param subject what runs
 * @param sizes the open sizes of the graph
 * @throws {ShapeError} when an open size is not given
 */
export function estimateRun(graph: Graph, subject: string, sizes: Sizes): MemoryEstimate {
  const activations = peakBytes(graph, sizes)
  const bytesOf = (values: Graph['inputs']) => values.reduce((sum, value) => sum + tensorBytes(value, sizes), 0)
  const inputs = graph.inputs.filter(({ shape }) => shape.some((dim) => typeof dim === 'string'))
  return totalUp(subject, [
    { what: 'activations', sizeBytes: activations },
    { what: 'fragmentation', sizeBytes: FRAGMENTATION * activations },
    { what: 'inputs', sizeBytes: 2 * bytesOf(inputs) },
    { what: 'results', sizeBytes: 2 * bytesOf(graph.outputs) },
  ])
}

/** 1234567890 as "1.23 GB", 1234567 as "1.2 MB". */
function formatSize(sizeBytes: number): string {
  return sizeBytes < 1e8 ? `${(sizeBytes / 1e6).toFixed(1)} MB` : `${(sizeBytes / 1e9).toFixed(2)} GB`
}

/**
 * Refuses what would not fit.
 *
 * @param availableBytes what may still be allocated (`availableMemoryBytes`)
 * @param remedies what the user may change, as imperatives
 * @throws {EngineError} of code E_MEMORY, with the parts of the estimate as a table
 */
export function checkMemory(
  { subject, parts, totalBytes }: MemoryEstimate,
  availableBytes: number,
  remedies: readonly string[],
): void {
  if (totalBytes <= availableBytes) return
  const width = Math.max(...parts.map(({ what }) => what.length))
  const rows = parts.map(({ what, sizeBytes }) => `  ${what.padEnd(width)}  ${formatSize(sizeBytes).padStart(10)}`)
  const summary = `${subject} needs about ${formatSize(totalBytes)} of memory, ${formatSize(availableBytes)} are available`
  throw new EngineError([`${summary}:`, ...rows].join('\n'), { code: 'E_MEMORY', hint: remedies.join(', or ') })
}
