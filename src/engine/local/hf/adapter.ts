import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../../core/errors.ts'
import { parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import { defaultLoraTargets, loraTargets } from '../../lora.ts'
import type { DecoderConfig, LoraConfig, LoraTarget } from '../../types.ts'
import { adapterSpecs, createParameterSet, type ParameterSet } from '../model/parameters.ts'
import { type Fields, readFields } from './fields.ts'
import { checkLayout, fillFlat, holdSame, type StoredTensor, type StoredTensors, withStored } from './stored.ts'

export const ADAPTER_CONFIG_FILE = 'adapter_config.json'
export const ADAPTER_WEIGHTS_FILE = 'adapter_model.safetensors'

/** What PEFT puts before the names of the model. */
export const PEFT_PREFIX = 'base_model.model.'

/** What Tinker's archives call the head. */
const tinkerHead = 'unembed_tokens'

/** A copy of the base's head, which PEFT puts beside an adapter on it (`save_embedding_layers`). */
const headCopy = 'lm_head.base_layer.weight'

/** Fields that say where an adapter comes from or how it was trained, not what it computes. */
const freeFields: readonly string[] = [
  'auto_mapping',
  'base_model_name_or_path',
  'eva_config',
  'inference_mode',
  'layers_pattern',
  'lora_dropout',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
]
const readFieldNames: readonly string[] = [
  'bias',
  'init_lora_weights',
  'lora_alpha',
  'peft_type',
  'r',
  'target_modules',
  'task_type',
]

/** Ways to draw the first weights that leave the base as it was; the others write into it. */
const harmlessInits: readonly unknown[] = [true, false, 'gaussian', 'eva', 'orthogonal']

/** An adapter read into memory, as a `Model` takes it. */
export type Adapter = { readonly lora: LoraConfig; readonly parameters: ParameterSet }

/** Whether a folder holds an adapter, not a whole model. */
export function isAdapterFolder(dir: string): boolean {
  return existsSync(join(dir, ADAPTER_CONFIG_FILE))
}

/**
 * A PEFT adapter for a decoder: one that `saveWeights`, PEFT, SkyRL or a Tinker archive wrote.
 *
 * @param base weights under the adapter; a copy of the head that came with it is compared with them where they are given
 * @param checkRoom may refuse the adapter by its settings, before memory for it is taken
 * @throws {DataError} naming the field or tensor, when it is not a plain LoRA adapter of whole layers, its tensors do not
 *   fit the decoder, or a weight is NaN or infinite
 */
export function readAdapter(
  dir: string,
  decoder: DecoderConfig,
  base?: ParameterSet,
  checkRoom: (lora: LoraConfig) => void = () => undefined,
): Adapter {
  return withAdapter(dir, { decoder, base }, (lora, stored) => {
    checkRoom(lora)
    const parameters = createParameterSet(adapterSpecs(decoder, lora))
    fillFlat(parameters.specs, stored, parameters.flat)
    return { lora, parameters }
  })
}

/**
 * What `use` returns for an adapter whose tensors were checked by name and shape and are still in their open file.
 *
 * @throws {DataError} as `readAdapter`, but for values that are not finite
 */
export function withAdapter<Result>(
  dir: string,
  { decoder, base }: { readonly decoder: DecoderConfig; readonly base: ParameterSet | undefined },
  use: (lora: LoraConfig, stored: StoredTensors) => Result,
): Result {
  const file = join(dir, ADAPTER_CONFIG_FILE)
  if (!existsSync(file))
    throw new DataError(`no ${ADAPTER_CONFIG_FILE} in this folder`, {
      file: dir,
      hint: 'name a folder that saveWeights or PEFT wrote',
    })
  const config = readFields(parseJson(readText(file), { file }), file)
  refuseOtherAdapters(config)
  return withStored(join(dir, ADAPTER_WEIGHTS_FILE), (found) => {
    const tensors = innerNames(found.tensors, found.place)
    const stored = { ...found, tensors }
    const copy = tensors.get(headCopy)
    tensors.delete(headCopy)
    const lora = {
      rank: config.count('r'),
      alpha: readAlpha(config),
      targets: readTargets(config) ?? targetsOf([...stored.tensors.keys()], file),
    }
    checkLayout(adapterSpecs(decoder, lora), stored)
    if (copy && base) checkHeadCopy(copy, decoder, base)
    return use(lora, stored)
  })
}

/**
 * The `adapter_config.json` under which PEFT and vLLM compute the same function.
 *
 * @param base folder or `owner/name` of the base, if known, and the commit on the hub
 */
export function peftConfig(
  lora: LoraConfig,
  base: { readonly baseName?: string | undefined; readonly baseRevision?: string | undefined } = {},
): Readonly<Record<string, unknown>> {
  return {
    alpha_pattern: {},
    base_model_name_or_path: base.baseName ?? null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: lora.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: lora.rank,
    rank_pattern: {},
    revision: base.baseRevision ?? null,
    target_modules: loraTargets.filter((target) => lora.targets.includes(target)),
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  }
}

/** PEFT puts the copy in the place of the base's head: another head would make another model. */
function checkHeadCopy(copy: StoredTensor, { tieEmbeddings }: DecoderConfig, base: ParameterSet): void {
  const head = tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'
  if (holdSame(copy, [base.view(head)])) return
  throw new DataError(`tensor "${headCopy}" differs from the base's "${head}"`, {
    file: copy.file,
    field: headCopy,
    hint: 'name the base model that the adapter was trained on',
  })
}

function readAlpha(config: Fields): number {
  const alpha = config.number('lora_alpha')
  return alpha > 0 ? alpha : config.refuse('lora_alpha', `is not positive: ${alpha}`)
}

function refuseOtherAdapters(config: Fields): void {
  const type = config.text('peft_type') ?? 'LORA'
  if (type !== 'LORA') config.refuse('peft_type', `is ${type.slice(0, 60)}, supported: LORA`)
  const task = config.text('task_type') ?? 'CAUSAL_LM'
  if (task !== 'CAUSAL_LM') config.refuse('task_type', `is ${task.slice(0, 60)}, supported: CAUSAL_LM`)
  const bias = config.text('bias') ?? 'none'
  if (bias !== 'none') config.refuse('bias', `is "${bias.slice(0, 60)}": trained biases are not supported`)
  const init = config.value('init_lora_weights') ?? true
  if (!harmlessInits.includes(init))
    config.refuse(
      'init_lora_weights',
      `is "${String(init).slice(0, 60)}", which changes the base model too`,
      'convert it with PEFT: save_pretrained(…, path_initial_model_for_weight_conversion=…)',
    )
  const other = config.names().find((name) => !isFree(name) && isSet(config.value(name)))
  if (other !== undefined)
    config.refuse(
      other.slice(0, 60),
      'is set: the engine computes plain LoRA with one rank for all targets only',
      'merge the adapter into its base with PEFT (merge_and_unload) and load the whole model',
    )
}

function isFree(name: string): boolean {
  return freeFields.includes(name) || readFieldNames.includes(name)
}

/** PEFT writes every field; what is not used is null, false or empty. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === false) return false
  return typeof value !== 'object' || value === null || Object.keys(value).length > 0
}

/** The targets that a config names in PEFT's order of ours; undefined when it names none, as SkyRL's do. */
function readTargets(config: Fields): readonly LoraTarget[] | undefined {
  const found = config.value('target_modules')
  if (found === undefined) return undefined
  // PEFT leaves the head out of it.
  if (found === 'all-linear') return defaultLoraTargets
  const known = `supported: ${loraTargets.join(', ')}`
  if (!Array.isArray(found))
    return config.refuse('target_modules', 'is a pattern, or no list', `list the names of the layers; ${known}`)
  const names = found.map((name) => (name === tinkerHead ? 'lm_head' : String(name)))
  const unknown = names.find((name) => !loraTargets.some((target) => target === name))
  if (unknown !== undefined)
    return config.refuse('target_modules', `names "${unknown.slice(0, 80)}", which cannot carry an adapter here`, known)
  if (names.length === 0) return config.refuse('target_modules', 'is empty', known)
  return loraTargets.filter((target) => names.includes(target))
}

function targetsOf(tensorNames: readonly string[], file: string): readonly LoraTarget[] {
  const targets = loraTargets.filter((target) => tensorNames.some((name) => name.split('.').includes(target)))
  if (targets.length === 0)
    throw new DataError('names no target_modules, and no tensor belongs to one', { file, field: 'target_modules' })
  return targets
}

/** The tensors by our names: without PEFT's prefix, the head called as Hugging Face does. */
function innerNames(tensors: ReadonlyMap<string, StoredTensor>, file: string): Map<string, StoredTensor> {
  const inner = new Map<string, StoredTensor>()
  for (const [name, tensor] of tensors) {
    const own = name.startsWith(PEFT_PREFIX) ? name.slice(PEFT_PREFIX.length) : name
    const renamed = own.startsWith(`model.${tinkerHead}.`) ? own.replace(`model.${tinkerHead}`, 'lm_head') : own
    if (inner.has(renamed)) throw new DataError(`tensor "${renamed}" is there twice`, { file, field: name })
    inner.set(renamed, tensor)
  }
  return inner
}
