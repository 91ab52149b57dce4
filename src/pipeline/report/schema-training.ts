import { z } from 'zod'
import { failureAxes } from '../../policy/types.ts'

/** Parts of `report.json` about cold start, the switch of stages, warnings, failures and times. */

const count = z.int().nonnegative()
const share = z.number().min(0).max(1)
const counts = z.record(z.string(), count)

const roundSchema = z.object({
  /** `blind`, or `answer-aware`: the gold stood in the request. */
  mode: z.string(),
  /** Of a revision; null for first attempts. */
  strategy: z.string().nullable(),
  depth: count,
  questions: count,
  asked: count,
  /** Questions that got their trajectory in this round. */
  solved: count,
  right: count,
  failed: count,
  skipped: count,
})

const checkSchema = z.object({
  action: z.enum(['drop', 'report']),
  checked: count,
  found: count,
  reasons: counts,
  examples: z.array(z.object({ questionId: z.string(), reason: z.string(), evidence: z.string() })),
})

/** `cold-start/teaching.json`. */
export const teachingSchema = z.object({
  questions: count,
  kept: count,
  rounds: z.array(roundSchema),
  /** Right answers among the first k attempts → questions. */
  passes: counts,
  /** Why questions are without a trajectory → questions. */
  unsolved: counts,
  checks: z.record(z.string(), checkSchema),
  /** Trajectories left out to keep the share of those whose teacher saw the gold. */
  cut: count,
})

export const coldStartSchema = z.object({
  /** Kind of teacher, as configured. */
  teacher: z.string(),
  /** Names that stand in the trajectories. */
  titles: z.array(z.string()),
  kept: count,
  /** Trajectories by origin, by strategy of the refined ones, and with a teacher that saw the gold; null in older runs. */
  origins: counts.nullable(),
  strategies: counts.nullable(),
  sawGold: count.nullable(),
  /** Null when the run holds no `teaching.json`. */
  teaching: teachingSchema.nullable(),
  /** Stems of the questions in the examples of the checks. */
  stems: z.record(z.string(), z.string()),
})

const clause = z.enum(['plateau', 'sparsity'])

export const switchSchema = z.object({
  /** `unknown`: the stage ended where its rule would not have ended it. */
  reason: z.enum(['plateau', 'sparsity', 'all steps used', 'unknown']),
  step: count,
  steps: count,
  streak: count,
  window: count,
  gain: z.number().nullable(),
  gainUpperBound: z.number().nullable(),
  rule: z.object({
    minGain: z.number(),
    checkEvery: count,
    checks: count,
    minSteps: count,
    sparsity: z.object({ mixedBelow: share, span: count }).nullable(),
    holdWhileProbeRises: z.boolean(),
  }),
  /** What the rule saw at each check, computed from the log. */
  checks: z.array(
    z.object({
      step: count,
      gain: z.number().nullable(),
      gainUpperBound: z.number().nullable(),
      streak: count,
      mixed: share.nullable(),
      deadRight: share.nullable(),
    }),
  ),
  /** The rule asked again, step by step, about the log; null when the log lacks what it looks at. */
  replay: z
    .object({
      clause: clause.nullable(),
      step: count.nullable(),
      /** Numbers of the log that were compared, and those that came out otherwise. */
      compared: count,
      differing: count,
      agrees: z.boolean(),
    })
    .nullable(),
})

const warningSchema = z.object({
  detector: z.string(),
  fault: z.string(),
  level: z.enum(['warn', 'stop']),
  times: count,
  lastStep: count,
  /** The first occurrence. */
  step: count,
  values: z.record(z.string(), z.number()),
  thresholds: z.record(z.string(), z.number()),
  message: z.string(),
  response: z.string(),
})

/** Stage → warnings by fault; null when the run holds no log of them. */
export const warningsSchema = z.record(z.enum(['rl-1', 'rl-2']), z.array(warningSchema).nullable())

const failureCountSchema = z.object({
  questions: count,
  failed: count,
  share,
  interval: z.tuple([share, share]),
  passRate: share,
})

/** A cell of `rl-2/failure-map.json`. */
export const failureCellSchema = z.object({
  axis: z.enum(failureAxes),
  name: z.string(),
  before: failureCountSchema,
  beforeOfSame: failureCountSchema.nullable(),
  after: failureCountSchema.nullable(),
})

export const suspectsSchema = z.object({
  /** `off`, `report` or `isolate`. */
  mode: z.string(),
  list: z.array(
    z.object({
      questionId: z.string(),
      stem: z.string(),
      hop: count,
      accepted: z.array(z.string()),
      step: count,
      majorityAnswer: z.object({ label: z.string().nullable(), unread: z.string().nullable() }),
      majorityShare: share,
      rollouts: count,
      /** Of the rollouts; null where the log does not say. */
      right: count.nullable(),
      /** Probability that the label is wrong; null under a rule of thresholds. */
      belief: share.nullable(),
      clusterAccuracy: share.nullable(),
    }),
  ),
})

/** Stage → where its steps spent their time; a stage without timings is not there. */
export const stepTimesSchema = z.record(
  z.string(),
  z.object({
    /** Steps that were timed, and their rollouts and tokens. */
    steps: count,
    rollouts: count,
    tokens: count,
    sampleSeconds: z.number().nonnegative(),
    trainSeconds: z.number().nonnegative(),
  }),
)

export type ReportColdStart = z.infer<typeof coldStartSchema>
export type ReportTeaching = z.infer<typeof teachingSchema>
export type ReportSwitch = z.infer<typeof switchSchema>
export type ReportWarnings = z.infer<typeof warningsSchema>
export type ReportWarning = z.infer<typeof warningSchema>
export type ReportFailureCell = z.infer<typeof failureCellSchema>
export type ReportSuspects = z.infer<typeof suspectsSchema>
export type ReportStepTimes = z.infer<typeof stepTimesSchema>
