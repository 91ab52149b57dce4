import type { DecoderConfig, LoraConfig } from '../../types.ts'
import { loraScale, type Model } from '../model/model.ts'
import { parameterSpecs } from '../model/parameters.ts'
import type { TensorSource } from '../safetensors-write.ts'

const EMBEDDING = 'model.embed_tokens.weight'
const HEAD = 'lm_head.weight'

/**
 * The tensors of a whole model, the adapter added where there is one: W + (alpha / rank) · B A (Hu et al. 2021, §4.1), the
 * product summed in float64 and rounded to float32 once, as is the sum. Each is made when it is asked for.
 *
 * An adapter on a tied head unties it: the embedding stays, the head becomes a tensor of its own.
 */
export function mergedModel(model: Model): {
  readonly decoder: DecoderConfig
  readonly sources: readonly TensorSource[]
} {
  const { config, base, adapter } = model
  const unties = config.tieEmbeddings && adapter?.lora.targets.includes('lm_head') === true
  const decoder = unties ? { ...config, tieEmbeddings: false } : config
  const adapted = new Set(adapter?.parameters.specs.map(({ name }) => name))
  const sources = parameterSpecs(decoder).map(({ name, shape }): TensorSource => {
    const values = () => base.view(unties && name === HEAD ? EMBEDDING : name)
    const module = name.slice(0, -'.weight'.length)
    if (!adapter || !adapted.has(`${module}.lora_A.weight`)) return { name, shape, values }
    const [a, b] = [
      adapter.parameters.view(`${module}.lora_A.weight`),
      adapter.parameters.view(`${module}.lora_B.weight`),
    ]
    return { name, shape, values: () => addProduct(values(), a, b, adapter.lora) }
  })
  return { decoder, sources }
}

/**
 * W + scale · B A.
 *
 * @param weight W, [out, in]
 * @param a A, [rank, in]
 * @param b B, [out, rank]
 */
function addProduct(weight: Float32Array, a: Float32Array, b: Float32Array, lora: LoraConfig): Float32Array {
  const { rank } = lora
  const scale = loraScale(lora)
  const merged = new Float32Array(weight.length)
  const width = a.length / rank
  const row = new Float64Array(width)
  for (let out = 0; out * width < weight.length; out++) {
    row.fill(0)
    for (let r = 0; r < rank; r++) {
      const factor = b[out * rank + r]!
      const offset = r * width
      for (let column = 0; column < width; column++) row[column]! += factor * a[offset + column]!
    }
    const offset = out * width
    for (let column = 0; column < width; column++)
      merged[offset + column] = weight[offset + column]! + Math.fround(scale * row[column]!)
  }
  return merged
}
