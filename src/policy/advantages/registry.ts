import { defineRegistry, type Registry } from '../../core/registry.ts'
import { centre } from './centre.ts'
import type { AdvantageEstimator } from './estimator.ts'
import { maxrl } from './maxrl.ts'
import { opo } from './opo.ts'
import { rloo } from './rloo.ts'
import { std } from './std.ts'

/** The estimators a config may name; the first is the paper's. */
export const advantageEstimators: Registry<AdvantageEstimator> = defineRegistry('advantage', [
  centre,
  std,
  rloo,
  maxrl,
  opo,
])
