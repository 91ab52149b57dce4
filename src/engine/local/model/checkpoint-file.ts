import { existsSync } from 'node:fs'
import { z } from 'zod'
import { AuditError, DataError } from '../../../core/errors.ts'
import { sha256Hex } from '../../../core/hash.ts'
import { canonicalJson, parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import { loraTargets } from '../../lora.ts'
import type { DecoderConfig, LoraConfig } from '../../types.ts'
import { ADAPTER_WEIGHTS_FILE } from '../hf/adapter.ts'
import { WEIGHTS_FILE } from '../hf/shards.ts'

/** Written last: a directory that has one is a whole checkpoint. */
export const STATE_FILE = 'state.json'
/** Moments of the optimizer. */
export const OPTIMIZER_FILE = 'optimizer.safetensors'

const decoder = z.strictObject({
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
  attentionBias: z.enum(['qkv', 'qkvo']).exactOptional(),
  ropeScaling: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('linear'), factor: z.number() }),
      z.strictObject({
        kind: z.literal('llama3'),
        factor: z.number(),
        lowFrequencyFactor: z.number(),
        highFrequencyFactor: z.number(),
        originalMaxPositions: z.number(),
      }),
      z.strictObject({
        kind: z.literal('yarn'),
        factor: z.number(),
        originalMaxPositions: z.number(),
        betaFast: z.number(),
        betaSlow: z.number(),
        attentionFactor: z.number(),
        truncate: z.boolean(),
      }),
    ])
    .exactOptional(),
} satisfies { readonly [Field in keyof Required<DecoderConfig>]: z.ZodType })

const lora = z.strictObject({
  rank: z.int(),
  alpha: z.number(),
  targets: z.array(z.enum(loraTargets)),
} satisfies { readonly [Field in keyof LoraConfig]: z.ZodType })

const common = {
  step: z.int().nonnegative(),
  decoder,
  /** SHA-256 of the canonical JSON of all other fields. */
  hash: z.string(),
}

/** Version 1 is a whole model, version 2 an adapter. */
const schema = z.discriminatedUnion('schemaVersion', [
  z.strictObject({
    schemaVersion: z.literal(1),
    ...common,
    sha256: z.strictObject({ [WEIGHTS_FILE]: z.string(), [OPTIMIZER_FILE]: z.string() }),
  }),
  z.strictObject({
    schemaVersion: z.literal(2),
    ...common,
    lora,
    baseSha256: z.string(),
    sha256: z.strictObject({ [ADAPTER_WEIGHTS_FILE]: z.string(), [OPTIMIZER_FILE]: z.string() }),
  }),
])

type Common = {
  readonly step: number
  readonly decoder: DecoderConfig
  /** File → hash of its bytes. */
  readonly sha256: Readonly<Record<string, string>>
}

/** What `state.json` says, its hash verified. */
export type StateFile = Common &
  (
    | { readonly schemaVersion: 1 }
    | { readonly schemaVersion: 2; readonly lora: LoraConfig; readonly baseSha256: string }
  )

/**
 * The content of a `state.json`.
 *
 * @throws {DataError} when there is none
 * @throws {AuditError} when it was damaged or changed
 */
export function readStateFile(file: string): StateFile {
  if (!existsSync(file))
    throw new DataError('there is no checkpoint here', {
      file,
      hint: 'name a directory written by saveState; one without state.json was interrupted and must be made again',
    })
  const hint = 'the checkpoint was damaged or edited after it was written: use an earlier one'
  let state: z.infer<typeof schema>
  try {
    state = schema.parse(parseJson(readText(file), { file }))
  } catch (cause) {
    throw new AuditError(`${file} is not what saveState wrote`, { file, cause, hint })
  }
  const { hash: expected, ...rest } = state
  const found = hashOfState(rest)
  if (expected !== found)
    throw new AuditError(`${file} does not match its hash: expected ${expected}, got ${found}`, {
      file,
      expected,
      found,
      hint,
    })
  return state
}

/** The hash by which `state.json` vouches for itself. */
export function hashOfState(content: unknown): string {
  return sha256Hex(canonicalJson(content))
}
