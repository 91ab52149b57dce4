import { estimateRun, type MemoryEstimate } from '../model/memory.ts'
import type { ModelShape } from '../model/model.ts'
import type { Graph } from '../onnx/graph.ts'
import { buildPrefillGraph, buildStepGraph, names } from './decode-graph.ts'

/** What the runs of a decoder need in memory besides weights and cache. */
export type DecodeEstimates = {
  /** Of reading prompts, padded to `time` tokens each. */
  prefill(prompts: number, time: number): MemoryEstimate
  /** Of one step over a cache of `time` steps; a little too much, so that few steps need counting anew. */
  step(rows: number, time: number): MemoryEstimate
}

/** Steps of the cache are counted in so many: a step of a small model takes little longer than counting it. */
const TIME_UNIT = 64

/** The estimates of a model; its graphs are built when first asked for. */
export function createDecodeEstimates(shape: ModelShape): DecodeEstimates {
  let [prefillGraph, stepGraph]: (Graph | undefined)[] = []
  let last: { readonly rows: number; readonly time: number; readonly estimate: MemoryEstimate } | undefined
  return {
    prefill(prompts, time) {
      prefillGraph ??= buildPrefillGraph(shape)
      const subject = `reading ${prompts === 1 ? 'a prompt' : `${prompts} prompts`} of ${time} tokens`
      return estimateRun(prefillGraph, subject, { B: prompts, T: time, angles: 2 * time })
    },
    step(rows, exactTime) {
      const time = TIME_UNIT * Math.ceil((exactTime + 1) / TIME_UNIT)
      if (last?.rows === rows && last.time === time) return last.estimate
      stepGraph ??= withoutPast(buildStepGraph(shape), shape.config.numLayers)
      const subject = `a step of ${rows} sequences of ${exactTime} tokens`
      const sizes = { B: rows, past: time, steps: time + 1, angles: 2 * time }
      last = { rows, time, estimate: estimateRun(stepGraph, subject, sizes) }
      return last.estimate
    },
  }
}

/** The cache is read where it lies, so it counts as no input. */
function withoutPast(graph: Graph, numLayers: number): Graph {
  const layers = Array.from({ length: numLayers }, (_, layer) => layer)
  const past = new Set(layers.flatMap((layer) => [names.pastKey(layer), names.pastValue(layer)]))
  return { ...graph, inputs: graph.inputs.filter(({ name }) => !past.has(name)) }
}
