import { defineRegistry, type Registry } from '../../core/registry.ts'
import { answerCheck } from './answer.ts'
import { arithmeticCheck } from './arithmetic.ts'
import { assumptionsCheck } from './assumptions.ts'
import type { TrajectoryCheck } from './check.ts'
import { groundingCheck } from './grounding.ts'
import { hedgeCheck } from './hedge.ts'
import { languageCheck } from './language.ts'
import { leakCheck } from './leak.ts'
import { lengthCheck } from './length.ts'
import { repetitionCheck } from './repetition.ts'
import { unitsCheck } from './units.ts'

/** The checks that a chain goes through, in this order. */
export const checks: Registry<TrajectoryCheck> = defineRegistry('check', [
  answerCheck,
  leakCheck,
  arithmeticCheck,
  unitsCheck,
  repetitionCheck,
  languageCheck,
  lengthCheck,
  assumptionsCheck,
  hedgeCheck,
  groundingCheck,
])
