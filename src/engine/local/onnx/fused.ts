import type { GraphBuilder } from './builder.ts'
import type { Value } from './graph.ts'
import type { Operation, OperationTypes } from './operation.ts'

type None = Record<never, never>

/** Types of the operations a decoder is made of; axes in brackets. */
export type FusedTypes = {
  /**
   * q [batch, kvHeads, group·T, headDim]; k, v [batch, kvHeads, T, headDim]; bias broadcastable to
   * [batch, kvHeads, group·T, T], 0 or -1e9. The heads that share a key are folded into the rows, so that nothing is
   * repeated forward and nothing is summed back.
   */
  readonly attention: OperationTypes<
    { readonly q: Value; readonly k: Value; readonly v: Value; readonly bias: Value },
    { readonly scale: number },
    { readonly weights: Value }
  >
  /** table [size, width], rows [N] of int64; the rows named, [N, width]. */
  readonly gatherRows: OperationTypes<{ readonly table: Value; readonly rows: Value }, None, None>
  /** x [N, in], weight [out, in], bias [out], residual [N, out]; scale·x·weightᵀ + bias + residual, [N, out]. */
  readonly linear: OperationTypes<
    {
      readonly x: Value
      readonly weight: Value
      readonly bias?: Value | undefined
      readonly residual?: Value | undefined
    },
    { readonly scale?: number },
    None
  >
  /**
   * hidden [M, width], head [vocab, width], targets [M] of int64; log-probability of each target, nats, [M]. The logits
   * are hidden·headᵀ, plus lowRank·lowRankHeadᵀ where both are given: lowRank [M, rank], lowRankHead [vocab, rank].
   */
  readonly logprob: OperationTypes<
    {
      readonly hidden: Value
      readonly head: Value
      readonly targets: Value
      readonly lowRank?: Value | undefined
      readonly lowRankHead?: Value | undefined
    },
    None,
    { readonly probabilities: Value }
  >
  /** x [N, width], weight [width]; x / rms(x) ∘ weight. */
  readonly rmsNorm: OperationTypes<
    { readonly x: Value; readonly weight: Value },
    { readonly epsilon: number },
    { readonly inverseRms: Value }
  >
  /** x [batch, T, heads·headDim], positions [batch, T] of int64, tables [maxPositions, headDim / 2]. */
  readonly rope: OperationTypes<
    {
      readonly x: Value
      readonly positions: Value
      readonly cos: Value
      readonly sin: Value
      readonly negatedSin: Value
    },
    { readonly heads: number },
    None
  >
  /** gate, up [N, width]; gate ∘ sigmoid(gate) ∘ up. */
  readonly swiglu: OperationTypes<
    { readonly gate: Value; readonly up: Value },
    None,
    { readonly sigmoid: Value; readonly activated: Value }
  >
}

type GemmOptions = {
  readonly transA?: boolean
  readonly transB?: boolean
  readonly scale?: number
  readonly addend?: Value | undefined
}

function gemm(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  { transA = false, transB = false, scale = 1, addend }: GemmOptions = {},
): Value {
  const attributes = { transA: { int: Number(transA) }, transB: { int: Number(transB) }, alpha: { float: scale } }
  return graph.node('Gemm', addend ? [a, b, addend] : [a, b], attributes)
}

type MatMulOptions = { readonly transA?: boolean; readonly transB?: boolean; readonly alpha?: number }

function matMul(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  { transA = false, transB = false, alpha = 1 }: MatMulOptions = {},
): Value {
  const attributes = { transA: { int: Number(transA) }, transB: { int: Number(transB) }, alpha: { float: alpha } }
  return graph.node('FusedMatMul', [a, b], attributes)
}

function zeros(graph: GraphBuilder, shape: Value['shape']): Value {
  return graph.node('Expand', [graph.scalar(0), graph.shapeTensor(shape)])
}

/** base [size, width] with updates [N, width] added onto the rows named; rows may repeat. */
function scatterAdd(graph: GraphBuilder, base: Value, rows: Value, updates: Value): Value {
  const column = graph.reshape(rows, [...rows.shape, 1])
  const index = graph.node('Expand', [column, graph.shapeTensor(updates.shape)])
  return graph.node('ScatterElements', [base, index, updates], { axis: { int: 0 }, reduction: { string: 'add' } })
}

const attention: Operation<FusedTypes['attention']> = {
  forward: (graph, { q, k, v, bias }, { scale }) => {
    const scores = graph.node('Add', [matMul(graph, q, k, { transB: true, alpha: scale }), bias])
    const weights = graph.node('Softmax', [scores], { axis: { int: -1 } })
    return { output: matMul(graph, weights, v), saved: { weights } }
  },
  // rowsum(dP ∘ P) = rowsum(do ∘ o): the second is a sum over headDim instead of T.
  gradient: ({ graph, incoming, inputs: { q, k, v }, options: { scale }, output, saved: { weights }, needs }) => {
    const scoreGradient = () => {
      const dWeights = matMul(graph, incoming, v, { transB: true })
      const product = graph.node('Mul', [incoming, output])
      const delta = graph.node('ReduceSum', [product, graph.integers([3])], { keepdims: { int: 1 } })
      return graph.node('Mul', [graph.node('Sub', [dWeights, delta]), weights])
    }
    const dScores = needs(q) || needs(k) ? scoreGradient() : undefined
    return {
      q: dScores && needs(q) ? matMul(graph, dScores, k, { alpha: scale }) : undefined,
      k: dScores && needs(k) ? matMul(graph, dScores, q, { transA: true, alpha: scale }) : undefined,
      v: needs(v) ? matMul(graph, weights, incoming, { transA: true }) : undefined,
    }
  },
}

const gatherRows: Operation<FusedTypes['gatherRows']> = {
  forward: (graph, { table, rows }) => ({
    output: graph.node('Gather', [table, rows], { axis: { int: 0 } }),
    saved: {},
  }),
  gradient: ({ graph, incoming, inputs: { table, rows }, take }) => ({
    table: scatterAdd(graph, take(table) ?? zeros(graph, table.shape), rows, incoming),
  }),
}

const linear: Operation<FusedTypes['linear']> = {
  // A Gemm adds one matrix for free: the residual if there is one, since the bias is cheap to add by itself.
  forward: (graph, { x, weight, bias, residual }, { scale = 1 }) => {
    const product = gemm(graph, x, weight, { transB: true, scale, addend: residual ?? bias })
    return { output: residual && bias ? graph.node('Add', [product, bias]) : product, saved: {} }
  },
  gradient: ({ graph, incoming, inputs: { x, weight, bias }, options: { scale = 1 }, needs, take }) => ({
    x: needs(x) ? gemm(graph, incoming, weight, { scale, addend: take(x) }) : undefined,
    weight: needs(weight) ? gemm(graph, incoming, x, { transA: true, scale, addend: take(weight) }) : undefined,
    bias: needs(bias) ? graph.node('ReduceSum', [incoming, graph.integers([0])], { keepdims: { int: 0 } }) : undefined,
    residual: incoming,
  }),
}

const logprob: Operation<FusedTypes['logprob']> = {
  // log p_t = z_t - max z - log Σ exp(z - max z), and the largest probability is exactly 1 / Σ exp(z - max z).
  forward: (graph, { hidden, head, targets, lowRank, lowRankHead }) => {
    const addend = lowRank && lowRankHead ? gemm(graph, lowRank, lowRankHead, { transB: true }) : undefined
    const logits = gemm(graph, hidden, head, { transB: true, addend })
    const probabilities = graph.node('Softmax', [logits], { axis: { int: -1 } })
    const rowMax = (value: Value) => graph.node('ReduceMax', [value, graph.integers([1])], { keepdims: { int: 1 } })
    const column = graph.reshape(targets, [...targets.shape, 1])
    const picked = graph.node('GatherElements', [logits, column], { axis: { int: 1 } })
    const shifted = graph.node('Sub', [picked, rowMax(logits)])
    const result = graph.node('Add', [shifted, graph.node('Log', [rowMax(probabilities)])])
    return { output: graph.reshape(result, targets.shape), saved: { probabilities } }
  },
  // The gradient of the logits, c ∘ (onehot - p), is never materialised: its products with E and h are built directly.
  gradient: ({ graph, incoming, inputs, saved: { probabilities }, needs, take }) => {
    const { hidden, head, targets, lowRank, lowRankHead } = inputs
    const scale = graph.reshape(incoming, [...incoming.shape, 1])
    const ofRows = (rows: Value | undefined, matrix: Value | undefined) => {
      if (!rows || !matrix || !needs(rows)) return undefined
      const targetRows = graph.node('Gather', [matrix, targets], { axis: { int: 0 } })
      return graph.node('Mul', [graph.node('Sub', [targetRows, gemm(graph, probabilities, matrix)]), scale])
    }
    const ofMatrix = (rows: Value | undefined, matrix: Value | undefined) => {
      if (!rows || !matrix || !needs(matrix)) return undefined
      const scaled = graph.node('Mul', [rows, scale])
      const negated = graph.node('Neg', [scaled])
      const spread = gemm(graph, probabilities, negated, { transA: true, addend: take(matrix) })
      return scatterAdd(graph, spread, targets, scaled)
    }
    return {
      hidden: ofRows(hidden, head),
      head: ofMatrix(hidden, head),
      lowRank: ofRows(lowRank, lowRankHead),
      lowRankHead: ofMatrix(lowRank, lowRankHead),
    }
  },
}

const rmsNorm: Operation<FusedTypes['rmsNorm']> = {
  forward: (graph, { x, weight }, { epsilon }) => {
    const attributes = { axis: { int: -1 }, epsilon: { float: epsilon }, stash_type: { int: 1 } }
    const [output, inverseRms] = graph.nodes('SimplifiedLayerNormalization', [x, weight], attributes)
    return { output: output!, saved: { inverseRms: inverseRms! } }
  },
  gradient: ({ graph, incoming, inputs: { x, weight }, saved: { inverseRms }, needs }) => {
    const width = Number(weight.shape[0])
    const product = graph.node('Mul', [incoming, x])
    const dX = () => {
      const projection = gemm(graph, product, graph.reshape(weight, [width, 1]))
      const cube = graph.node('Mul', [inverseRms, graph.node('Mul', [inverseRms, inverseRms])])
      const coefficient = graph.node('Mul', [graph.node('Mul', [projection, graph.scalar(1 / width)]), cube])
      const direct = graph.node('Mul', [graph.node('Mul', [incoming, weight]), inverseRms])
      return graph.node('Sub', [direct, graph.node('Mul', [x, coefficient])])
    }
    const dWeight = () => graph.reshape(gemm(graph, inverseRms, product, { transA: true }), [width])
    return { x: needs(x) ? dX() : undefined, weight: needs(weight) ? dWeight() : undefined }
  },
}

function rotate(graph: GraphBuilder, x: Value, positions: Value, cos: Value, sin: Value, heads: number): Value {
  const attributes = { interleaved: { int: 0 }, num_heads: { int: heads }, rotary_embedding_dim: { int: 0 } }
  return graph.node('RotaryEmbedding', [x, positions, cos, sin], attributes)
}

const rope: Operation<FusedTypes['rope']> = {
  forward: (graph, { x, positions, cos, sin }, { heads }) => ({
    output: rotate(graph, x, positions, cos, sin, heads),
    saved: {},
  }),
  // A rotation is orthogonal: its transpose turns the other way.
  gradient: ({ graph, incoming, inputs: { positions, cos, negatedSin }, options: { heads } }) => ({
    x: rotate(graph, incoming, positions, cos, negatedSin, heads),
  }),
}

const swiglu: Operation<FusedTypes['swiglu']> = {
  forward: (graph, { gate, up }) => {
    const sigmoid = graph.node('Sigmoid', [gate])
    const activated = graph.node('Mul', [gate, sigmoid])
    return { output: graph.node('Mul', [activated, up]), saved: { sigmoid, activated } }
  },
  // d silu(g) / dg = s + a ∘ (1 - s), with s = sigmoid(g) and a = g ∘ s.
  gradient: ({ graph, incoming, inputs: { gate, up }, saved: { sigmoid, activated }, needs }) => {
    const dGate = () => {
      const complement = graph.node('Sub', [graph.scalar(1), sigmoid])
      const slope = graph.node('Add', [sigmoid, graph.node('Mul', [activated, complement])])
      return graph.node('Mul', [graph.node('Mul', [incoming, up]), slope])
    }
    return {
      gate: needs(gate) ? dGate() : undefined,
      up: needs(up) ? graph.node('Mul', [incoming, activated]) : undefined,
    }
  },
}

/** Rows of the operation table for the parts of a decoder, each a few nodes with a gradient written by hand. */
export const fused: { readonly [Name in keyof FusedTypes]: Operation<FusedTypes[Name]> } = {
  attention,
  gatherRows,
  linear,
  logprob,
  rmsNorm,
  rope,
  swiglu,
}
