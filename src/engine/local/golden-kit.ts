/** Reads the golden files of `interop/golden` and compares with them; for tests and the checks under `interop/`. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { ensureDir, putAtomic } from '../../core/store.ts'
import { loraTargets } from '../lora.ts'
import type { Datum, ForwardResult, LossName, SampledSequence, SampleRequest } from '../types.ts'
import { readDecoderConfig } from './hf/config.ts'
import type { Model } from './model/model.ts'
import {
  adapterSpecs,
  createParameterSet,
  createParameters,
  type ParameterSet,
  type ParameterSpec,
} from './model/parameters.ts'
import { encodeSafetensors, type Tensor } from './safetensors.ts'

/** One tiny random model for every shape of decoder that the engine knows. */
export const goldenNames = [
  'llama',
  'llama-llama3-rope',
  'llama-attention-bias',
  'qwen2',
  'qwen2-yarn',
  'qwen3',
  'qwen3-linear-rope',
] as const

export type GoldenName = (typeof goldenNames)[number]

const tensor = z
  .object({ shape: z.array(z.number().int()), f32: z.base64() })
  .transform(({ shape, f32 }): Tensor => ({ shape, values: decodeFloats(f32) }))
const tensors = z
  .record(z.string(), tensor)
  .transform((record): ReadonlyMap<string, Tensor> => new Map(Object.entries(record)))
const loss = z.object({ loss: z.number(), gradients: tensors })
const greedy = z.array(z.object({ promptTokens: z.array(z.number()), tokens: z.array(z.number()), logprobs: tensor }))
const policyLoss = loss.extend({
  config: z.union([
    z.strictObject({}),
    z.strictObject({ clipLowThreshold: z.number(), clipHighThreshold: z.number() }),
  ]),
})
const datum = z.object({
  inputTokens: z.array(z.number()),
  targetTokens: z.array(z.number()),
  weights: z.array(z.number()),
  logprobs: z.array(z.number()),
  advantages: z.array(z.number()),
})
const adapter = z.object({
  adapterConfig: z.record(z.string(), z.unknown()),
  tensors,
  logits: z.array(tensor),
  crossEntropy: loss,
  greedy,
  mergedLogits: z.array(tensor),
})
const peftConfig = z.object({ r: z.number(), lora_alpha: z.number(), target_modules: z.array(z.enum(loraTargets)) })
const golden = z.object({
  config: z.record(z.string(), z.unknown()),
  weights: tensors,
  data: z.array(datum),
  logits: z.array(tensor),
  crossEntropy: loss,
  policyLosses: z.partialRecord(z.enum(['importance_sampling', 'ppo', 'cispo']), policyLoss),
  greedy,
  adapters: z.record(z.string(), adapter),
})

export type Golden = z.infer<typeof golden>
export type GoldenAdapter = z.infer<typeof adapter>
export type GoldenGreedy = z.infer<typeof greedy>

/** Whatever scores data: a trainer or a client. */
type Scorer = { forward(data: readonly Datum[], loss: LossName): Promise<ForwardResult> }

/** @returns what transformers, PyTorch and PEFT computed for the model */
export function readGolden(name: GoldenName): Golden {
  const file = fileURLToPath(new URL(`../../../interop/golden/${name}.json`, import.meta.url))
  return golden.parse(parseJson(readText(file), { file }))
}

function decodeFloats(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new Float32Array(bytes.buffer)
}

/** The model in memory, its weights placed by the names that transformers gives them. */
export function modelOf({ config, weights }: Golden): Model {
  const decoder = readDecoderConfig(config, 'config.json')
  const base = createParameters(decoder)
  fill(base, weights, (name) => name)
  return { config: decoder, base }
}

/** The same model with an adapter, its weights placed by the names that PEFT gives them. */
export function adaptedModelOf(source: Golden, { adapterConfig, tensors: values }: GoldenAdapter): Model {
  const { r: rank, lora_alpha: alpha, target_modules: targets } = peftConfig.parse(adapterConfig)
  const model = modelOf(source)
  const lora = { rank, alpha, targets }
  const parameters = createParameterSet(adapterSpecs(model.config, lora))
  fill(parameters, values, peftName)
  return { ...model, adapter: { lora, parameters } }
}

/** PEFT wraps a model twice. */
export function peftName(name: string): string {
  return `base_model.model.${name}`
}

function fill(set: ParameterSet, values: ReadonlyMap<string, Tensor>, rename: (name: string) => string): void {
  for (const { name, shape } of set.specs) {
    const value = values.get(rename(name))
    if (value?.shape.join() !== shape.join())
      throw new DataError(`the golden file has no tensor "${rename(name)}" [${shape.join(', ')}]`)
    set.view(name).set(value.values)
  }
}

/** Writes the model as a Hugging Face folder: the config as transformers wrote it, the weights in float32. */
export function writeModelFolder(dir: string, { config, weights }: Pick<Golden, 'config' | 'weights'>): void {
  ensureDir(dir)
  putAtomic(join(dir, 'config.json'), formatJson(config))
  putAtomic(join(dir, 'model.safetensors'), encodeSafetensors(weights))
}

/** Writes the adapter as the two files that PEFT writes. */
export function writeAdapterFolder(dir: string, { adapterConfig, tensors: values }: GoldenAdapter): void {
  ensureDir(dir)
  putAtomic(join(dir, 'adapter_config.json'), formatJson(adapterConfig))
  putAtomic(join(dir, 'adapter_model.safetensors'), encodeSafetensors(values))
}

/** The golden data with the arrays that the loss reads. */
export function dataFor(name: LossName, { data }: Golden): readonly Datum[] {
  return data.map(({ weights, logprobs, advantages, ...tokens }) =>
    name === 'cross_entropy' ? { ...tokens, weights } : { ...tokens, logprobs, advantages },
  )
}

/**
 * Largest difference between the log-probabilities of all tokens at all positions and the golden logits, nats.
 *
 * @param logits_D golden logits of each datum, each [token, vocab]
 */
export async function logitsError(scorer: Scorer, { data }: Golden, logits_D: readonly Tensor[]): Promise<number> {
  let worst = 0
  for (const [index, { inputTokens }] of data.entries()) {
    const { shape, values } = logits_D[index]!
    const [length = 0, vocabSize = 0] = shape
    const everyToken = Array.from({ length: vocabSize }, (_, token) => ({
      inputTokens,
      targetTokens: inputTokens.map(() => token),
      weights: inputTokens.map(() => 1),
    }))
    const { logprobs_DT } = await scorer.forward(everyToken, 'cross_entropy')
    for (let position = 0; position < length; position++) {
      const row = values.subarray(position * vocabSize, (position + 1) * vocabSize)
      const normaliser = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0))
      row.forEach((logit, token) => {
        worst = Math.max(worst, Math.abs(logprobs_DT[token]![position]! - (logit - normaliser)))
      })
    }
  }
  return worst
}

/** ‖found - expected‖ / ‖expected‖; infinite when the lengths differ or nothing is expected. */
export function relativeDistance(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY
  let [difference, size] = [0, 0]
  expected.forEach((value, index) => {
    difference += (found[index]! - value) ** 2
    size += value ** 2
  })
  return size === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(difference / size)
}

/**
 * The tensors of an accumulated gradient that are further from the golden ones than the tolerance, with the distance.
 *
 * @param gradients laid out like `specs`
 * @param rename the golden name of a parameter
 */
export function gradientErrors(
  specs: readonly ParameterSpec[],
  gradients: Float32Array,
  expected: ReadonlyMap<string, Tensor>,
  { tolerance, rename = (name) => name }: { readonly tolerance: number; readonly rename?: (name: string) => string },
): readonly string[] {
  return specs.flatMap(({ name, offset, size }) => {
    const values = expected.get(rename(name))?.values
    if (values === undefined) return [`${name} has no golden gradient`]
    const distance = relativeDistance(gradients.subarray(offset, offset + size), values)
    return distance <= tolerance ? [] : [`${name} is ${distance} off`]
  })
}

/** The prompts of the golden completions, one sample each. */
export function greedyRequests(expected: GoldenGreedy): readonly SampleRequest[] {
  return expected.map(({ promptTokens }, index) => ({ promptTokens, numSamples: 1, key: `golden ${index}` }))
}

/** Largest difference between the log-probabilities of two lists of completions, nats. */
export function greedyError(found: readonly (readonly SampledSequence[])[], expected: GoldenGreedy): number {
  return Math.max(
    ...expected.flatMap(({ logprobs }, index) =>
      [...logprobs.values].map((value, at) => Math.abs(found[index]![0]!.logprobs[at]! - value)),
    ),
  )
}
