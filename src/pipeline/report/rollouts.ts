import { join } from 'node:path'
import { z } from 'zod'
import { visitLog } from './read-run.ts'
import type { ReportCounts } from './schema.ts'

const groupLineSchema = z.object({
  step: z.int().nonnegative(),
  questionId: z.string(),
  reason: z.string(),
  rollouts: z
    .array(
      z.object({
        tokens: z.array(z.unknown()).transform((tokens) => tokens.length),
        completion: z.string(),
        stopReason: z.string(),
        reward: z.object({ correct: z.number(), format: z.number(), total: z.number() }),
        advantage: z.number(),
        defects: z.array(z.string()),
        answered: z.string(),
      }),
    )
    .min(1),
})

/**
 * A line of `rollouts.jsonl` with the tokens counted and the log-probabilities left out. `step` counts from 1 here, as in
 * `metrics.jsonl`; in the log it counts from 0.
 */
export type GroupLine = z.output<typeof groupLineSchema>

const sweepLineSchema = z.object({
  step: z.int().nonnegative(),
  questionId: z.string(),
  right: z.int().nonnegative(),
  of: z.int().positive(),
})

/** A line of `sweeps.jsonl`: one question of the sweep made before `step`, which counts from 1. */
export type SweepLine = z.infer<typeof sweepLineSchema>

/** A rollout counts as right as it does in training: when its reward is more than one half. */
export const isRight = (rollout: GroupLine['rollouts'][number]): boolean => rollout.reward.total > 0.5

/**
 * Passes every group of an RL stage to `visit`, one line in memory at a time.
 *
 * @returns what was sampled in all
 */
export function visitGroups(
  runDir: string,
  stage: 'rl-1' | 'rl-2',
  visit: (group: GroupLine) => void,
): ReportCounts['rollouts']['rl-1'] {
  const totals = { steps: 0, groups: 0, rollouts: 0, tokens: 0 }
  visitLog(join(runDir, stage, 'rollouts.jsonl'), groupLineSchema, (line) => {
    const group = line
    totals.steps = Math.max(totals.steps, group.step)
    totals.groups += 1
    totals.rollouts += group.rollouts.length
    totals.tokens += group.rollouts.reduce((sum, { tokens }) => sum + tokens, 0)
    visit(group)
  })
  return totals
}

/** The lines of stage 2's sweeps of the training set; none when mining is off. */
export function readSweeps(runDir: string): SweepLine[] {
  const sweeps: SweepLine[] = []
  visitLog(join(runDir, 'rl-2', 'sweeps.jsonl'), sweepLineSchema, (line) => sweeps.push(line))
  return sweeps
}
