/**
 * The two graphs of generation. Both are symbolic in the number of rows and in time, so that one session of each
 * serves every batch; weights are inputs, so that an update needs no new session.
 *
 * Both return the keys and values they computed: the prefill those of the whole prompts, the step only its own row,
 * because every output is copied out of ONNX Runtime.
 */
import { ShapeError } from '../../../core/errors.ts'
import type { DecoderConfig } from '../../types.ts'
import { parameterSpecs } from '../model/parameters.ts'
import { ropeTables } from '../model/rope.ts'
import { GraphBuilder } from '../onnx/builder.ts'
import type { Graph, Shape, Value } from '../onnx/graph.ts'
import { apply } from '../onnx/ops.ts'

/** Added to the scores of positions that must not be seen; finite, so that a row of padding stays finite. */
export const MASKED = -1e9

/** Names of the graphs' inputs and outputs besides the parameters. */
export const names = {
  ids: 'ids',
  positions: 'positions',
  /** Prefill: causal mask, [1, 1, group·T, T]. */
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

/** What both graphs are built from. */
type Build = {
  readonly graph: GraphBuilder
  readonly config: DecoderConfig
  readonly weight: (name: string) => Value
  readonly positions: Value
  readonly cos: Value
  readonly sin: Value
  /** Leading axes of the hidden state: prefill ['B', 'T'], step ['B']. */
  readonly lead: Shape
  /** x [...lead, in] times the transpose of a weight [out, in]. */
  readonly linear: (x: Value, weight: string) => Value
}

/** Query, key and value of one layer, [B, T, heads·headDim] (T is 1 in the step), normed and rotated. */
type Projections = { readonly q: Value; readonly k: Value; readonly v: Value }

/**
 * The graph that reads left-padded prompts.
 *
 * Inputs: parameters, `ids` and `positions` [B, T], `causal`, `padding`. Outputs: `probabilities` of the token after
 * each prompt, [B, vocab], and per layer keys (after RoPE) and values, [B, T, kvHeads·headDim].
 */
export function buildPrefillGraph(config: DecoderConfig): Graph {
  const { numHeads, numKeyValueHeads, headDim } = config
  const group = numHeads / numKeyValueHeads
  const build = begin(config, ['B', 'T'])
  const { graph } = build
  const causal = graph.input(names.causal, [1, 1, 'GT', 'T'])
  const padding = graph.input(names.padding, ['B', 1, 1, 'T'])
  const bias = graph.node('Add', [causal, padding], {}, ['B', 1, 'GT', 'T'])
  const heads = (value: Value, count: number) =>
    transpose(graph, graph.reshape(value, ['B', 'T', count, headDim]), [0, 2, 1, 3])
  const attend = ({ q, k, v }: Projections) => {
    const folded = graph.reshape(heads(q, numHeads), ['B', numKeyValueHeads, 'GT', headDim])
    const [keys, values] = [heads(k, numKeyValueHeads), heads(v, numKeyValueHeads)]
    const mixed = apply(graph, 'attention', { q: folded, k: keys, v: values, bias }, { scale: 1 / Math.sqrt(headDim) })
    const unfolded = graph.reshape(mixed, ['B', numHeads, 'T', headDim])
    return graph.reshape(transpose(graph, unfolded, [0, 2, 1, 3]), ['B', 'T', group * numKeyValueHeads * headDim])
  }
  const hidden = decoderLayers(build, attend)
  const last = graph.node('Slice', [hidden, ...[-1, END_OF_AXIS, 1].map((bound) => graph.integers([bound]))])
  head(build, graph.reshape(last, ['B', config.hiddenSize]))
  return graph.graph()
}

/**
 * The graph that advances every row by one token without copying the cache: past keys and values are only read, as
 * time-major prefixes, and the row's own key and value take part through a score of their own.
 *
 * Inputs: parameters, `ids` [B], `positions` [B, 1], `padding`, per layer the past, [time, B·kvHeads, headDim].
 * Outputs: `probabilities` [B, vocab] and per layer the new keys, [B, 1, kvHeads·headDim], and values,
 * [B, kvHeads·headDim]: the bytes of one time step of the cache.
 */
export function buildStepGraph(config: DecoderConfig): Graph {
  const { numHeads, numKeyValueHeads, headDim } = config
  const group = numHeads / numKeyValueHeads
  const build = begin(config, ['B'])
  const { graph } = build
  const padding = graph.input(names.padding, ['BK', 1, 'past'])
  const alpha = { float: 1 / Math.sqrt(headDim) }
  const attend = (projections: Projections, layer: number) => {
    const pastKey = graph.input(names.pastKey(layer), ['past', 'BK', headDim])
    const pastValue = graph.input(names.pastValue(layer), ['past', 'BK', headDim])
    const q = graph.reshape(projections.q, ['BK', group, headDim])
    const k = graph.reshape(projections.k, ['BK', 1, headDim])
    const v = graph.reshape(projections.v, ['BK', 1, headDim])
    // transBatchB reads [time, batch, headDim] as [batch, time, headDim] without a transpose.
    const pastScores = graph.node('FusedMatMul', [q, pastKey], { transB: ONE, transBatchB: ONE, alpha })
    const ownScore = graph.node('FusedMatMul', [q, k], { transB: ONE, alpha })
    const scores = graph.node('Concat', [ownScore, graph.node('Add', [pastScores, padding])], { axis: { int: 2 } })
    const weights = graph.node('Softmax', [scores], { axis: { int: -1 } })
    const part = (from: number, to: number, shape: Shape) =>
      graph.node('Slice', [weights, ...[from, to, 2].map((bound) => graph.integers([bound]))], {}, shape)
    const pastWeights = part(1, END_OF_AXIS, ['BK', group, 'past'])
    const mixed = graph.node('FusedMatMul', [pastWeights, pastValue], { transBatchB: ONE })
    const own = graph.node('Mul', [part(0, 1, ['BK', group, 1]), v])
    return graph.reshape(graph.node('Add', [mixed, own]), ['B', numHeads * headDim])
  }
  const hidden = decoderLayers(build, attend)
  head(build, hidden)
  return graph.graph()
}

const ONE = { int: 1 } as const
/** ONNX clamps the end of a slice to the axis. */
const END_OF_AXIS = 2 ** 31 - 1

function begin(config: DecoderConfig, lead: Shape): Build {
  const graph = new GraphBuilder()
  const weights = new Map(parameterSpecs(config).map(({ name, shape }) => [name, graph.input(name, shape)]))
  const weight = (name: string) => weights.get(name) ?? missing(name)
  const { cos, sin, shape } = ropeTables(config.headDim, config.ropeTheta, config.maxPositions)
  const isMatrix = lead.length === 1
  return {
    graph,
    config,
    weight,
    positions: graph.input(names.positions, isMatrix ? [...lead, 1] : lead, 'int64'),
    cos: graph.constant(cos, shape),
    sin: graph.constant(sin, shape),
    lead,
    linear: (x, name) =>
      isMatrix
        ? apply(graph, 'linear', { x, weight: weight(name) })
        : graph.node('FusedMatMul', [x, weight(name)], { transB: ONE }),
  }
}

function missing(name: string): never {
  throw new ShapeError(`the decoder has no parameter "${name}"`)
}

/** Appends all layers; `attend` mixes values over time and returns [...lead, heads·headDim]. */
function decoderLayers(build: Build, attend: (projections: Projections, layer: number) => Value): Value {
  const { graph, config, weight, linear } = build
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
    const mixed = linear(attend(projections, layer), `${prefix}.self_attn.o_proj.weight`)
    hidden = graph.node('Add', [hidden, mixed])
    const inner = norm(hidden, `${prefix}.post_attention_layernorm.weight`)
    const gate = linear(inner, `${prefix}.mlp.gate_proj.weight`)
    // QuickGelu with alpha 1 is SiLU in one pass.
    const activated = graph.node('QuickGelu', [gate], { alpha: { float: 1 } })
    const product = graph.node('Mul', [activated, linear(inner, `${prefix}.mlp.up_proj.weight`)])
    hidden = graph.node('Add', [hidden, linear(product, `${prefix}.mlp.down_proj.weight`)])
  }
  return hidden
}

function project(build: Build, x: Value, prefix: string): Projections {
  const { graph, config, weight, positions, cos, sin, lead } = build
  const { numHeads, numKeyValueHeads, headDim, qkNorm, rmsNormEps: epsilon } = config
  const time = lead[1] ?? 1
  const plain = (name: string) => build.linear(x, `${prefix}.${name}_proj.weight`)
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
function head({ graph, config, weight }: Build, hidden: Value): void {
  const final = { x: hidden, weight: weight('model.norm.weight') }
  const normed = apply(graph, 'rmsNorm', final, { epsilon: config.rmsNormEps })
  const table = weight(config.tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight')
  const logits = apply(graph, 'linear', { x: normed, weight: table })
  graph.output(names.probabilities, graph.node('Softmax', [logits], { axis: { int: -1 } }))
}

function transpose(graph: GraphBuilder, value: Value, perm: readonly number[]): Value {
  return graph.node('Transpose', [value], { perm: { ints: perm } })
}
