import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AuditError, DataError } from '../../../core/errors.ts'
import { sha256Hex } from '../../../core/hash.ts'
import { canonicalJson, formatJson, parseJson } from '../../../core/json.ts'
import { readBlocks, readText } from '../../../core/read.ts'
import { ensureDir, putAtomic, removeFile } from '../../../core/store.ts'
import type { DecoderConfig } from '../../types.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../safetensors.ts'
import { type AdamState, resetAdamState } from './adamw.ts'
import type { ParameterSet } from './parameters.ts'
import { flattenTensors, namedTensors, WEIGHTS_FILE } from './weights.ts'

/** Everything that training changes, and the decoder it belongs to. */
export type TrainingState = {
  readonly decoder: DecoderConfig
  readonly parameters: ParameterSet
  readonly adam: AdamState
}

const OPTIMIZER_FILE = 'optimizer.safetensors'
const STATE_FILE = 'state.json'

/** Suffixes of the moments, the names PyTorch's Adam gives them. */
const FIRST_MOMENT = '.exp_avg'
const SECOND_MOMENT = '.exp_avg_sq'

const stateSchema = z.strictObject({
  schemaVersion: z.literal(1),
  step: z.int().nonnegative(),
  decoder: z.strictObject({
    vocabSize: z.int(),
    hiddenSize: z.int(),
    numLayers: z.int(),
    numHeads: z.int(),
    numKeyValueHeads: z.int(),
    headDim: z.int(),
    intermediateSize: z.int(),
    maxPositions: z.int(),
    ropeTheta: z.number(),
    rmsNormEps: z.number(),
    tieEmbeddings: z.boolean(),
    qkNorm: z.boolean(),
  } satisfies { readonly [Field in keyof DecoderConfig]: z.ZodType }),
  sha256: z.strictObject({ [WEIGHTS_FILE]: z.string(), [OPTIMIZER_FILE]: z.string() }),
  /** SHA-256 of the canonical JSON of all other fields. */
  hash: z.string(),
})
type StateFile = z.infer<typeof stateSchema>

/**
 * Writes weights, moments and step count; equal states give equal bytes.
 *
 * `state.json` holds the hashes of the other files, is removed first and written last: a directory with it is a whole
 * checkpoint, one without it is none. Give each checkpoint a directory of its own to keep the one before.
 *
 * @throws {StorageError} when the disk is full or failing
 */
export function saveState(dir: string, { decoder, parameters, adam }: TrainingState): void {
  const { specs, flat } = parameters
  const files = {
    [WEIGHTS_FILE]: encodeSafetensors(namedTensors(specs, flat)),
    [OPTIMIZER_FILE]: encodeSafetensors(
      new Map([
        ...namedTensors(specs, adam.first, (name) => name + FIRST_MOMENT),
        ...namedTensors(specs, adam.second, (name) => name + SECOND_MOMENT),
      ]),
    ),
  }
  ensureDir(dir)
  removeFile(join(dir, STATE_FILE))
  for (const [name, bytes] of Object.entries(files)) putAtomic(join(dir, name), bytes)
  const sha256 = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256Hex(bytes)]))
  const state = { schemaVersion: 1, step: adam.step, decoder, sha256 }
  putAtomic(join(dir, STATE_FILE), `${formatJson({ ...state, hash: hashOf(state) }, { pretty: true })}\n`)
}

/**
 * Replaces the state by a saved one: all of it or, when this throws, nothing.
 *
 * @param optimizer whether to restore moments and step count too; without, they start at zero
 * @throws {AuditError} naming the file that does not match its recorded hash
 * @throws {DataError} when there is no checkpoint, or it is of another decoder
 */
export function loadState(dir: string, { decoder, parameters, adam }: TrainingState, optimizer: boolean): void {
  const state = readStateFile(join(dir, STATE_FILE))
  checkDecoder(state.decoder, decoder, join(dir, STATE_FILE))
  const { specs } = parameters
  const weightsFile = join(dir, WEIGHTS_FILE)
  const weights = flattenTensors(specs, readVerified(weightsFile, state.sha256[WEIGHTS_FILE]), weightsFile)
  if (optimizer) {
    const optimizerFile = join(dir, OPTIMIZER_FILE)
    const moments = readVerified(optimizerFile, state.sha256[OPTIMIZER_FILE])
    const first = flattenTensors(specs, withoutSuffix(moments, FIRST_MOMENT), optimizerFile)
    const second = flattenTensors(specs, withoutSuffix(moments, SECOND_MOMENT), optimizerFile)
    adam.first.set(first)
    adam.second.set(second)
    adam.step = state.step
  } else resetAdamState(adam)
  parameters.flat.set(weights)
}

function readStateFile(file: string): StateFile {
  if (!existsSync(file))
    throw new DataError('there is no checkpoint here', {
      file,
      hint: 'name a directory written by saveState; one without state.json was interrupted and must be made again',
    })
  let state: StateFile
  try {
    state = stateSchema.parse(parseJson(readText(file), { file }))
  } catch (cause) {
    throw new AuditError(`${file} is not what saveState wrote`, { file, cause, hint: damaged })
  }
  const { hash, ...rest } = state
  verifyHash(file, hash, hashOf(rest))
  return state
}

const damaged = 'the checkpoint was damaged or edited after it was written: use an earlier one'

function readVerified(file: string, expected: string): ReadonlyMap<string, Tensor> {
  if (!existsSync(file)) throw new AuditError(`${file} is missing`, { file, expected, hint: damaged })
  const bytes = Buffer.concat([...readBlocks(file)])
  verifyHash(file, expected, sha256Hex(bytes))
  return decodeSafetensors(bytes, file).tensors
}

function verifyHash(file: string, expected: string, found: string): void {
  if (expected === found) return
  throw new AuditError(`${file} does not match its hash: expected ${expected}, got ${found}`, {
    file,
    expected,
    found,
    hint: damaged,
  })
}

function hashOf(state: unknown): string {
  return sha256Hex(canonicalJson(state))
}

function checkDecoder(found: DecoderConfig, expected: DecoderConfig, file: string): void {
  for (const [field, value] of Object.entries(found)) {
    const wanted = new Map<string, unknown>(Object.entries(expected)).get(field)
    if (wanted === value) continue
    throw new DataError(`decoder.${field} is ${String(value)}, the model has ${String(wanted)}`, {
      file,
      field: `decoder.${field}`,
      hint: 'the checkpoint belongs to a model of another configuration',
    })
  }
}

/** The tensors of one moment; the longer suffix contains the shorter one's letters, so match the end. */
function withoutSuffix(tensors: ReadonlyMap<string, Tensor>, suffix: string): Map<string, Tensor> {
  const entries = [...tensors].filter(([name]) => name.endsWith(suffix))
  return new Map(entries.map(([name, tensor]) => [name.slice(0, -suffix.length), tensor]))
}
