/**
 * The graph as plain data: one list of nodes that can be encoded for ONNX Runtime (`proto.ts`) and executed by the
 * float64 oracle (`interpreter.ts`), so that both run the very same computation.
 */

/** Element types the engine uses. */
export type DataType = 'float32' | 'float64' | 'int64' | 'bool'

/**
 * A size known when the graph is built, or the name of one that is known at run time only. A name may be a product of
 * names, such as `2*length` (`sizes.ts`).
 */
export type Dim = number | string
export type Shape = readonly Dim[]

export type TensorType = { readonly shape: Shape; readonly dtype: DataType }

/** A tensor of the graph; names are unique within a graph. */
export type Value = TensorType & { readonly name: string }

/**
 * Every ONNX operator the engine may use. ScatterND is absent on purpose: its `reduction=add` loses updates at two
 * threads; `ScatterElements` does not.
 */
export type NodeOp =
  | 'Add'
  | 'Cast'
  | 'Clip'
  | 'Concat'
  | 'Equal'
  | 'Exp'
  | 'Expand'
  | 'FusedMatMul'
  | 'Gather'
  | 'GatherElements'
  | 'Gemm'
  | 'Identity'
  | 'LessOrEqual'
  | 'Log'
  | 'Min'
  | 'Mul'
  | 'Neg'
  | 'QuickGelu'
  | 'ReduceMax'
  | 'ReduceSum'
  | 'Reshape'
  | 'RotaryEmbedding'
  | 'ScatterElements'
  | 'Shape'
  | 'Sigmoid'
  | 'SimplifiedLayerNormalization'
  | 'Slice'
  | 'Softmax'
  | 'Sub'
  | 'Transpose'

/** ONNX tells integer from floating attributes, JavaScript does not: the kind is part of the value. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string }

export type Attributes = { readonly [name: string]: Attribute }

export type GraphNode = {
  readonly op: NodeOp
  readonly domain: '' | 'com.microsoft'
  /** Scope and number, for profiles and error messages. */
  readonly name: string
  /** Names of the values read; an omitted optional input is the empty string. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** One per output. */
  readonly types: readonly TensorType[]
  readonly attributes: Attributes
}

/** A constant baked into the model file. */
export type Constant = {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: DataType
  readonly data: Float32Array | Float64Array | BigInt64Array
}

/** A whole computation; `nodes` are in an order in which they can be executed. */
export type Graph = {
  readonly nodes: readonly GraphNode[]
  readonly constants: readonly Constant[]
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
}
