import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { readJsonl } from '../../core/jsonl.ts'
import { readText } from '../../core/read.ts'
import { type Manifest, readLog, readManifest, verifyManifest } from '../../core/store.ts'
import { type LadderStage, ladderStages } from '../../evaluation/ladder.ts'
import type { AnswerRecord } from '../../evaluation/types.ts'
import type { QuestionId } from '../../questions/types.ts'
import { readRunConfigText } from '../run-directory.ts'
import { baselineSchema, factRecallSchema, ladderRowSchema, pairedRowSchema } from './schema.ts'

/** The stages that a report is made from, in the order in which each builds on those before it. */
export const reportedStages = ['graph', 'questions', 'pretrain', 'cold-start', 'rl-1', 'rl-2', 'evaluation'] as const
export type ReportedStage = (typeof reportedStages)[number]

/**
 * The manifests of a run whose stages are all sealed, unchanged since, and made from each other.
 *
 * @throws {DataError} when there is no run, a stage is not finished, or a stage was made from an older one
 * @throws {AuditError} when a file of a sealed stage was changed afterwards
 */
export function readSealedRun(runDir: string): Readonly<Record<ReportedStage, Manifest>> {
  readRunConfigText(runDir)
  const hint = 'finish the run first: the command that started it goes on where it stopped'
  const manifests: Partial<Record<ReportedStage, Manifest>> = {}
  const sealed = (stage: ReportedStage): Manifest => {
    const dir = join(runDir, stage)
    const manifest = readManifest(dir)
    if (manifest === null) throw new DataError(`the stage ${stage} is not finished`, { file: dir, hint })
    verifyManifest(dir)
    for (const other of reportedStages) {
      const input = manifest.inputs[other]
      if (input !== undefined && input !== manifests[other]?.hash) {
        throw new DataError(`the stage ${stage} was made from another ${other} than the run holds now`, {
          file: dir,
          hint,
        })
      }
    }
    manifests[stage] = manifest
    return manifest
  }
  return {
    graph: sealed('graph'),
    questions: sealed('questions'),
    pretrain: sealed('pretrain'),
    'cold-start': sealed('cold-start'),
    'rl-1': sealed('rl-1'),
    'rl-2': sealed('rl-2'),
    evaluation: sealed('evaluation'),
  }
}

/**
 * A parser of one line or file for a schema.
 *
 * @throws {DataError} naming file, line and field when a value does not fit
 */
export function checked<T>(
  schema: z.ZodType<T>,
): (value: unknown, place: { readonly file: string; readonly line?: number }) => T {
  return (value, place) => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]!
    throw new DataError(`${issue.path.join('.')}: ${issue.message}`, {
      ...place,
      field: issue.path.join('.'),
      hint: 'the file is not what this version writes: run the stage again',
    })
  }
}

/** The value of a JSON file that fits `schema`. */
export function readJsonAs<T>(file: string, schema: z.ZodType<T>): T {
  return checked(schema)(parseJson(readText(file), { file }), { file })
}

/**
 * Hands the lines of a log to `visit` one by one, so that a log may be larger than memory.
 *
 * @throws {DataError} when a line does not fit `schema`, or the log ends in a torn line
 */
export function visitLog<T>(file: string, schema: z.ZodType<T>, visit: (record: T) => void): void {
  let line = 0
  const { tornBytes } = readLog(file, (value) => {
    line += 1
    visit(checked(schema)(value, { file, line }))
    return null
  })
  if (tornBytes > 0)
    throw new DataError(`${tornBytes} bytes are damaged`, { file, line: line + 1, hint: 'run the stage again' })
}

const metricLine = z.record(z.string(), z.number())
export type MetricLine = z.infer<typeof metricLine>

/** The lines of a stage's `metrics.jsonl`, each with its `step` counted from 1. */
export function readMetrics(dir: string): MetricLine[] {
  const lines: MetricLine[] = []
  visitLog(join(dir, 'metrics.jsonl'), metricLine, (line) => lines.push(line))
  return lines
}

const scoresSchema = z.object({
  ladder: z.array(ladderRowSchema),
  paired: z.array(pairedRowSchema),
  mostFrequent: z.array(baselineSchema),
  facts: z.array(factRecallSchema),
})
export type Scores = z.infer<typeof scoresSchema>

/** `evaluation/scores.json`. */
export const readScores = (runDir: string): Scores =>
  readJsonAs(join(runDir, 'evaluation', 'scores.json'), scoresSchema)

const answerSchema: z.ZodType<AnswerRecord> = z.object({
  questionId: z.custom<QuestionId>((value) => typeof value === 'string'),
  split: z.enum(['train', 'held-out-composition', 'held-out-disease']),
  hop: z.number(),
  rarity: z.enum(['common', 'uncommon', 'rare', 'none']),
  completion: z.string(),
  answered: z.string(),
  unparsed: z.boolean(),
  correct: z.boolean(),
  choiceCorrect: z.boolean(),
  choiceUnmatched: z.boolean(),
  groundedSteps: z.number(),
  checkableSteps: z.number(),
  rightForWrongReason: z.boolean(),
})
export type StageAnswers = Readonly<Record<LadderStage, readonly AnswerRecord[]>>

/** The greedy answers of every checkpoint of the ladder; none in a run on items, whose manifest names no such files. */
export function readAnswers(runDir: string): StageAnswers {
  const of = (stage: LadderStage): AnswerRecord[] => {
    const file = join(runDir, 'evaluation', `answers-${stage}.jsonl`)
    return existsSync(file) ? readJsonl(file, checked(answerSchema)) : []
  }
  const [base, coldStart, rlOne, rlTwo] = ladderStages.map(of)
  return { base: base!, 'cold-start': coldStart!, 'rl-1': rlOne!, 'rl-2': rlTwo! }
}

const timingSchema = z.object({ stage: z.string(), wallSeconds: z.number() })

/** Wall seconds by stage; of a stage that was made several times, the last making. */
export function readTimings(runDir: string): Record<string, number> {
  const file = join(runDir, 'timings.jsonl')
  const seconds: Record<string, number> = {}
  if (existsSync(file)) {
    const check = checked(timingSchema)
    for (const { stage, wallSeconds } of readLog(file, (value) => check(value, { file })).records)
      seconds[stage] = wallSeconds
  }
  return seconds
}
