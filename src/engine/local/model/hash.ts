import { createHash } from 'node:crypto'
import { sha256Hex } from '../../../core/hash.ts'
import { canonicalJson } from '../../../core/json.ts'
import { bytesOf } from '../safetensors-dtypes.ts'
import type { Model } from './model.ts'
import type { ParameterSet } from './parameters.ts'

/** `createHash` takes less than 2 GiB at once. */
const BLOCK_ITEMS = 1 << 28

/** The SHA-256 over all weights in parameter order, 64 hex digits: equal bytes, equal hash. */
export function weightsHash({ flat }: ParameterSet): string {
  const hash = createHash('sha256')
  for (let at = 0; at < flat.length; at += BLOCK_ITEMS) hash.update(bytesOf(flat.subarray(at, at + BLOCK_ITEMS)))
  return hash.digest('hex')
}

/** Hashes of bases under adapters: only adapters are trained on them, so their weights never change. */
const frozenHashes = new WeakMap<ParameterSet, string>()

/** The `weightsHash` of the base of a model with an adapter, computed once. */
export function frozenBaseHash(base: ParameterSet): string {
  const known = frozenHashes.get(base) ?? weightsHash(base)
  frozenHashes.set(base, known)
  return known
}

/** One hash for all that a model computes with: its weights, or base, adapter and the adapter's shape. */
export function modelHash({ base, adapter }: Model): string {
  if (!adapter) return weightsHash(base)
  const { lora, parameters } = adapter
  return sha256Hex(canonicalJson({ base: frozenBaseHash(base), lora, adapter: weightsHash(parameters) }))
}
