import type { DecoderConfig, LossName } from '../../types.ts'
import { backward } from '../onnx/autodiff.ts'
import { GraphBuilder } from '../onnx/builder.ts'
import type { Dim, Graph, Value } from '../onnx/graph.ts'
import { apply } from '../onnx/ops.ts'
import { multiplySizes } from '../onnx/sizes.ts'
import { type LossInput, losses, type RatioBounds } from './losses.ts'
import { loraScale, type ModelShape } from './model.ts'
import { adapterSpecs, parameterSpecs } from './parameters.ts'

/** The sizes that a graph leaves open: each run brings its own. */
export type BatchShape = {
  readonly batch: number
  /** Positions of each sequence; shorter ones are padded on the right. */
  readonly length: number
  /** Positions, of all batch·length, that enter the vocabulary head. */
  readonly rows: number
}

/** The open sizes by their names. */
const open: { readonly [Size in keyof BatchShape]: Size } = { batch: 'batch', length: 'length', rows: 'rows' }
const { batch, length, rows } = open
const tokens = multiplySizes(batch, length)

type Context = {
  readonly graph: GraphBuilder
  readonly config: DecoderConfig
  /** A weight by name; absent where the model has none of that name. */
  readonly find: (name: string) => Value | undefined
  readonly parameter: (name: string) => Value
  /** Factor of an adapter's output. */
  readonly adapterScale: number
  readonly rope: (x: Value, heads: number) => Value
  readonly causalBias: Value
}

/** The weights that training changes are parameters of the graph, the others inputs without gradient. */
function declareWeights(graph: GraphBuilder, { config, lora }: ModelShape): ReadonlyMap<string, Value> {
  const base = parameterSpecs(config).map(({ name, shape }) =>
    lora ? graph.input(name, shape) : graph.parameter(name, shape),
  )
  const adapter = lora ? adapterSpecs(config, lora).map(({ name, shape }) => graph.parameter(name, shape)) : []
  return new Map([...base, ...adapter].map((value) => [value.name, value]))
}

/** The query heads that share a key are folded into rows of their key's head. */
function foldedLength({ numHeads, numKeyValueHeads }: DecoderConfig): Dim {
  return multiplySizes(numHeads / numKeyValueHeads, length)
}

function createContext(graph: GraphBuilder, model: ModelShape): Context {
  const { config, lora } = model
  const weights = declareWeights(graph, model)
  const positions = graph.input('positions', [tokens, 1], 'int64')
  const [cos, sin] = ['cos', 'sin'].map((name) => graph.input(name, [length, config.headDim / 2]))
  const negatedSin = graph.node('Neg', [sin])
  return {
    graph,
    config,
    find: (name) => weights.get(name),
    parameter: (name) => weights.get(name)!,
    adapterScale: lora ? loraScale(lora) : 1,
    rope: (x, heads) => apply(graph, 'rope', { x, positions, cos: cos!, sin: sin!, negatedSin }, { heads }),
    causalBias: graph.input('causal', [1, 1, foldedLength(config), length]),
  }
}

function norm({ graph, config, parameter }: Context, x: Value, name: string): Value {
  return apply(graph, 'rmsNorm', { x, weight: parameter(name) }, { epsilon: config.rmsNormEps })
}

/** A linear layer with the bias and the adapter it has, [N, out]: x·Wᵀ + b + residual + s·(x·Aᵀ)·Bᵀ. */
function linear({ graph, find, parameter, adapterScale }: Context, x: Value, module: string, residual?: Value): Value {
  const plain = { x, weight: parameter(`${module}.weight`), bias: find(`${module}.bias`), residual }
  const base = apply(graph, 'linear', plain)
  const [down, up] = [find(`${module}.lora_A.weight`), find(`${module}.lora_B.weight`)]
  if (!down || !up) return base
  const lowRank = apply(graph, 'linear', { x, weight: down })
  return apply(graph, 'linear', { x: lowRank, weight: up, residual: base }, { scale: adapterScale })
}

/** x [N, hiddenSize] projected onto heads, [batch, heads, T, headDim], normed and rotated if asked. */
function projectHeads(
  context: Context,
  x: Value,
  heads: number,
  { module, headNorm, rotates }: { module: string; headNorm?: string | undefined; rotates: boolean },
): Value {
  const { graph, rope } = context
  const { headDim } = context.config
  let y = linear(context, x, module)
  if (headNorm !== undefined) {
    const perHead = apply(graph, 'reshape', { x: y }, { shape: [multiplySizes(tokens, heads), headDim] })
    y = norm(context, perHead, headNorm)
  }
  // To the rotation every token is a sequence of its own: it brings its position along.
  if (rotates) y = rope(apply(graph, 'reshape', { x: y }, { shape: [tokens, 1, heads * headDim] }), heads)
  const split = apply(graph, 'reshape', { x: y }, { shape: [batch, length, heads, headDim] })
  return apply(graph, 'transpose', { x: split }, { permutation: [0, 2, 1, 3] })
}

/** Attention of one layer with its residual, [N, hiddenSize]. */
function attentionBlock(context: Context, x: Value, prefix: string): Value {
  const { graph, config } = context
  const { numHeads, numKeyValueHeads, headDim } = config
  const normed = norm(context, x, `${prefix}input_layernorm.weight`)
  const project = (letter: 'q' | 'k' | 'v', heads: number) =>
    projectHeads(context, normed, heads, {
      module: `${prefix}self_attn.${letter}_proj`,
      headNorm: config.qkNorm && letter !== 'v' ? `${prefix}self_attn.${letter}_norm.weight` : undefined,
      rotates: letter !== 'v',
    })
  const folded = [batch, numKeyValueHeads, foldedLength(config), headDim]
  const q = apply(graph, 'reshape', { x: project('q', numHeads) }, { shape: folded })
  const k = project('k', numKeyValueHeads)
  const v = project('v', numKeyValueHeads)
  const mixed = apply(graph, 'attention', { q, k, v, bias: context.causalBias }, { scale: 1 / Math.sqrt(headDim) })
  const unfolded = apply(graph, 'reshape', { x: mixed }, { shape: [batch, numHeads, length, headDim] })
  const timeMajor = apply(graph, 'transpose', { x: unfolded }, { permutation: [0, 2, 1, 3] })
  const merged = apply(graph, 'reshape', { x: timeMajor }, { shape: [tokens, numHeads * headDim] })
  return linear(context, merged, `${prefix}self_attn.o_proj`, x)
}

/** SwiGLU of one layer with its residual, [N, hiddenSize]. */
function feedForwardBlock(context: Context, x: Value, prefix: string): Value {
  const normed = norm(context, x, `${prefix}post_attention_layernorm.weight`)
  const gate = linear(context, normed, `${prefix}mlp.gate_proj`)
  const up = linear(context, normed, `${prefix}mlp.up_proj`)
  const activated = apply(context.graph, 'swiglu', { gate, up })
  return linear(context, activated, `${prefix}mlp.down_proj`, x)
}

/** log p(target) of hidden states [rows, hiddenSize] under the vocabulary head and the adapter it has, [rows]. */
function headLogprobs({ graph, config, find, parameter, adapterScale }: Context, hidden: Value, targets: Value): Value {
  const head = parameter(config.tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight')
  const [down, up] = [find('lm_head.lora_A.weight'), find('lm_head.lora_B.weight')]
  if (!down || !up) return apply(graph, 'logprob', { hidden, head, targets })
  const narrow = apply(graph, 'linear', { x: hidden, weight: down }, { scale: adapterScale })
  return apply(graph, 'logprob', { hidden, head, targets, lowRank: narrow, lowRankHead: up })
}

/** log p(target) of the selected positions, nats, [rows]. */
function buildLogprobs(context: Context): Value {
  const { graph, config, parameter } = context
  const inputTokens = graph.input('inputTokens', [tokens], 'int64')
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
    return headLogprobs(context, hidden, targets)
  })
}

/**
 * The forward pass over batches of any size. Output: `logprobs` [rows], nats. Inputs:
 *
 * - every weight, an adapter's included
 * - `packMicroBatch`: `inputTokens` [batch·T], `rows` [rows] (positions to score, as indices into batch·T) and
 *   `targetTokens` [rows], all int64
 * - `createBatchInputs`: `positions` [batch·T, 1] of int64, `causal` [1, 1, group·T, T], `cos` and `sin` [T, headDim / 2]
 *
 * Sequences are padded on the right and positions count from 0: under the causal mask no real position sees a pad, so
 * no padding mask is needed.
 *
 * @throws {ConfigError} when the decoder cannot be built
 */
export function buildForwardGraph(model: ModelShape): Graph {
  const graph = new GraphBuilder()
  graph.output('logprobs', buildLogprobs(createContext(graph, model)))
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
 * Forward and backward pass of a summed loss, over batches of any size. Inputs: those of the forward graph and the loss's own (`loss/weights`, or
 * `loss/logprobs` and `loss/advantages`), float32 [rows]. Outputs: `loss` (scalar), `logprobs` [rows], and `gradient/<name>` for
 * every parameter that is trained: the adapter's, or all.
 *
 * @throws {ConfigError} when the decoder cannot be built
 */
export function buildTrainingGraph(model: ModelShape, loss: LossName, bounds: RatioBounds): Graph {
  const graph = new GraphBuilder()
  const context = createContext(graph, model)
  const logprobs = buildLogprobs(context)
  const row = losses[loss]
  const inputs = new Map(row.inputs.map((name) => [name, graph.input(lossInputName(name), [rows])]))
  const total = graph.scoped('loss', () => row.build(graph, logprobs, (name) => inputs.get(name)!, bounds))
  graph.output('loss', total)
  graph.output('logprobs', logprobs)
  const specs = model.lora ? adapterSpecs(model.config, model.lora) : parameterSpecs(model.config)
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
