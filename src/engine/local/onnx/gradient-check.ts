import { createRng } from '../../../core/rng.ts'
import type { Feed, Feeds, SessionPool } from '../session.ts'
import type { DenseTensor } from './dense.ts'
import type { Graph, TensorType } from './graph.ts'
import { interpret } from './interpreter.ts'
import { resolveSize, type Sizes } from './sizes.ts'

export type DenseFeeds = { readonly [name: string]: DenseTensor }

/** A tensor of standard normal deviates that float32 holds exactly, so that both executors read the same numbers. */
export function normalTensor(seed: string, shape: readonly number[]): DenseTensor {
  const rng = createRng(seed, 'normal')
  const size = shape.reduce((product, dim) => product * dim, 1)
  return { shape, data: Float64Array.from({ length: size }, () => Math.fround(rng.normal())) }
}

/** Largest difference of two arrays, relative to the largest entry of the second. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [found.length === expected.length ? 0 : Number.POSITIVE_INFINITY, 1e-12]
  for (let index = 0; index < expected.length; index++) {
    worst = Math.max(worst, Math.abs(found[index]! - expected[index]!))
    largest = Math.max(largest, Math.abs(expected[index]!))
  }
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst / largest
}

/** Feeds of the interpreter as feeds of ONNX Runtime, each in the type its graph input declares. */
export function toFeeds(graph: Graph, feeds: DenseFeeds): Feeds {
  const convert = ({ name, dtype }: Graph['inputs'][number]): [string, Feed] => {
    const { shape, data } = feeds[name]!
    if (dtype === 'int64') return [name, { dtype, shape, data: BigInt64Array.from(data, BigInt) }]
    return [name, { dtype: 'float32', shape, data: Float32Array.from(data) }]
  }
  return Object.fromEntries(graph.inputs.map(convert))
}

/**
 * How far ONNX Runtime in float32 is from the interpreter in float64, for each output, by `relativeError`; infinite
 * where the shapes differ.
 */
export async function oracleErrors(
  pool: SessionPool,
  key: string,
  graph: Graph,
  feeds: DenseFeeds,
): Promise<Map<string, number>> {
  const names = graph.outputs.map(({ name }) => name)
  const found = await pool.run(key, () => graph, toFeeds(graph, feeds), names)
  const expected = interpret(graph, feeds)
  return new Map(
    names.map((name) => {
      const isShaped = found.get(name)!.shape.join() === expected[name]!.shape.join()
      return [name, isShaped ? relativeError(found.get(name)!.data, expected[name]!.data) : Number.POSITIVE_INFINITY]
    }),
  )
}

/** The derivative of the graph's output `loss` along a direction in one input, by central differences in float64. */
export function directionalDerivative(
  graph: Graph,
  feeds: DenseFeeds,
  input: string,
  direction: Float64Array,
  step = 1e-5,
): number {
  const { shape, data } = feeds[input]!
  const lossAt = (sign: number) => {
    const moved = data.map((value, index) => value + sign * step * direction[index]!)
    return interpret(graph, { ...feeds, [input]: { shape, data: moved } }).loss!.data[0]!
  }
  return (lossAt(1) - lossAt(-1)) / (2 * step)
}

/** The whole gradient of the graph's output `loss` by one input, element by element, by central differences. */
export function numericalGradient(graph: Graph, feeds: DenseFeeds, input: string): Float64Array {
  return feeds[input]!.data.map((_, index) => {
    const direction = new Float64Array(feeds[input]!.data.length)
    direction[index] = 1
    return directionalDerivative(graph, feeds, input, direction)
  })
}

/** The graph with its open sizes fixed, for one batch alone. */
export function fixSizes(graph: Graph, sizes: Sizes): Graph {
  const fix = <Type extends TensorType>(type: Type): Type => ({
    ...type,
    shape: type.shape.map((dim) => resolveSize(dim, sizes)),
  })
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, types: node.types.map(fix) })),
    inputs: graph.inputs.map(fix),
    outputs: graph.outputs.map(fix),
  }
}

/** The graph cut down to some of its outputs and the nodes they need, so that checking a loss does not run its backward pass. */
export function restrictOutputs(graph: Graph, names: readonly string[]): Graph {
  const needed = new Set(names)
  const nodes = graph.nodes.toReversed().filter(({ inputs, outputs }) => {
    const isNeeded = outputs.some((output) => needed.has(output))
    if (isNeeded) for (const input of inputs) needed.add(input)
    return isNeeded
  })
  return { ...graph, nodes: nodes.toReversed(), outputs: graph.outputs.filter(({ name }) => names.includes(name)) }
}
