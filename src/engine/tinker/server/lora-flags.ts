import { loraTargets, TINKER_ALPHA } from '../../lora.ts'
import type { LoraConfig, LoraTarget } from '../../types.ts'
import type { LoraConfigBody } from '../wire/requests.ts'
import { RequestError } from './errors.ts'

/** What the flags of the wire train; the alpha is not on the wire. */
const parts: {
  readonly attention: readonly LoraTarget[]
  readonly mlp: readonly LoraTarget[]
  readonly unembed: readonly LoraTarget[]
} = {
  attention: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
  mlp: ['gate_proj', 'up_proj', 'down_proj'],
  unembed: ['lm_head'],
}

/**
 * The adapter that a client asks for, or null when every weight is to be trained: without `lora_config`, or with rank 0.
 *
 * @throws {RequestError} 400 when nothing would be trained
 */
export function loraOf(body: LoraConfigBody | null | undefined): LoraConfig | null {
  if (!body || body.rank === 0) return null
  const { train_attn: attention = true, train_mlp: mlp = true, train_unembed: unembed = true } = body
  const wanted = [...(attention ? parts.attention : []), ...(mlp ? parts.mlp : []), ...(unembed ? parts.unembed : [])]
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
  return { train_attn: trains(parts.attention), train_mlp: trains(parts.mlp), train_unembed: trains(parts.unembed) }
}
