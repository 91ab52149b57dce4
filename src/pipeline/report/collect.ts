import { join } from 'node:path'
import { sha256Hex } from '../../core/hash.ts'
import { canonicalJson } from '../../core/json.ts'
import { readManifest } from '../../core/store.ts'
import type { Question } from '../../questions/types.ts'
import type { Config } from '../config.ts'
import { readGraph } from '../stages/graph.ts'
import { readQuestions } from '../stages/questions.ts'
import { countOutcomes, countPipeline } from './counts.ts'
import { selectCurves } from './curves.ts'
import { createDescriber, createGroupPicker, type Describer, drawHeldOutExamples } from './examples.ts'
import { readFailures, readQuarantine } from './failures.ts'
import { findFalls } from './falls.ts'
import { readReportItems } from './items.ts'
import { createMiningSurvey } from './mined.ts'
import {
  checked,
  type ReportedStage,
  readAnswers,
  readJsonAs,
  readMetrics,
  readScores,
  readSealedRun,
  readTimings,
} from './read-run.ts'
import { type GroupLine, readSweeps, visitGroups } from './rollouts.ts'
import {
  itemsNotice,
  notice,
  type Report,
  type ReportMined,
  reportSchema,
  reportVersion,
  runRecordSchema,
  unhashedFields,
} from './schema.ts'
import { readStepTimes, type StepWork } from './step-times.ts'
import { describeSwitch } from './switch.ts'
import { readColdStart } from './teaching.ts'
import { readWarnings } from './warnings.ts'

/**
 * Everything that a report says, from the sealed stages of a run; the page is drawn from this and nothing else.
 *
 * @param wallSeconds how long the run took, 0 or more
 * @throws {DataError} when there is no run, a stage is not sealed, or a number is not finite
 * @throws {AuditError} when a file of a sealed stage was changed afterwards
 */
export function collectReport(runDir: string, config: Config, wallSeconds: number): Report {
  const manifests = readSealedRun(runDir)
  const { codeHash, ...environment } = readJsonAs(join(runDir, 'run.json'), runRecordSchema)
  const graph = readGraph(join(runDir, 'graph'))
  const questions = readQuestions(join(runDir, 'questions'))
  const scores = readScores(runDir)
  const answers = readAnswers(runDir)
  const items = readReportItems(runDir)
  const questionById = new Map<string, Question>(questions.map((question) => [question.id, question]))
  const describer = createDescriber(graph, questionById)
  const sampled = surveyRollouts(runDir, config, questionById, describer)
  const lines = Object.fromEntries(
    ['pretrain', 'cold-start', 'rl-1', 'rl-2'].map((stage) => [stage, readMetrics(join(runDir, stage))]),
  )
  const report = {
    schemaVersion: reportVersion,
    name: config.name,
    seed: config.seed,
    dataSeed: config.dataSeed,
    notice: items === undefined ? notice : itemsNotice,
    configHash: sha256Hex(canonicalJson(config)),
    codeHash,
    manifests: Object.fromEntries(
      Object.entries({ ...manifests, release: readManifest(join(runDir, 'release')) }).flatMap(([stage, manifest]) =>
        manifest === null ? [] : [[stage, manifest.hash]],
      ),
    ),
    ladder: scores.ladder.filter(({ stage }) => stage !== 'base-forced'),
    baseForced: scores.ladder.filter(({ stage }) => stage === 'base-forced'),
    paired: scores.paired,
    falls: findFalls(scores, answers),
    baselines: { mostFrequent: scores.mostFrequent },
    facts: scores.facts,
    outcomes: countOutcomes(answers),
    ...(items !== undefined && { items }),
    counts: countPipeline(runDir, graph, questions, sampled.rollouts),
    ...collectTraining(runDir, config, manifests, describer),
    switch: describeSwitch(lines['rl-1'] ?? [], config['rl-1']),
    mined: sampled.mined,
    examples: {
      heldOut: drawHeldOutExamples(answers, describer, { count: config.evaluation.examples, seed: config.dataSeed }),
      groups: sampled.groups,
    },
    curves: selectCurves(lines),
    hash: '',
    environment,
    wallSeconds,
    stageSeconds: readTimings(runDir),
    stepTimes: readStepTimes(runDir, sampled.work),
  }
  const parsed = checked(reportSchema)(report, { file: join(runDir, 'report.json') })
  return { ...parsed, hash: reportHash(parsed) }
}

/** What was taught, told by detectors, failed and doubted, as far as the sealed stages hold files of it. */
function collectTraining(
  runDir: string,
  config: Config,
  manifests: ReturnType<typeof readSealedRun>,
  describer: Describer,
): Pick<Report, 'coldStart' | 'warnings' | 'failures' | 'suspects'> {
  const holds = (stage: ReportedStage, file: string): boolean =>
    manifests[stage].outputs.some((output) => output.file === file)
  return {
    coldStart: readColdStart(runDir, config, describer, (file) => holds('cold-start', file)),
    warnings: readWarnings(runDir, holds),
    failures: readFailures(runDir, (file) => holds('rl-2', file)),
    suspects: readQuarantine(runDir, config['rl-2'], describer, (file) => holds('rl-2', file)),
  }
}

/** What is read from the rollouts of both RL stages, while their logs go by once. */
function surveyRollouts(
  runDir: string,
  config: Config,
  questionById: ReadonlyMap<string, Question>,
  describer: Describer,
) {
  const mining = createMiningSurvey(readSweeps(runDir), questionById, describer, miningRule(config['rl-2']))
  const pickers = { 'rl-1': createGroupPicker('rl-1', describer), 'rl-2': createGroupPicker('rl-2', describer) }
  const work = { 'rl-1': new Map<number, StepWork>(), 'rl-2': new Map<number, StepWork>() }
  const visit = (stage: 'rl-1' | 'rl-2') =>
    visitGroups(runDir, stage, (group) => {
      pickers[stage].add(group)
      addWork(work[stage], group)
      if (stage === 'rl-2') mining.add(group)
    })
  const rollouts = { 'rl-1': visit('rl-1'), 'rl-2': visit('rl-2') }
  const groups = [...pickers['rl-1'].finish(), ...pickers['rl-2'].finish()]
  return { rollouts, work, groups, mined: mining.finish() }
}

function miningRule({ mining, failure, rightShare, solved }: Config['rl-2']): Pick<ReportMined, 'enabled' | 'rule'> {
  return { enabled: mining, rule: { failure, rightShare, solvedLeave: solved !== null } }
}

function addWork(work: Map<number, StepWork>, { step, rollouts }: GroupLine): void {
  const before = work.get(step) ?? { rollouts: 0, tokens: 0 }
  work.set(step, {
    rollouts: before.rollouts + rollouts.length,
    tokens: rollouts.reduce((sum, { tokens }) => sum + tokens, before.tokens),
  })
}

/** SHA-256 over the canonical JSON of all fields but the unhashed ones: equal for equal code, configuration and seeds. */
export function reportHash(report: Report): string {
  const unhashed: readonly string[] = unhashedFields
  return sha256Hex(
    canonicalJson(Object.fromEntries(Object.entries(report).filter(([field]) => !unhashed.includes(field)))),
  )
}
