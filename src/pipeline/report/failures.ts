import { join } from 'node:path'
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { Describer } from './examples.ts'
import { readJsonAs, visitLog } from './read-run.ts'
import { failureCellSchema, type ReportFailureCell, type ReportSuspects } from './schema-training.ts'

const failureMapFile = 'failure-map.json'
const quarantineLog = 'quarantine.jsonl'

/**
 * The cells of stage 2's failure map, axis by axis, the surest failures first: those with the highest lower end of the
 * interval of the failed share, so that a few failures of few questions do not lead. Null when the run holds no map.
 */
export function readFailures(runDir: string, holds: (file: string) => boolean): ReportFailureCell[] | null {
  if (!holds(failureMapFile)) return null
  const cells = readJsonAs(join(runDir, 'rl-2', failureMapFile), z.array(failureCellSchema))
  const axes = failureCellSchema.shape.axis.options
  return cells.toSorted(
    (a, b) =>
      axes.indexOf(a.axis) - axes.indexOf(b.axis) ||
      b.before.interval[0] - a.before.interval[0] ||
      b.before.questions - a.before.questions ||
      (a.name < b.name ? -1 : 1),
  )
}

const suspectLine = z.object({
  step: z.int().nonnegative(),
  questionId: z.string(),
  majorityAnswer: z.string(),
  share: z.number(),
  rollouts: z.number(),
  clusterAccuracy: z.number().optional(),
  right: z.number().optional(),
  belief: z.number().nullish(),
})

/** Questions whose label quarantine doubts, the surest first; null when the run holds no log of them. */
export function readQuarantine(
  runDir: string,
  config: Config['rl-2'],
  describer: Pick<Describer, 'question' | 'answer'>,
  holds: (file: string) => boolean,
): ReportSuspects | null {
  if (!holds(quarantineLog)) return null
  const list: ReportSuspects['list'] = []
  visitLog(join(runDir, 'rl-2', quarantineLog), suspectLine, (suspect) => {
    const { questionId, stem, hop, accepted } = describer.question(suspect.questionId)
    const { step, majorityAnswer, share, rollouts, clusterAccuracy = null, right, belief } = suspect
    list.push({
      ...{ questionId, stem, hop, accepted, step },
      majorityAnswer: describer.answer(majorityAnswer),
      // Decayed counts may sum to a hair above one.
      majorityShare: Math.min(1, share),
      rollouts: Math.round(rollouts),
      right: right === undefined ? null : Math.round(right),
      belief: belief ?? null,
      clusterAccuracy,
    })
  })
  list.sort(
    (a, b) =>
      (b.belief ?? 0) - (a.belief ?? 0) || b.majorityShare - a.majorityShare || (a.questionId < b.questionId ? -1 : 1),
  )
  return { mode: config.mining ? (config.quarantine?.mode ?? 'off') : 'off', list }
}
