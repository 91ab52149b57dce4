import { loraParts, loraTargets, TINKER_ALPHA } from '../../lora.ts'
import type { LoraConfig, LoraTarget } from '../../types.ts'
import type { LoraConfigBody } from '../wire/requests.ts'
import { RequestError } from './errors.ts'

/**
 * The adapter that a client asks for, or null when every weight is to be trained: without `lora_config`, or with rank 0.
 *
 * @throws {RequestError} 400 when nothing would be trained
 */
export function loraOf(body: LoraConfigBody | null | undefined): LoraConfig | null {
  if (!body || body.rank === 0) return null
  const { train_attn: attention = true, train_mlp: mlp = true, train_unembed: unembed = true } = body
  const wanted: readonly LoraTarget[] = [
    ...(attention ? loraParts.attention : []),
    ...(mlp ? loraParts.mlp : []),
    ...(unembed ? loraParts.unembed : []),
  ]
  if (wanted.length === 0) throw new RequestError(400, 'lora_config trains nothing: set one of its train_ flags')
  return { rank: body.rank, alpha: TINKER_ALPHA, targets: loraTargets.filter((target) => wanted.includes(target)) }
}

/** The flags of an adapter: a part counts as trained when any of its layers is. */
export function flagsOf(lora: LoraConfig): {
  readonly train_attn: boolean
  readonly train_mlp: boolean
  readonly train_unembed: boolean
} {
  const trains = (part: readonly LoraTarget[]): boolean => part.some((target) => lora.targets.includes(target))
  return {
    train_attn: trains(loraParts.attention),
    train_mlp: trains(loraParts.mlp),
    train_unembed: trains(loraParts.unembed),
  }
}
