import { z } from 'zod'
import { ladderStages } from '../../evaluation/ladder.ts'
import { reportItemsSchema } from './items-schema.ts'
import {
  coldStartSchema,
  failureCellSchema,
  stepTimesSchema,
  suspectsSchema,
  switchSchema,
  warningsSchema,
} from './schema-training.ts'

/** The version of `report.json`; raised when a field changes its meaning or goes away. */
export const reportVersion = 1

/** Stands on the first screen of every report. */
export const notice =
  'Research only, not for clinical use. The model was trained and tested on questions made from one graph: it demonstrates the recipe, not clinical skill.'

/** The same for a run on the items of a data run. */
export const itemsNotice =
  'Research only, not for clinical use. The model was trained and tested on items of one data run: it demonstrates the recipe, not clinical skill.'

const count = z.int().nonnegative()
const share = z.number().min(0).max(1)
const counts = z.record(z.string(), count)
const hopOrAll = z.union([count, z.literal('all')])
const split = z.enum(['train', 'held-out-composition', 'held-out-disease'])
const ladderStage = z.enum(ladderStages)
const form = z.enum(['open', 'choice'])

const score = z.object({
  n: count,
  correct: count,
  accuracy: share,
  interval: z.tuple([share, share]),
  unparsed: count,
  groundedStepRate: share.nullable(),
  rightForWrongReason: share.nullable(),
})

/** One row of `scores.json` and of the report: a checkpoint (or the base with its form forced) on a part of the test. */
export const ladderRowSchema = z.object({
  stage: z.enum([...ladderStages, 'base-forced']),
  split,
  hop: hopOrAll,
  rarity: z.string(),
  form,
  ...score.shape,
})

export const pairedRowSchema = z.object({
  from: ladderStage,
  to: ladderStage,
  split,
  hop: hopOrAll,
  n: count,
  gained: count,
  lost: count,
  difference: z.number().min(-1).max(1),
  p: share,
})

export const baselineSchema = z.object({ split, ...score.shape })

export const factRecallSchema = z.object({
  stage: ladderStage,
  n: count,
  recalled: count,
  rate: share,
  interval: z.tuple([share, share]),
})

const fallSchema = z.object({
  form,
  split,
  hop: hopOrAll,
  from: ladderStage,
  to: ladderStage,
  n: count,
  before: share,
  after: share,
  gained: count,
  lost: count,
  p: share,
})

const stepSchema = z.object({
  kind: z.enum(['supported', 'ruled-out', 'unsupported', 'hypothesis', 'unreadable']),
  text: z.string(),
  /** `file:line` of the triple that supports the step. */
  origin: z.string().nullable(),
})

const answerFields = {
  completion: z.string(),
  defects: z.array(z.string()),
  /** Label of the entity answered; null when the answer could not be read, then `unread` says how. */
  answered: z.string().nullable(),
  unread: z.string().nullable(),
  steps: z.array(stepSchema),
}

const rolloutSchema = z.object({
  ...answerFields,
  stopReason: z.string(),
  reward: z.object({ correct: z.number(), format: z.number(), total: z.number() }),
  advantage: z.number(),
})

const questionFields = {
  questionId: z.string(),
  stem: z.string(),
  hop: count,
  difficulty: z.string(),
  /** Labels of every accepted answer. */
  accepted: z.array(z.string()),
}

const groupExampleSchema = z.object({
  stage: z.enum(['rl-1', 'rl-2']),
  why: z.enum(['early', 'late', 'best', 'worst']),
  step: count,
  reason: z.string(),
  ...questionFields,
  rollouts: z.array(rolloutSchema),
})

const heldOutExampleSchema = z.object({
  ...questionFields,
  split,
  rarity: z.string(),
  answers: z.array(
    z.object({ stage: ladderStage, ...answerFields, correct: z.boolean(), rightForWrongReason: z.boolean() }),
  ),
})

const drawsSchema = z.record(
  z.string(),
  z.object({ groups: count, questions: count, rollouts: count, right: count, byHop: counts }),
)

const minedSchema = z.object({
  enabled: z.boolean(),
  /** What the configuration calls a failure, and whether solved questions leave the batches. */
  rule: z.object({ failure: z.enum(['posterior', 'repeated']), rightShare: share, solvedLeave: z.boolean() }),
  sweeps: z.array(z.object({ step: count, questions: count, rollouts: count, right: count, neverRight: count })),
  phases: z.array(z.object({ fromStep: count, toStep: count, draws: drawsSchema })),
  /** Questions never right in the first sweep: how many were tried again, and how many of those are now mostly right. */
  recovery: z.object({ neverRight: count, triedAgain: count, mostlyRight: count }).nullable(),
  hardest: z.array(
    z.object({
      ...questionFields,
      seen: count,
      right: count,
      lastStep: count,
      lastRight: count,
      lastOf: count,
      wrongAnswer: z.object({ label: z.string().nullable(), unread: z.string().nullable(), times: count }).nullable(),
    }),
  ),
})

const countsSchema = z.object({
  graph: z.object({ entities: count, triples: count, byType: counts, byRelation: counts, diseasesByRarity: counts }),
  questions: z.object({
    kept: count,
    bySplit: counts,
    byHop: counts,
    byDifficulty: counts,
    byKind: counts,
    byRarity: counts,
    bySplitAndHop: z.record(z.string(), counts),
    heldOutDiseases: count,
    dropped: counts,
  }),
  trajectories: z.object({ kept: count, backtracking: count, steps: count, dropped: counts }),
  rollouts: z.record(
    z.enum(['rl-1', 'rl-2']),
    z.object({ steps: count, groups: count, rollouts: count, tokens: count }),
  ),
})

const outcomeSchema = z.object({
  stage: ladderStage,
  split,
  n: count,
  right: count,
  wrong: count,
  /** Answers that name no entity, by how. */
  unread: counts,
})

const environmentSchema = z.object({
  node: z.string(),
  v8: z.string(),
  unicode: z.string(),
  platform: z.string(),
  cpu: z.string(),
  cores: count,
  memoryBytes: count,
  onnxruntime: z.string(),
})

/** What `run.json` holds that a report repeats. */
export const runRecordSchema = z.object({ codeHash: z.string(), ...environmentSchema.shape })

/** `report.json`, documented field by field in docs/formats.md. */
export const reportSchema = z.object({
  schemaVersion: z.literal(reportVersion),
  name: z.string(),
  seed: count,
  dataSeed: count,
  notice: z.union([z.literal(notice), z.literal(itemsNotice)]),
  configHash: z.string(),
  codeHash: z.string(),
  manifests: z.record(z.string(), z.string()),
  ladder: z.array(ladderRowSchema.extend({ stage: ladderStage })),
  baseForced: z.array(ladderRowSchema.extend({ stage: z.literal('base-forced') })),
  paired: z.array(pairedRowSchema),
  falls: z.array(fallSchema),
  baselines: z.object({ mostFrequent: z.array(baselineSchema) }),
  facts: z.array(factRecallSchema),
  outcomes: z.array(outcomeSchema),
  /** Of a run on the items of a data run. */
  items: reportItemsSchema.optional(),
  counts: countsSchema,
  coldStart: coldStartSchema,
  switch: switchSchema,
  warnings: warningsSchema,
  mined: minedSchema,
  /** Null when the run holds no `failure-map.json`. */
  failures: z.array(failureCellSchema).nullable(),
  /** Questions whose label is doubted; null when the run holds no `quarantine.jsonl`. */
  suspects: suspectsSchema.nullable(),
  examples: z.object({ heldOut: z.array(heldOutExampleSchema), groups: z.array(groupExampleSchema) }),
  /** Stage → metric → [step, value] pairs. */
  curves: z.record(z.string(), z.record(z.string(), z.array(z.tuple([count, z.number()])))),
  hash: z.string(),
  environment: environmentSchema,
  wallSeconds: z.number().nonnegative(),
  stageSeconds: z.record(z.string(), z.number().nonnegative()),
  stepTimes: stepTimesSchema,
})

export type Report = z.infer<typeof reportSchema>
export type ReportRow = z.infer<typeof ladderRowSchema>
export type ReportPaired = z.infer<typeof pairedRowSchema>
export type ReportStep = z.infer<typeof stepSchema>
export type ReportFall = z.infer<typeof fallSchema>
export type ReportMined = z.infer<typeof minedSchema>
export type ReportCounts = z.infer<typeof countsSchema>
export type ReportOutcome = z.infer<typeof outcomeSchema>
export type GroupExample = z.infer<typeof groupExampleSchema>
export type HeldOutExample = z.infer<typeof heldOutExampleSchema>
export type Curves = Report['curves']

/** Fields of a report that may differ between two runs of the same code, configuration and seeds; `hash` leaves them out. */
export const unhashedFields = ['hash', 'environment', 'wallSeconds', 'stageSeconds', 'stepTimes'] as const
