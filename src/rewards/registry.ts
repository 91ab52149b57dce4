import { defineRegistry, type Registry } from '../core/registry.ts'
import { correctness } from './correctness.ts'
import { format } from './format.ts'
import type { Reward } from './types.ts'

/** The paper's two rewards. Audit metrics (grounded steps, right for the wrong reason) are not here on purpose. */
export const rewards: Registry<Reward> = defineRegistry('reward', [correctness, format])
