import type { DecoderConfig, LossName } from '../../types.ts'
import { backward } from '../onnx/autodiff.ts'
import { GraphBuilder } from '../onnx/builder.ts'
import type { Graph, Value } from '../onnx/graph.ts'
import { apply } from '../onnx/ops.ts'
import { type LossInput, losses, type RatioBounds } from './losses.ts'
import { parameterSpecs } from './parameters.ts'
import { ropeTables } from './rope.ts'

/** The static sizes of a training graph. */
export type BatchShape = {
  readonly batch: number
  /** Positions of each sequence; shorter ones are padded on the right. */
  readonly length: number
  /** Positions, of all batch·length, that enter the vocabulary head. */
  readonly rows: number
}

/** Added to a score that must not count. Finite, so that a row without any allowed key stays finite. */
const MASKED = -1e9

type Context = {
  readonly graph: GraphBuilder
  readonly config: DecoderConfig
  readonly shape: BatchShape
  readonly parameter: (name: string) => Value
  readonly rope: (x: Value, heads: number) => Value
  readonly causalBias: Value
}

/** 0 where a query may look, else -1e9, [1, 1, group·T, T]; row r stands for position r mod T. */
function causalBias(graph: GraphBuilder, group: number, length: number): Value {
  const bias = new Float32Array(group * length * length)
  for (let row = 0; row < group * length; row++) {
    bias.fill(MASKED, row * length + (row % length) + 1, (row + 1) * length)
  }
  return graph.constant(bias, [1, 1, group * length, length])
}

function createContext(graph: GraphBuilder, config: DecoderConfig, shape: BatchShape): Context {
  const { batch, length } = shape
  const parameters = new Map(parameterSpecs(config).map(({ name, shape: dims }) => [name, graph.parameter(name, dims)]))
  const tables = ropeTables(config.headDim, config.ropeTheta, length)
  const [cos, sin, negatedSin] = [tables.cos, tables.sin, tables.negatedSin].map((table) =>
    graph.constant(table, tables.shape),
  )
  const positions = graph.constant(
    BigInt64Array.from({ length: batch * length }, (_, i) => BigInt(i % length)),
    [batch, length],
  )
  return {
    graph,
    config,
    shape,
    parameter: (name) => parameters.get(name)!,
    rope: (x, heads) =>
      apply(graph, 'rope', { x, positions, cos: cos!, sin: sin!, negatedSin: negatedSin! }, { heads }),
    causalBias: causalBias(graph, config.numHeads / config.numKeyValueHeads, length),
  }
}

function norm({ graph, config, parameter }: Context, x: Value, name: string): Value {
  return apply(graph, 'rmsNorm', { x, weight: parameter(name) }, { epsilon: config.rmsNormEps })
}

/** x [N, hiddenSize] projected onto heads, [batch, heads, T, headDim], normed and rotated if asked. */
function projectHeads(
  context: Context,
  x: Value,
  heads: number,
  { weight, headNorm, rotates }: { weight: string; headNorm?: string | undefined; rotates: boolean },
): Value {
  const { graph, parameter, rope } = context
  const { batch, length } = context.shape
  const { headDim } = context.config
  let y = apply(graph, 'linear', { x, weight: parameter(weight) })
  if (headNorm !== undefined) {
    const perHead = apply(graph, 'reshape', { x: y }, { shape: [batch * length * heads, headDim] })
    y = norm(context, perHead, headNorm)
  }
  if (rotates) y = rope(apply(graph, 'reshape', { x: y }, { shape: [batch, length, heads * headDim] }), heads)
  const split = apply(graph, 'reshape', { x: y }, { shape: [batch, length, heads, headDim] })
  return apply(graph, 'transpose', { x: split }, { permutation: [0, 2, 1, 3] })
}

/** Attention of one layer with its residual, [N, hiddenSize]. */
function attentionBlock(context: Context, x: Value, prefix: string): Value {
  const { graph, config, shape, parameter } = context
  const { batch, length } = shape
  const { numHeads, numKeyValueHeads, headDim } = config
  const normed = norm(context, x, `${prefix}input_layernorm.weight`)
  const project = (letter: 'q' | 'k' | 'v', heads: number) =>
    projectHeads(context, normed, heads, {
      weight: `${prefix}self_attn.${letter}_proj.weight`,
      headNorm: config.qkNorm && letter !== 'v' ? `${prefix}self_attn.${letter}_norm.weight` : undefined,
      rotates: letter !== 'v',
    })
  const folded = [batch, numKeyValueHeads, (numHeads / numKeyValueHeads) * length, headDim]
  const q = apply(graph, 'reshape', { x: project('q', numHeads) }, { shape: folded })
  const k = project('k', numKeyValueHeads)
  const v = project('v', numKeyValueHeads)
  const mixed = apply(graph, 'attention', { q, k, v, bias: context.causalBias }, { scale: 1 / Math.sqrt(headDim) })
  const unfolded = apply(graph, 'reshape', { x: mixed }, { shape: [batch, numHeads, length, headDim] })
  const timeMajor = apply(graph, 'transpose', { x: unfolded }, { permutation: [0, 2, 1, 3] })
  const merged = apply(graph, 'reshape', { x: timeMajor }, { shape: [batch * length, numHeads * headDim] })
  return apply(graph, 'linear', { x: merged, weight: parameter(`${prefix}self_attn.o_proj.weight`), residual: x })
}

/** SwiGLU of one layer with its residual, [N, hiddenSize]. */
function feedForwardBlock(context: Context, x: Value, prefix: string): Value {
  const { graph, parameter } = context
  const normed = norm(context, x, `${prefix}post_attention_layernorm.weight`)
  const gate = apply(graph, 'linear', { x: normed, weight: parameter(`${prefix}mlp.gate_proj.weight`) })
  const up = apply(graph, 'linear', { x: normed, weight: parameter(`${prefix}mlp.up_proj.weight`) })
  const activated = apply(graph, 'swiglu', { gate, up })
  return apply(graph, 'linear', { x: activated, weight: parameter(`${prefix}mlp.down_proj.weight`), residual: x })
}

/** log p(target) of the selected positions, nats, [rows]. */
function buildLogprobs(context: Context): Value {
  const { graph, config, parameter } = context
  const { batch, length, rows } = context.shape
  const inputTokens = graph.input('inputTokens', [batch * length], 'int64')
  const selected = graph.input('rows', [rows], 'int64')
  const targets = graph.input('targetTokens', [rows], 'int64')
  const embedding = parameter('model.embed_tokens.weight')
  let x = apply(graph, 'gatherRows', { table: embedding, rows: inputTokens })
  for (let layer = 0; layer < config.numLayers; layer++) {
    const prefix = `model.layers.${layer}.`
    x = graph.scoped(`layer${layer}`, () => feedForwardBlock(context, attentionBlock(context, x, prefix), prefix))
  }
  return graph.scoped('head', () => {
    const hidden = norm(context, apply(graph, 'gatherRows', { table: x, rows: selected }), 'model.norm.weight')
    const head = config.tieEmbeddings ? embedding : parameter('lm_head.weight')
    return apply(graph, 'logprob', { hidden, head, targets })
  })
}

/**
 * The forward pass. Inputs: every parameter; `inputTokens` [batch·T], `rows` [rows] (positions to score, as indices
 * into batch·T) and `targetTokens` [rows], all int64. Output: `logprobs` [rows], nats.
 *
 * Sequences are padded on the right and positions count from 0: under the causal mask no real position sees a pad, so
 * no padding mask is needed.
 *
 * @throws {ConfigError} when the decoder cannot be built
 */
export function buildForwardGraph(config: DecoderConfig, shape: BatchShape): Graph {
  const graph = new GraphBuilder()
  graph.output('logprobs', buildLogprobs(createContext(graph, config, shape)))
  return graph.graph()
}

/** Name of the graph output with a parameter's gradient. */
export function gradientName(parameter: string): string {
  return `gradient/${parameter}`
}

/** Name of the graph input with a loss's per-token array. */
export function lossInputName(input: LossInput): string {
  return `loss/${input}`
}

/**
 * Forward and backward pass of a summed loss. Inputs: those of the forward graph and the loss's own (`loss/weights`, or
 * `loss/logprobs` and `loss/advantages`), float32 [rows]. Outputs: `loss` (scalar), `logprobs` [rows], and `gradient/<name>` for
 * every parameter.
 *
 * @throws {ConfigError} when the decoder cannot be built
 */
export function buildTrainingGraph(
  config: DecoderConfig,
  shape: BatchShape,
  loss: LossName,
  bounds: RatioBounds,
): Graph {
  const graph = new GraphBuilder()
  const context = createContext(graph, config, shape)
  const logprobs = buildLogprobs(context)
  const row = losses[loss]
  const inputs = new Map(row.inputs.map((name) => [name, graph.input(lossInputName(name), [shape.rows])]))
  const total = graph.scoped('loss', () => row.build(graph, logprobs, (name) => inputs.get(name)!, bounds))
  graph.output('loss', total)
  graph.output('logprobs', logprobs)
  const specs = parameterSpecs(config)
  const gradients = backward(
    graph,
    total,
    specs.map(({ name }) => context.parameter(name)),
  )
  specs.forEach(({ name }, index) => {
    graph.output(gradientName(name), gradients[index]!)
  })
  return graph.graph()
}
