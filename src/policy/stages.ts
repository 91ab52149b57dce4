import type { Rng } from '../core/rng.ts'
import type { PlanItem } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

/**
 * The questions of a step of stage 1: hard and simple ones at 1 : 1, uniformly within each, without repeats in a step.
 *
 * @paper Fleming-R1 Fig. 2: hard : simple = 1 : 1; §3.3: a balanced blend of Easy and Moderate
 * @param hardShare share of moderate questions; the paper's 1 : 1 is 0.5
 */
export function planBlended(
  questions: readonly TrainingQuestion[],
  draw: { readonly count: number; readonly groupSize: number; readonly hardShare: number; readonly rng: Rng },
): PlanItem[] {
  const wantedHard = Math.round(draw.count * draw.hardShare)
  const take = (difficulty: string, count: number): PlanItem[] => {
    const pool = draw.rng.shuffle(questions.filter((question) => question.difficulty === difficulty))
    return pool.slice(0, count).map((question) => ({ question, groupSize: draw.groupSize, reason: difficulty }))
  }
  return [...take('moderate', wantedHard), ...take('easy', draw.count - wantedHard)]
}

/** The questions of a step without mining: uniformly from the whole training set, without repeats in a step. */
export function planUniform(
  questions: readonly TrainingQuestion[],
  draw: { readonly count: number; readonly groupSize: number; readonly rng: Rng },
): PlanItem[] {
  const shuffled = draw.rng.shuffle(questions).slice(0, draw.count)
  return shuffled.map((question) => ({ question, groupSize: draw.groupSize, reason: 'uniform' }))
}

/**
 * The learning rate of a step: a line from `peak` at the first step to `peak · finalShare` at the last, times a linear
 * warm-up that reaches 1 at step `warmup - 1`.
 *
 * @param step counted from 0
 */
export function learningRateAt(
  step: number,
  schedule: { readonly peak: number; readonly warmup: number; readonly steps: number; readonly finalShare: number },
): number {
  const warm = Math.min(1, (step + 1) / Math.max(1, schedule.warmup))
  const progress = schedule.steps <= 1 ? 0 : Math.min(1, step / (schedule.steps - 1))
  return schedule.peak * warm * (1 - (1 - schedule.finalShare) * progress)
}
