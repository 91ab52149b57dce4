import type { GraphBuilder } from './builder.ts'
import { type ElementwiseTypes, elementwise } from './elementwise.ts'
import { type FusedTypes, fused } from './fused.ts'
import type { Value } from './graph.ts'
import type { Operation } from './operation.ts'

type OpTypes = ElementwiseTypes & FusedTypes
export type OpName = keyof OpTypes
type Inputs<Name extends OpName> = OpTypes[Name]['inputs']
type Options<Name extends OpName> = OpTypes[Name]['options']

/** Every differentiable operation of the engine, each with its forward nodes and its gradient rule. */
export const operations: { readonly [Name in OpName]: Operation<OpTypes[Name]> } = { ...elementwise, ...fused }

type OptionsArgument<Name extends OpName> =
  Record<never, never> extends Options<Name> ? [options?: Options<Name>] : [options: Options<Name>]

/**
 * Appends an operation to the graph and to its tape.
 *
 * @param name row of the operation table
 * @param inputs by name; axes as in `FusedTypes`
 * @param options settings of the operation; some have none
 * @returns the operation's output
 * @throws {ShapeError} when the shapes do not fit together
 */
export function apply<Name extends OpName>(
  graph: GraphBuilder,
  name: Name,
  inputs: Inputs<Name>,
  ...[options]: OptionsArgument<Name>
): Value {
  const operation: Operation<OpTypes[Name]> = operations[name]
  const settings: Options<Name> = options ?? {}
  const { output, saved } = graph.scoped(name, () => operation.forward(graph, inputs, settings))
  const rule = operation.gradient
  if (typeof rule === 'function') {
    const named: [string, Value | undefined][] = Object.entries(inputs)
    graph.record({
      output,
      inputs: named.map(([, input]) => input),
      pullback: (context) => {
        const gradients = new Map<string, Value | undefined>(
          Object.entries(rule({ ...context, inputs, options: settings, output, saved })),
        )
        return named.map(([input]) => gradients.get(input))
      },
    })
  }
  return output
}
