import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AuditError, DataError } from '../../../core/errors.ts'
import { hashFile } from '../../../core/hash.ts'
import { formatJson } from '../../../core/json.ts'
import { ensureDir, putAtomic, putBlocksAtomic, removeFile } from '../../../core/store.ts'
import type { DecoderConfig } from '../../types.ts'
import { ADAPTER_WEIGHTS_FILE } from '../hf/adapter.ts'
import { WEIGHTS_FILE } from '../hf/shards.ts'
import { checkFinite, checkLayout, fillFlat, type StoredTensors, withStored } from '../hf/stored.ts'
import { layOutSafetensors, type TensorSource } from '../safetensors-write.ts'
import { type AdamState, resetAdamState } from './adamw.ts'
import { hashOfState, OPTIMIZER_FILE, readStateFile, STATE_FILE, type StateFile } from './checkpoint-file.ts'
import { frozenBaseHash } from './hash.ts'
import { type Model, trainedParameters } from './model.ts'
import type { ParameterSpec } from './parameters.ts'
import { checkSameLora } from './weights.ts'

/** Everything that training changes, and the model it belongs to. */
export type TrainingState = {
  readonly model: Model
  readonly adam: AdamState
}

/** Suffixes of the moments, the names PyTorch's Adam gives them. */
const FIRST_MOMENT = '.exp_avg'
const SECOND_MOMENT = '.exp_avg_sq'

/**
 * Writes weights, moments and step count; equal states give equal bytes. Of a model with an adapter only the adapter is
 * written, with the hash of the base it belongs to. Nothing is copied in memory.
 *
 * `state.json` holds the hashes of the other files, is removed first and written last: a directory with it is a whole
 * checkpoint, one without it is none. Give each checkpoint a directory of its own to keep the one before.
 *
 * @throws {StorageError} when the disk is full or failing
 */
export function saveState(dir: string, { model, adam }: TrainingState): void {
  const { specs, flat } = trainedParameters(model)
  const files: readonly (readonly [string, readonly TensorSource[]])[] = [
    [weightsFileOf(model), sourcesOf(specs, flat, '')],
    [OPTIMIZER_FILE, [...sourcesOf(specs, adam.first, FIRST_MOMENT), ...sourcesOf(specs, adam.second, SECOND_MOMENT)]],
  ]
  ensureDir(dir)
  removeFile(join(dir, STATE_FILE))
  const sha256 = Object.fromEntries(files.map(([name, sources]) => [name, putHashed(join(dir, name), sources)]))
  const { config: decoder, adapter } = model
  const common = { step: adam.step, decoder, sha256 }
  const content = adapter
    ? { schemaVersion: 2, ...common, lora: adapter.lora, baseSha256: frozenBaseHash(model.base) }
    : { schemaVersion: 1, ...common }
  putAtomic(join(dir, STATE_FILE), `${formatJson({ ...content, hash: hashOfState(content) }, { pretty: true })}\n`)
}

/**
 * Replaces the state by a saved one: all of it or, when this throws, nothing. Files are read twice, first to check them,
 * so that nothing has to be copied in memory.
 *
 * @param optimizer whether to restore moments and step count too; without, they start at zero
 * @throws {AuditError} naming the file that does not match its recorded hash, or both bases when the checkpoint's adapter
 *   was trained on another one
 * @throws {DataError} when there is no checkpoint, or it is of another decoder or adapter
 */
export function loadState(dir: string, target: TrainingState, optimizer: boolean): void {
  const { model, adam } = target
  const file = join(dir, STATE_FILE)
  const state = readStateFile(file)
  checkDecoder(state.decoder, model.config, file)
  checkAdapter(state, model, file)
  const { specs, flat } = trainedParameters(model)
  const moments = specsOfMoments(specs)
  const weightsName = weightsFileOf(model)
  withVerified(join(dir, weightsName), state.sha256[weightsName]!, specs, (weights) => {
    if (optimizer)
      withVerified(join(dir, OPTIMIZER_FILE), state.sha256[OPTIMIZER_FILE]!, moments, (stored) => {
        fillFlat(moments.slice(0, specs.length), stored, adam.first)
        fillFlat(moments.slice(specs.length), stored, adam.second)
        adam.step = state.step
      })
    else resetAdamState(adam)
    fillFlat(specs, weights, flat)
  })
}

function weightsFileOf({ adapter }: Model): string {
  return adapter ? ADAPTER_WEIGHTS_FILE : WEIGHTS_FILE
}

function sourcesOf(specs: readonly ParameterSpec[], flat: Float32Array, suffix: string): TensorSource[] {
  return specs.map(({ name, shape, offset, size }) => ({
    name: name + suffix,
    shape,
    values: () => flat.subarray(offset, offset + size),
  }))
}

/** Both moments under their names, each laid out from the start of its own array. */
function specsOfMoments(specs: readonly ParameterSpec[]): readonly ParameterSpec[] {
  return [FIRST_MOMENT, SECOND_MOMENT].flatMap((suffix) => specs.map((spec) => ({ ...spec, name: spec.name + suffix })))
}

/** Writes a safetensors file. @returns the SHA-256 of its bytes */
function putHashed(file: string, sources: readonly TensorSource[]): string {
  const { blocks, sizeBytes } = layOutSafetensors(sources)
  const hash = createHash('sha256')
  function* hashed(): Generator<Uint8Array> {
    for (const block of blocks()) {
      hash.update(block)
      yield block
    }
  }
  putBlocksAtomic(file, hashed(), sizeBytes)
  return hash.digest('hex')
}

const damaged = 'the checkpoint was damaged or edited after it was written: use an earlier one'

/** What `use` returns for the tensors of a file whose bytes, names, shapes and values were checked. */
function withVerified<Result>(
  file: string,
  expected: string,
  specs: readonly ParameterSpec[],
  use: (stored: StoredTensors) => Result,
): Result {
  if (!existsSync(file)) throw new AuditError(`${file} is missing`, { file, expected, hint: damaged })
  const found = hashFile(file).sha256
  if (expected !== found)
    throw new AuditError(`${file} does not match its hash: expected ${expected}, got ${found}`, {
      file,
      expected,
      found,
      hint: damaged,
    })
  return withStored(file, (stored) => {
    checkLayout(specs, stored)
    checkFinite(specs, stored)
    return use(stored)
  })
}

function checkDecoder(found: DecoderConfig, expected: DecoderConfig, file: string): void {
  const wanted = new Map<string, unknown>(Object.entries(expected))
  const own = new Map<string, unknown>(Object.entries(found))
  for (const field of new Set([...own.keys(), ...wanted.keys()])) {
    const [value, other] = [own.get(field), wanted.get(field)].map(show)
    if (value === other) continue
    throw new DataError(`decoder.${field} is ${value}, the model has ${other}`, {
      file,
      field: `decoder.${field}`,
      hint: 'the checkpoint belongs to a model of another configuration',
    })
  }
}

function show(value: unknown): string {
  return value === undefined ? 'not set' : typeof value === 'object' ? formatJson(value) : String(value)
}

function checkAdapter(state: StateFile, { base, adapter }: Model, file: string): void {
  const kindOf = (isAdapter: boolean) => (isAdapter ? 'an adapter' : 'a whole model')
  if (state.schemaVersion === 1 || !adapter) {
    if (state.schemaVersion === 1 && !adapter) return
    throw new DataError(
      `is a checkpoint of ${kindOf(state.schemaVersion === 2)}, the model is ${kindOf(adapter !== undefined)}`,
      { file, field: 'lora', hint: 'create the model with the adapter settings of the checkpoint' },
    )
  }
  checkSameLora(state.lora, adapter.lora, file)
  const found = frozenBaseHash(base)
  if (state.baseSha256 === found) return
  throw new AuditError(
    `${file}: the adapter was trained on the base with weights ${state.baseSha256}, this one has ${found}`,
    {
      file,
      expected: state.baseSha256,
      found,
      hint: 'name the base model that the run started from',
    },
  )
}
