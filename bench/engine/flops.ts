import { parameterSpecs } from '../../src/engine/local/model/parameters.ts'
import type { DecoderConfig } from '../../src/engine/types.ts'

/** Rows, inner size and columns of a matrix product. */
export type ProductSize = readonly [rows: number, inner: number, columns: number]

/**
 * The plain products that are the yardstick: the vocabulary head of config a over a batch and
 * a square one.
 */
export const products = { tall: [4096, 128, 2048], square: [1024, 1024, 1024] } as const satisfies Record<
  string,
  ProductSize
>
export type ProductName = keyof typeof products

/** Multiplications and additions of a matrix product. */
export function productFlops([rows, inner, columns]: ProductSize): number {
  return 2 * rows * inner * columns
}

/** Number of weights. */
export function parameterCount(decoder: DecoderConfig): number {
  return parameterSpecs(decoder).reduce((total, { size }) => total + size, 0)
}

/**
 * The customary count of a training step: 6 per weight and token, 2 forward and 4 backward. It leaves out attention
 * scores and counts every token in the vocabulary head, whether or not it went there.
 */
export function nominalTrainingFlops(decoder: DecoderConfig, tokens: number): number {
  return 6 * parameterCount(decoder) * tokens
}

/** The customary count of generation: 2 per weight and token. */
export function nominalGenerationFlops(decoder: DecoderConfig, tokens: number): number {
  return 2 * parameterCount(decoder) * tokens
}

/**
 * The matrix products a training step really makes: linear layers for every token, the head for the rows that enter it,
 * attention over the whole square (the causal mask saves nothing).
 *
 * @param batch sequences, tokens of each, and rows that enter the head
 */
export function countedTrainingFlops(
  decoder: DecoderConfig,
  batch: { readonly sequences: number; readonly length: number; readonly rows: number },
): number {
  const tokens = batch.sequences * batch.length
  // Scores and mixing are 2 products forward; backward are 4, gradients of queries, keys, values and weights.
  const attention = 3 * attentionFlops(decoder, batch.length)
  return tokens * (6 * layerWeights(decoder) + attention) + 6 * headWeights(decoder) * batch.rows
}

/**
 * The matrix products of decoding steps, one token for each row in each of them.
 *
 * @param lengths tokens a row attends to in each step, its own included, [step]
 */
export function countedGenerationFlops(decoder: DecoderConfig, rows: number, lengths: readonly number[]): number {
  const weights = 2 * (layerWeights(decoder) + headWeights(decoder))
  return lengths.reduce((total, length) => total + rows * (weights + attentionFlops(decoder, length)), 0)
}

/** Scores and mixing of one token over `length` tokens, all layers. */
function attentionFlops({ numLayers, numHeads, headDim }: DecoderConfig, length: number): number {
  return 4 * numLayers * numHeads * headDim * length
}

/** Weights of all matrices in the layers; the norms multiply no matrices. */
function layerWeights(decoder: DecoderConfig): number {
  const { numLayers, hiddenSize, numHeads, numKeyValueHeads, headDim, intermediateSize } = decoder
  const attention = 2 * hiddenSize * headDim * (numHeads + numKeyValueHeads)
  return numLayers * (attention + 3 * hiddenSize * intermediateSize)
}

function headWeights({ vocabSize, hiddenSize }: DecoderConfig): number {
  return vocabSize * hiddenSize
}
