import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, DataError } from '../../../core/errors.ts'
import { canonicalJson, formatJson } from '../../../core/json.ts'
import { ensureDir, putAtomic, removeFile } from '../../../core/store.ts'
import type { DecoderConfig, LoraConfig } from '../../types.ts'
import {
  ADAPTER_CONFIG_FILE,
  ADAPTER_WEIGHTS_FILE,
  isAdapterFolder,
  PEFT_PREFIX,
  peftConfig,
  withAdapter,
} from '../hf/adapter.ts'
import { huggingFaceConfig, type WeightsDtype } from '../hf/config.ts'
import { putTensors, putWholeModel, removeWholeModel } from '../hf/export.ts'
import { CONFIG_FILE, readDecoder, withoutRepeats } from '../hf/folder.ts'
import { mergedModel } from '../hf/merge.ts'
import { withModelTensors } from '../hf/shards.ts'
import { checkFinite, checkLayout, fillFlat } from '../hf/stored.ts'
import type { FloatDtype } from '../safetensors-dtypes.ts'
import type { TensorSource } from '../safetensors-write.ts'
import type { Model } from './model.ts'
import type { ParameterSet } from './parameters.ts'

export type SaveOptions = {
  /** Whether an adapter is added to its base, so that the result is a whole model; false unless told. */
  readonly merged?: boolean | undefined
  /** Precision of a whole model's weights; float32 unless told. Adapters are always float32. */
  readonly dtype?: WeightsDtype | undefined
  /** A whole model is split into files of at most this size; 5 GB unless told, as transformers did until version 5. */
  readonly maxShardBytes?: number | undefined
  /** Folder or `owner/name` of the base, written into an adapter's config for those who load it by name. */
  readonly baseName?: string | undefined
  /** Commit of the base on the hub, written beside its name. */
  readonly baseRevision?: string | undefined
  /** Folder of the base, into which no adapter is saved: its model would have to go. */
  readonly baseDir?: string | undefined
}

const DEFAULT_SHARD_BYTES = 5_000_000_000
const storedAs: { readonly [Name in WeightsDtype]: FloatDtype } = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' }

/**
 * Writes a model in a layout that transformers, PEFT and vLLM load: `model.safetensors` (or shards and their index) and
 * `config.json`, or of an adapter that is not merged `adapter_model.safetensors` and `adapter_config.json`. The config is
 * removed first and written last, so that a folder with one is a whole model. What an earlier save of either kind left in
 * the folder is removed: two models in one folder would be taken for each other.
 *
 * @throws {DataError} when a weight does not fit the precision asked for
 * @throws {ConfigError} when `maxShardBytes` is not positive, or an adapter would replace its base
 * @throws {StorageError} when the disk is full or failing
 */
export function saveWeights(dir: string, model: Model, options: SaveOptions = {}): void {
  ensureDir(dir)
  const { adapter } = model
  if (adapter && options.merged !== true) {
    if (isSameDir(dir, options.baseDir))
      throw new ConfigError(`${dir} is the folder of the base model`, {
        hint: 'save the adapter into another folder: one folder holds one model',
      })
    for (const file of [ADAPTER_CONFIG_FILE, CONFIG_FILE]) removeFile(join(dir, file))
    removeWholeModel(dir)
    putTensors(join(dir, ADAPTER_WEIGHTS_FILE), adapterSources(adapter.parameters), 'F32')
    putJson(join(dir, ADAPTER_CONFIG_FILE), peftConfig(adapter.lora, options))
    return
  }
  const { dtype = 'float32' } = options
  const { decoder, sources } = mergedModel(model)
  const config = huggingFaceConfig(decoder, dtype)
  for (const file of [CONFIG_FILE, ADAPTER_CONFIG_FILE, ADAPTER_WEIGHTS_FILE]) removeFile(join(dir, file))
  putWholeModel(dir, sources, storedAs[dtype], options.maxShardBytes ?? DEFAULT_SHARD_BYTES)
  putJson(join(dir, CONFIG_FILE), config)
}

/**
 * Replaces the trained weights, all or, when this throws, none: of a model without adapter by those of a model folder, of
 * one with an adapter by those of a PEFT folder.
 *
 * @throws {DataError} when the folder holds no model, the other kind, or one of another configuration, or a weight that is
 *   not finite
 */
export function loadWeights(dir: string, model: Model): void {
  const { config, base, adapter } = model
  if (adapter) {
    loadAdapterWeights(dir, model, adapter)
    return
  }
  if (isAdapterFolder(dir))
    throw new DataError('holds an adapter, the model is a whole one', {
      file: dir,
      hint: 'create the model with lora, or merge the adapter first: saveWeights with merged',
    })
  checkSameFunction(readDecoder(dir), config, join(dir, CONFIG_FILE))
  withModelTensors(dir, (stored) => {
    const own = withoutRepeats(config, stored)
    checkLayout(base.specs, own)
    checkFinite(base.specs, own)
    fillFlat(base.specs, own, base.flat)
  })
}

function loadAdapterWeights(
  dir: string,
  { config: decoder, base }: Model,
  adapter: NonNullable<Model['adapter']>,
): void {
  withAdapter(dir, { decoder, base }, (lora, stored) => {
    checkSameLora(lora, adapter.lora, join(dir, ADAPTER_CONFIG_FILE))
    const { specs, flat } = adapter.parameters
    checkFinite(specs, stored)
    fillFlat(specs, stored, flat)
  })
}

/**
 * @throws {DataError} naming the first setting in which two adapters differ
 */
export function checkSameLora(found: LoraConfig, expected: LoraConfig, file: string): void {
  const fieldsOf = ({ rank, alpha, targets }: LoraConfig) => ({ rank, alpha, targets: [...targets].sort().join(', ') })
  const wanted = new Map<string, unknown>(Object.entries(fieldsOf(expected)))
  for (const [name, value] of Object.entries(fieldsOf(found))) {
    if (value === wanted.get(name)) continue
    throw new DataError(`lora.${name} is ${value}, the model has ${wanted.get(name)}`, {
      file,
      field: `lora.${name}`,
      hint: 'create the model with the adapter settings of the folder',
    })
  }
}

/** Fields of `config.json` that may differ without changing what the model computes. */
const freeFields: readonly string[] = ['architectures', 'max_position_embeddings', 'model_type', 'torch_dtype']

function checkSameFunction(found: DecoderConfig, expected: DecoderConfig, file: string): void {
  const fieldsOf = (decoder: DecoderConfig) => new Map(Object.entries(huggingFaceConfig(decoder)))
  const [own, wanted] = [fieldsOf(found), fieldsOf(expected)]
  for (const field of new Set([...wanted.keys(), ...own.keys()])) {
    const [value, other] = [own.get(field), wanted.get(field)].map((it) => canonicalJson(it ?? null))
    if (freeFields.includes(field) || value === other) continue
    throw new DataError(`${field} is ${value}, the configured decoder has ${other}`, {
      file,
      field,
      hint: 'make the decoder section of the config match the model',
    })
  }
}

function isSameDir(dir: string, other: string | undefined): boolean {
  return other !== undefined && existsSync(other) && realpathSync(other) === realpathSync(dir)
}

function adapterSources({ specs, view }: ParameterSet): readonly TensorSource[] {
  return specs.map(({ name, shape }) => ({ name: PEFT_PREFIX + name, shape, values: () => view(name) }))
}

function putJson(file: string, value: unknown): void {
  putAtomic(file, `${formatJson(value, { pretty: true })}\n`)
}
