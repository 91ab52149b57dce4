import type { GraphBuilder, PullbackContext } from './builder.ts'
import type { Value } from './graph.ts'

type Values = { readonly [name: string]: Value | undefined }

/** The types of one operation: what it reads, its settings, and what its forward pass keeps for the gradient. */
export type OperationTypes<
  Inputs extends Values = Values,
  Options extends object = object,
  Saved extends Values = Values,
> = {
  readonly inputs: Inputs
  readonly options: Options
  readonly saved: Saved
}

/** How a gradient of the output becomes gradients of the inputs, by their names; absent means no gradient. */
export type GradientRule<Types extends OperationTypes> = (
  context: PullbackContext & {
    readonly inputs: Types['inputs']
    readonly options: Types['options']
    readonly output: Value
    readonly saved: Types['saved']
  },
) => { readonly [Name in keyof Types['inputs']]?: Value | undefined }

/**
 * A row of the operation table. Its shape rule is that of the nodes `forward` emits (`nodes.ts`): a wrong shape throws
 * there. `gradient: { none }` states why there is none; the output then counts as a constant.
 */
export type Operation<Types extends OperationTypes> = {
  readonly forward: (
    graph: GraphBuilder,
    inputs: Types['inputs'],
    options: Types['options'],
  ) => { readonly output: Value; readonly saved: Types['saved'] }
  readonly gradient: GradientRule<Types> | { readonly none: string }
}
