import { join } from 'node:path'
import { z } from 'zod'
import { WARNINGS_LOG } from '../../policy/warnings.ts'
import { visitLog } from './read-run.ts'
import type { ReportWarning, ReportWarnings } from './schema-training.ts'

const warningLine = z.object({
  detector: z.string(),
  fault: z.string(),
  level: z.enum(['warn', 'stop']),
  step: z.int().nonnegative(),
  values: z.record(z.string(), z.number()),
  thresholds: z.record(z.string(), z.number()),
  message: z.string(),
  response: z.string(),
})

/**
 * What the detectors told of each RL stage, one entry a fault as it was first told, in the order of their first steps;
 * null for a stage without such a log.
 *
 * @param holds whether a sealed stage has a file
 */
export function readWarnings(runDir: string, holds: (stage: 'rl-1' | 'rl-2', file: string) => boolean): ReportWarnings {
  const of = (stage: 'rl-1' | 'rl-2'): ReportWarning[] | null =>
    holds(stage, WARNINGS_LOG) ? groupWarnings(join(runDir, stage, WARNINGS_LOG)) : null
  return { 'rl-1': of('rl-1'), 'rl-2': of('rl-2') }
}

function groupWarnings(file: string): ReportWarning[] {
  const byFault = new Map<string, ReportWarning>()
  visitLog(file, warningLine, (line) => {
    const key = `${line.detector} ${line.fault}`
    const known = byFault.get(key)
    if (known === undefined) {
      byFault.set(key, { ...line, times: 1, lastStep: line.step })
      return
    }
    known.times += 1
    known.lastStep = line.step
    // A fault that grew worse is shown as what it became.
    if (line.level === 'stop') known.level = 'stop'
  })
  return [...byFault.values()].sort((a, b) => a.step - b.step || (a.detector < b.detector ? -1 : 1))
}
