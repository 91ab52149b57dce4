import { defineRegistry } from '../../core/registry.ts'
import { answerBias } from './answer-bias.ts'
import { audit } from './audit.ts'
import { deadGroups } from './dead-groups.ts'
import { entropy } from './entropy.ts'
import { forgetting } from './forgetting.ts'
import { formatHacking } from './format-hacking.ts'
import { gradient } from './gradient.ts'
import { length } from './length.ts'
import { mismatch } from './mismatch.ts'
import { rewardHacking } from './reward-hacking.ts'

/** What watches a reinforcement learning stage. */
export const detectors = defineRegistry('detector', [
  entropy,
  length,
  formatHacking,
  deadGroups,
  mismatch,
  gradient,
  rewardHacking,
  audit,
  forgetting,
  answerBias,
])
