import { EngineError } from '../../../core/errors.ts'
import type { DenseTensor } from './dense.ts'
import type { Graph } from './graph.ts'
import { kernels } from './kernels.ts'

/**
 * The outputs of a graph, computed in float64 by naive loops: the oracle for ONNX Runtime's float32 kernels and, by
 * finite differences, for every gradient rule.
 *
 * @param feeds one tensor per graph input, by name
 * @returns one tensor per graph output, by name
 * @throws {EngineError} when an input is missing or the nodes are not in executable order
 */
export function interpret(
  graph: Graph,
  feeds: { readonly [name: string]: DenseTensor },
): { readonly [name: string]: DenseTensor } {
  const values = new Map<string, DenseTensor>()
  const read = (name: string): DenseTensor => {
    const value = values.get(name)
    if (!value) throw new EngineError(`the interpreter has no value for "${name}"`)
    return value
  }
  for (const { name, shape, data } of graph.constants)
    values.set(name, { shape, data: Float64Array.from(data, Number) })
  for (const { name } of graph.inputs) {
    const feed = feeds[name]
    if (feed) values.set(name, feed)
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : read(name)))
    const outputs = kernels[node.op]({ inputs, attributes: node.attributes })
    node.outputs.forEach((name, index) => {
      const output = outputs[index]
      if (output) values.set(name, output)
    })
  }
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, read(name)]))
}
