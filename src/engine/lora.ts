import type { LoraConfig, LoraTarget } from './types.ts'

/** The layers that the Tinker API trains together: its wire names these parts of a model, not single layers. */
export const loraParts = {
  attention: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
  mlp: ['gate_proj', 'up_proj', 'down_proj'],
  unembed: ['lm_head'],
} as const satisfies Readonly<Record<string, readonly LoraTarget[]>>

/** Attention and feed-forward layers: what adapters train unless told. The head is left out, since few servers take one there. */
export const defaultLoraTargets = [...loraParts.attention, ...loraParts.mlp] as const

/** Every linear layer that may carry an adapter, in the order of a forward pass. */
export const loraTargets = [...defaultLoraTargets, ...loraParts.unembed] as const

/**
 * The alpha of every Tinker server whose source was read (hosted, SkyRL): constant, whatever the rank, since the wire
 * has no field for it.
 */
export const TINKER_ALPHA = 32

/** An adapter on attention and feed-forward layers, rank 32, alpha 32: the Tinker SDK's choice, but for the head. */
export const defaultLora: LoraConfig = { rank: 32, alpha: TINKER_ALPHA, targets: defaultLoraTargets }
