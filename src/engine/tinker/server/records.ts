import { z } from 'zod'
import { DataError } from '../../../core/errors.ts'
import { parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import { loraTargets } from '../../lora.ts'

/** Kinds of checkpoints, as they stand in addresses: states to train on from, and weights to sample from. */
export const checkpointKinds = ['weights', 'sampler_weights'] as const
export type CheckpointKind = (typeof checkpointKinds)[number]

const usage = z.strictObject({
  trained: z.int().nonnegative(),
  scored: z.int().nonnegative(),
  prefilled: z.int().nonnegative(),
  sampled: z.int().nonnegative(),
})

const lora = z.strictObject({
  rank: z.int().positive(),
  alpha: z.number().positive(),
  targets: z.array(z.enum(loraTargets)).transform((names) => loraTargets.filter((t) => names.includes(t))),
})

/** A training run: one model that was created, whether it is still in memory or not. */
export const runRecord = z.strictObject({
  runId: z.string(),
  sessionId: z.string(),
  baseModel: z.string(),
  /** Hash of the base's weights, where the engine says it. */
  baseHash: z.string().nullable(),
  /** null: every weight is trained. */
  lora: lora.nullable(),
  seed: z.number(),
  createdAt: z.string(),
  lastRequestAt: z.string(),
  usage,
  /** Whether an update left weights that are no numbers, and none were loaded since. */
  corrupted: z.boolean().default(false),
  userMetadata: z.record(z.string(), z.unknown()).nullable(),
})
export type RunRecord = z.infer<typeof runRecord>

/** A checkpoint of a run; written last, so that a folder without it is unfinished. */
export const checkpointRecord = z.strictObject({
  kind: z.enum(checkpointKinds),
  name: z.string(),
  /** Folder of its files, beside the record. */
  folder: z.string().regex(/^data-\d+$/),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  sizeBytes: z.number(),
  userMetadata: z.record(z.string(), z.unknown()).nullable(),
})
export type CheckpointRecord = z.infer<typeof checkpointRecord>

/**
 * A record that this server wrote.
 *
 * @throws {DataError} naming the file when it holds something else
 */
export function readRecord<Value>(schema: z.ZodType<Value>, file: string): Value {
  const parsed = schema.safeParse(parseJson(readText(file), { file }))
  if (!parsed.success) throw new DataError('not a record of this server', { file, cause: parsed.error })
  return parsed.data
}

/** The address of a checkpoint. */
export function tinkerPath(
  runId: string,
  { kind, name }: { readonly kind: CheckpointKind; readonly name: string },
): string {
  return `tinker://${runId}/${kind}/${name}`
}
