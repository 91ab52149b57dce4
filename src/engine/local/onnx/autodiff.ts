import { EngineError } from '../../../core/errors.ts'
import type { GraphBuilder } from './builder.ts'
import type { Value } from './graph.ts'

/**
 * Appends the nodes that compute the gradient of a scalar, by reverse mode over the builder's tape.
 *
 * The first gradient of a value is kept and later ones are added in the order the tape is walked, so the sums, and
 * with them the bits, depend on the graph alone.
 *
 * @param graph builder whose tape holds the way from the wanted values to the loss
 * @param loss value of rank 0
 * @param wanted values to differentiate with respect to
 * @returns one gradient per wanted value, each with the shape of its value
 * @throws {EngineError} when the loss does not depend on a wanted value
 */
export function backward(graph: GraphBuilder, loss: Value, wanted: readonly Value[]): readonly Value[] {
  const gradients = new Map<string, Value>([[loss.name, graph.scalar(1)]])
  const needs = (value: Value | undefined) => value !== undefined && graph.isTracked(value)
  const take = (value: Value) => {
    const present = gradients.get(value.name)
    gradients.delete(value.name)
    return present
  }
  graph.scoped('backward', () => {
    for (const entry of graph.tape.toReversed()) {
      const incoming = take(entry.output)
      if (!incoming) continue
      const contributions = entry.pullback({ graph, incoming, needs, take })
      entry.inputs.forEach((input, index) => {
        const contribution = contributions[index]
        if (!input || !contribution || !needs(input)) return
        const present = gradients.get(input.name)
        gradients.set(input.name, present ? graph.node('Add', [present, contribution]) : contribution)
      })
    }
  })
  return wanted.map((value) => {
    const gradient = gradients.get(value.name)
    if (!gradient) throw new EngineError(`the loss does not depend on "${value.name}", so it has no gradient`)
    return gradient
  })
}
