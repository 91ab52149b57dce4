import type { LoraConfig, LoraTarget } from './types.ts'

/** Every linear layer that may carry an adapter, in the order of a forward pass. */
export const loraTargets: readonly LoraTarget[] = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
  'lm_head',
]

/** Attention and feed-forward layers: what adapters train unless told. The head is left out, since few servers take one there. */
export const defaultLoraTargets: readonly LoraTarget[] = loraTargets.filter((target) => target !== 'lm_head')

/**
 * The alpha of every Tinker server whose source was read (hosted, SkyRL): constant, whatever the rank, since the wire
 * has no field for it.
 */
export const TINKER_ALPHA = 32

/** The rank that the Tinker SDK asks for unless told. */
const DEFAULT_RANK = 32

/** An adapter on attention and feed-forward layers, rank 32, alpha 32: the Tinker SDK's choice, but for the head. */
export const defaultLora: LoraConfig = { rank: DEFAULT_RANK, alpha: TINKER_ALPHA, targets: defaultLoraTargets }
