import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { visitLog } from './read-run.ts'
import type { ReportStepTimes } from './schema-training.ts'

const timingLine = z.object({
  stage: z.string(),
  step: z.int().positive(),
  sampleMs: z.number().nonnegative(),
  trainMs: z.number().nonnegative(),
})
type Timing = z.infer<typeof timingLine>

/** What was sampled in one step. */
export type StepWork = { readonly rollouts: number; readonly tokens: number }

/**
 * Where the steps of each RL stage spent their time. A step that was made again after a kill counts as it was made last;
 * steps that the stage does not have belong to an earlier making of it, and are left out.
 *
 * @param work rollouts and tokens of each step, by stage, steps counted from 1
 * @returns stages without timings are not in it
 */
export function readStepTimes(
  runDir: string,
  work: Readonly<Record<'rl-1' | 'rl-2', ReadonlyMap<number, StepWork>>>,
): ReportStepTimes {
  const file = join(runDir, 'step-timings.jsonl')
  if (!existsSync(file)) return {}
  const last = { 'rl-1': new Map<number, Timing>(), 'rl-2': new Map<number, Timing>() }
  visitLog(file, timingLine, (timing) => {
    if (timing.stage === 'rl-1' || timing.stage === 'rl-2') last[timing.stage].set(timing.step, timing)
  })
  return Object.fromEntries(
    (['rl-1', 'rl-2'] as const).flatMap((stage) => {
      const timed = [...last[stage].values()].filter(({ step }) => work[stage].has(step))
      if (timed.length === 0) return []
      const sum = (of: (timing: Timing) => number): number => timed.reduce((total, timing) => total + of(timing), 0)
      const times = {
        steps: timed.length,
        rollouts: sum(({ step }) => work[stage].get(step)!.rollouts),
        tokens: sum(({ step }) => work[stage].get(step)!.tokens),
        sampleSeconds: sum(({ sampleMs }) => sampleMs) / 1000,
        trainSeconds: sum(({ trainMs }) => trainMs) / 1000,
      }
      return [[stage, times]]
    }),
  )
}
