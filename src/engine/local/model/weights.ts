import { join } from 'node:path'
import { DataError } from '../../../core/errors.ts'
import { sha256Hex } from '../../../core/hash.ts'
import { formatJson, parseJson } from '../../../core/json.ts'
import { readBlocks, readText } from '../../../core/read.ts'
import { ensureDir, putAtomic, removeFile } from '../../../core/store.ts'
import type { DecoderConfig } from '../../types.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../safetensors.ts'
import type { ParameterSet, ParameterSpec } from './parameters.ts'

/** Names of the two files of a model in the Hugging Face layout. */
export const WEIGHTS_FILE = 'model.safetensors'
const CONFIG_FILE = 'config.json'

/** The SHA-256 over all weights in parameter order, 64 hex digits: equal bytes, equal hash. */
export function weightsHash({ flat }: ParameterSet): string {
  return sha256Hex(new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength))
}

/** The tensors of a flat array laid out like the parameters, by `rename(name)`. */
export function namedTensors(
  specs: readonly ParameterSpec[],
  flat: Float32Array,
  rename: (name: string) => string = (name) => name,
): Map<string, Tensor> {
  return new Map(
    specs.map(({ name, shape, offset, size }) => [
      rename(name),
      { shape, values: flat.subarray(offset, offset + size) },
    ]),
  )
}

/**
 * A flat array made of named tensors, laid out like the parameters; the inverse of `namedTensors`.
 *
 * @param file where the tensors come from, for error messages
 * @returns [parameters]
 * @throws {DataError} naming the tensor that is missing, left over, of another shape or not finite
 */
export function flattenTensors(
  specs: readonly ParameterSpec[],
  tensors: ReadonlyMap<string, Tensor>,
  file: string,
): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(specs.reduce((total, { size }) => total + size, 0))
  for (const { name, shape, offset } of specs) {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw misfit(`tensor "${name}" is missing`, file, name)
    if (tensor.shape.join() !== shape.join())
      throw misfit(
        `tensor "${name}" has shape [${tensor.shape.join(', ')}], the model [${shape.join(', ')}]`,
        file,
        name,
      )
    const at = tensor.values.findIndex((value) => !Number.isFinite(value))
    if (at >= 0) throw misfit(`tensor "${name}" holds ${tensor.values[at]} at ${at}`, file, name)
    flat.set(tensor.values, offset)
  }
  const known = new Set(specs.map(({ name }) => name))
  const extra = [...tensors.keys()].find((name) => !known.has(name))
  if (extra !== undefined) throw misfit(`tensor "${extra}" has no place in the model`, file, extra)
  return flat
}

/**
 * Writes a model in the Hugging Face layout: `model.safetensors`, and `config.json` last, so that a directory with a
 * config is a whole model.
 *
 * @throws {StorageError} when the disk is full or failing
 */
export function saveWeights(dir: string, decoder: DecoderConfig, parameters: ParameterSet): void {
  ensureDir(dir)
  removeFile(join(dir, CONFIG_FILE))
  putAtomic(join(dir, WEIGHTS_FILE), encodeSafetensors(namedTensors(parameters.specs, parameters.flat)))
  putAtomic(join(dir, CONFIG_FILE), `${formatJson(huggingFaceConfig(decoder), { pretty: true })}\n`)
}

/**
 * Replaces all weights by those of a model in the Hugging Face layout (F32, F16 or BF16), or none when it throws.
 *
 * @throws {DataError} when the directory holds no model, or one of another configuration or other shapes
 */
export function loadWeights(dir: string, decoder: DecoderConfig, parameters: ParameterSet): void {
  const configFile = join(dir, CONFIG_FILE)
  const weightsFile = join(dir, WEIGHTS_FILE)
  checkConfig(parseJson(readText(configFile), { file: configFile }), decoder, configFile)
  const { tensors } = decodeSafetensors(Buffer.concat([...readBlocks(weightsFile)]), weightsFile)
  const own = new Map(tensors)
  // Some exporters repeat the tied head.
  if (decoder.tieEmbeddings) own.delete('lm_head.weight')
  parameters.flat.set(flattenTensors(parameters.specs, own, weightsFile))
}

/** The `config.json` under which Hugging Face's transformers computes the same function. */
function huggingFaceConfig(decoder: DecoderConfig): Record<string, unknown> {
  const family = decoder.qkNorm ? 'qwen3' : 'llama'
  return {
    architectures: [decoder.qkNorm ? 'Qwen3ForCausalLM' : 'LlamaForCausalLM'],
    attention_bias: false,
    head_dim: decoder.headDim,
    hidden_act: 'silu',
    hidden_size: decoder.hiddenSize,
    intermediate_size: decoder.intermediateSize,
    max_position_embeddings: decoder.maxPositions,
    model_type: family,
    num_attention_heads: decoder.numHeads,
    num_hidden_layers: decoder.numLayers,
    num_key_value_heads: decoder.numKeyValueHeads,
    rms_norm_eps: decoder.rmsNormEps,
    rope_theta: decoder.ropeTheta,
    tie_word_embeddings: decoder.tieEmbeddings,
    torch_dtype: 'float32',
    vocab_size: decoder.vocabSize,
  }
}

/** Fields that may differ without changing what the model computes. */
const freeFields: readonly string[] = ['architectures', 'max_position_embeddings', 'model_type', 'torch_dtype']

function checkConfig(found: unknown, decoder: DecoderConfig, file: string): void {
  const fields = new Map<string, unknown>(typeof found === 'object' && found !== null ? Object.entries(found) : [])
  for (const [field, expected] of Object.entries(huggingFaceConfig(decoder))) {
    if (freeFields.includes(field) || fields.get(field) === expected) continue
    throw new DataError(`${field} is ${String(fields.get(field))}, the configured decoder has ${String(expected)}`, {
      file,
      field,
      hint: 'make the decoder section of the config match the model',
    })
  }
}

function misfit(message: string, file: string, field: string): DataError {
  return new DataError(message, { file, field, hint: 'the file belongs to a model of another configuration' })
}
