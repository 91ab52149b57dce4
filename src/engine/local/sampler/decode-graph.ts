/**
 * The two graphs of generation. Both are symbolic in the number of rows and in time, so that one session of each
 * serves every batch; weights are inputs, so that an update needs no new session.
 *
 * Both return the keys and values they computed: the prefill those of the whole prompts, the step only its own row,
 * because every output is copied out of ONNX Runtime.
 */
import { ShapeError } from '../../../core/errors.ts'
import type { DecoderConfig } from '../../types.ts'
import { loraScale, type ModelShape } from '../model/model.ts'
import { adapterSpecs, parameterSpecs } from '../model/parameters.ts'
import { createRopeTables, type RopeConfig } from '../model/rope.ts'
import { GraphBuilder } from '../onnx/builder.ts'
import type { Graph, Shape, Value } from '../onnx/graph.ts'
import { apply } from '../onnx/ops.ts'
import { multiplySizes } from '../onnx/sizes.ts'
import type { Feeds } from '../session.ts'

/** Added to the scores of positions that must not be seen; finite, so that a row of padding stays finite. */
export const MASKED = -1e9

/** Names of the graphs' inputs and outputs besides the parameters. */
export const names = {
  ids: 'ids',
  positions: 'positions',
  /** Tables of the rotary embedding, [angles, headDim / 2], a row for every position that occurs. */
  cos: 'cos',
  sin: 'sin',
  /** Prefill: causal mask, [1, 1, T, T]. */
  causal: 'causal',
  /** Prefill: mask of the left padding, [prompt, 1, 1, T]. Step: the same per key/value head, [row·kvHeads, 1, time]. */
  padding: 'padding',
  probabilities: 'probabilities',
  pastKey: (layer: number) => `past_key_${layer}`,
  pastValue: (layer: number) => `past_value_${layer}`,
  newKey: (layer: number) => `new_key_${layer}`,
  newValue: (layer: number) => `new_value_${layer}`,
} as const

/** Outputs of either graph. */
export function outputNames(config: DecoderConfig): readonly string[] {
  const layers = Array.from({ length: config.numLayers }, (_, layer) => layer)
  return [names.probabilities, ...layers.flatMap((layer) => [names.newKey(layer), names.newValue(layer)])]
}

/** Feeds both graphs with the angles of positions 0 to `positions` - 1, from a table that grows with what is asked for. */
export function createRopeFeeds(
  config: RopeConfig & Pick<DecoderConfig, 'maxPositions'>,
): (positions: number) => Feeds {
  const tables = createRopeTables(config)
  return (positions) => {
    const { cos, sin, shape } = tables(positions)
    return {
      [names.cos]: { dtype: 'float32', shape, data: cos },
      [names.sin]: { dtype: 'float32', shape, data: sin },
    }
  }
}

/** What both graphs are built from. */
type Build = {
  readonly graph: GraphBuilder
  readonly config: DecoderConfig
  /** A weight by name; absent where the model has none of that name. */
  readonly find: (name: string) => Value | undefined
  readonly weight: (name: string) => Value
  readonly positions: Value
  readonly cos: Value
  readonly sin: Value
  /** Leading axes of the hidden state: prefill ['B', 'T'], step ['B']. */
  readonly lead: Shape
  /** Factor of an adapter's output. */
  readonly adapterScale: number
}

/** Query, key and value of one layer, [B, T, heads·headDim] (T is 1 in the step), normed and rotated. */
type Projections = { readonly q: Value; readonly k: Value; readonly v: Value }

/**
 * The graph that reads left-padded prompts.
 *
 * Inputs: weights, `ids` and `positions` [B, T], `cos`, `sin`, `causal`, `padding`. Outputs: `probabilities` of the token after
 * each prompt, [B, vocab], and per layer keys (after RoPE) and values, [B, T, kvHeads·headDim].
 */
export function buildPrefillGraph(shape: ModelShape): Graph {
  const { config } = shape
  const { numHeads, numKeyValueHeads, headDim } = config
  // The query heads that share a key are folded into rows of their key's head.
  const folded = multiplySizes(numHeads / numKeyValueHeads, 'T')
  const build = begin(shape, ['B', 'T'])
  const { graph } = build
  const causal = graph.input(names.causal, [1, 1, 'T', 'T'])
  const padding = graph.input(names.padding, ['B', 1, 1, 'T'])
  const bias = graph.node('Add', [causal, padding], {}, ['B', 1, 'T', 'T'])
  const alpha = { float: 1 / Math.sqrt(headDim) }
  const heads = (value: Value, count: number) =>
    transpose(graph, graph.reshape(value, ['B', 'T', count, headDim]), [0, 2, 1, 3])
  const attend = ({ q, k, v }: Projections) => {
    const queries = graph.reshape(heads(q, numHeads), ['B', numKeyValueHeads, folded, headDim])
    const [keys, values] = [heads(k, numKeyValueHeads), heads(v, numKeyValueHeads)]
    const scores = graph.node('FusedMatMul', [queries, keys], { transB: ONE, alpha })
    // Unfolded for the bias and folded again, which moves no number: one mask serves all heads.
    const biased = graph.node('Add', [graph.reshape(scores, ['B', numHeads, 'T', 'T']), bias])
    const weights = graph.node('Softmax', [biased], { axis: { int: -1 } })
    const mixed = graph.node('FusedMatMul', [graph.reshape(weights, ['B', numKeyValueHeads, folded, 'T']), values])
    const unfolded = graph.reshape(mixed, ['B', numHeads, 'T', headDim])
    return graph.reshape(transpose(graph, unfolded, [0, 2, 1, 3]), ['B', 'T', numHeads * headDim])
  }
  const hidden = decoderLayers(build, attend)
  const bounds = [-1, END_OF_AXIS, 1].map((bound) => graph.integers([bound]))
  const last = graph.node('Slice', [hidden, ...bounds], {}, ['B', 1, config.hiddenSize])
  head(build, graph.reshape(last, ['B', config.hiddenSize]))
  return graph.graph()
}

/**
 * The graph that advances every row by one token without copying the cache: past keys and values are only read, as
 * time-major prefixes, and the row's own key and value take part through a score of their own.
 *
 * Inputs: weights, `ids` [B], `positions` [B, 1], `cos`, `sin`, `padding`, per layer the past, [time, B·kvHeads, headDim].
 * Outputs: `probabilities` [B, vocab] and per layer the new keys, [B, 1, kvHeads·headDim], and values,
 * [B, kvHeads·headDim]: the bytes of one time step of the cache.
 */
export function buildStepGraph(shape: ModelShape): Graph {
  const { numHeads, numKeyValueHeads, headDim } = shape.config
  const group = numHeads / numKeyValueHeads
  const rows = multiplySizes(numKeyValueHeads, 'B')
  const build = begin(shape, ['B'])
  const { graph } = build
  const padding = graph.input(names.padding, [rows, 1, 'past'])
  const alpha = { float: 1 / Math.sqrt(headDim) }
  const attend = (projections: Projections, layer: number) => {
    const pastKey = graph.input(names.pastKey(layer), ['past', rows, headDim])
    const pastValue = graph.input(names.pastValue(layer), ['past', rows, headDim])
    const q = graph.reshape(projections.q, [rows, group, headDim])
    const k = graph.reshape(projections.k, [rows, 1, headDim])
    const v = graph.reshape(projections.v, [rows, 1, headDim])
    // transBatchB reads [time, batch, headDim] as [batch, time, headDim] without a transpose.
    const pastScores = graph.node('FusedMatMul', [q, pastKey], { transB: ONE, transBatchB: ONE, alpha })
    const ownScore = graph.node('FusedMatMul', [q, k], { transB: ONE, alpha })
    const parts = [ownScore, graph.node('Add', [pastScores, padding])]
    const scores = graph.node('Concat', parts, { axis: { int: 2 } }, [rows, group, 'steps'])
    const weights = graph.node('Softmax', [scores], { axis: { int: -1 } })
    const part = (from: number, to: number, shape: Shape) =>
      graph.node('Slice', [weights, ...[from, to, 2].map((bound) => graph.integers([bound]))], {}, shape)
    const pastWeights = part(1, END_OF_AXIS, [rows, group, 'past'])
    const mixed = graph.node('FusedMatMul', [pastWeights, pastValue], { transBatchB: ONE })
    const own = graph.node('Mul', [part(0, 1, [rows, group, 1]), v])
    return graph.reshape(graph.node('Add', [mixed, own]), ['B', numHeads * headDim])
  }
  const hidden = decoderLayers(build, attend)
  head(build, hidden)
  return graph.graph()
}

const ONE = { int: 1 } as const
/** ONNX clamps the end of a slice to the axis. */
const END_OF_AXIS = 2 ** 31 - 1

function begin({ config, lora }: ModelShape, lead: Shape): Build {
  const graph = new GraphBuilder()
  const specs = [...parameterSpecs(config), ...(lora ? adapterSpecs(config, lora) : [])]
  const weights = new Map(specs.map(({ name, shape }) => [name, graph.input(name, shape)]))
  const find = (name: string) => weights.get(name)
  const tables: Shape = ['angles', config.headDim / 2]
  return {
    graph,
    config,
    find,
    weight: (name) => find(name) ?? missing(name),
    positions: graph.input(names.positions, lead.length === 1 ? [...lead, 1] : lead, 'int64'),
    cos: graph.input(names.cos, tables),
    sin: graph.input(names.sin, tables),
    lead,
    adapterScale: lora ? loraScale(lora) : 1,
  }
}

/** x [..., in] through a linear layer with the bias and the adapter it has, [..., out]. */
function linear(build: Build, x: Value, module: string, weight = build.weight(`${module}.weight`)): Value {
  const { graph, find, adapterScale: scale } = build
  const bias = find(`${module}.bias`)
  const [down, up] = [find(`${module}.lora_A.weight`), find(`${module}.lora_B.weight`)]
  if (x.shape.length === 2) {
    const base = apply(graph, 'linear', { x, weight, bias })
    if (!down || !up) return base
    const lowRank = apply(graph, 'linear', { x, weight: down })
    return apply(graph, 'linear', { x: lowRank, weight: up, residual: base }, { scale })
  }
  // Gemm takes matrices alone.
  const multiply = (left: Value, matrix: Value, alpha = 1) =>
    graph.node('FusedMatMul', [left, matrix], { transB: ONE, alpha: { float: alpha } })
  const product = multiply(x, weight)
  const base = bias ? graph.node('Add', [product, bias]) : product
  return down && up ? graph.node('Add', [base, multiply(multiply(x, down), up, scale)]) : base
}

function missing(name: string): never {
  throw new ShapeError(`the decoder has no parameter "${name}"`)
}

/** Appends all layers; `attend` mixes values over time and returns [...lead, heads·headDim]. */
function decoderLayers(build: Build, attend: (projections: Projections, layer: number) => Value): Value {
  const { graph, config, weight } = build
  const ids = graph.input(names.ids, build.lead, 'int64')
  const norm = (x: Value, name: string) =>
    apply(graph, 'rmsNorm', { x, weight: weight(name) }, { epsilon: config.rmsNormEps })
  let hidden = graph.node('Gather', [weight('model.embed_tokens.weight'), ids], { axis: { int: 0 } })
  for (let layer = 0; layer < config.numLayers; layer += 1) {
    const prefix = `model.layers.${layer}`
    const normed = norm(hidden, `${prefix}.input_layernorm.weight`)
    const projections = project(build, normed, `${prefix}.self_attn`)
    graph.output(names.newKey(layer), projections.k)
    graph.output(names.newValue(layer), projections.v)
    const mixed = linear(build, attend(projections, layer), `${prefix}.self_attn.o_proj`)
    hidden = graph.node('Add', [hidden, mixed])
    const inner = norm(hidden, `${prefix}.post_attention_layernorm.weight`)
    const gate = linear(build, inner, `${prefix}.mlp.gate_proj`)
    // QuickGelu with alpha 1 is SiLU in one pass.
    const activated = graph.node('QuickGelu', [gate], { alpha: { float: 1 } })
    const product = graph.node('Mul', [activated, linear(build, inner, `${prefix}.mlp.up_proj`)])
    hidden = graph.node('Add', [hidden, linear(build, product, `${prefix}.mlp.down_proj`)])
  }
  return hidden
}

function project(build: Build, x: Value, prefix: string): Projections {
  const { graph, config, weight, positions, cos, sin, lead } = build
  const { numHeads, numKeyValueHeads, headDim, qkNorm, rmsNormEps: epsilon } = config
  const time = lead[1] ?? 1
  const plain = (name: string) => linear(build, x, `${prefix}.${name}_proj`)
  const rotated = (name: 'q' | 'k', heads: number) => {
    const flat = plain(name)
    const perHead = graph.reshape(flat, [...lead, heads, headDim])
    const normed = qkNorm
      ? apply(graph, 'rmsNorm', { x: perHead, weight: weight(`${prefix}.${name}_norm.weight`) }, { epsilon })
      : perHead
    const sequence = graph.reshape(normed, ['B', time, heads * headDim])
    // Only training asks for the gradient, and with it the negated table.
    return apply(graph, 'rope', { x: sequence, positions, cos, sin, negatedSin: sin }, { heads })
  }
  return { q: rotated('q', numHeads), k: rotated('k', numKeyValueHeads), v: plain('v') }
}

/** Appends the final norm, the vocabulary head and the softmax for hidden [B, width]. */
function head(build: Build, hidden: Value): void {
  const { graph, config, weight } = build
  const final = { x: hidden, weight: weight('model.norm.weight') }
  const normed = apply(graph, 'rmsNorm', final, { epsilon: config.rmsNormEps })
  const table = weight(config.tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight')
  const logits = linear(build, normed, 'lm_head', table)
  graph.output(names.probabilities, graph.node('Softmax', [logits], { axis: { int: -1 } }))
}

function transpose(graph: GraphBuilder, value: Value, perm: readonly number[]): Value {
  return graph.node('Transpose', [value], { perm: { ints: perm } })
}
