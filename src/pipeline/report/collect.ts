import { join } from 'node:path'
import { sha256Hex } from '../../core/hash.ts'
import { canonicalJson } from '../../core/json.ts'
import { readManifest } from '../../core/store.ts'
import type { Config } from '../config.ts'
import { readGraph } from '../stages/graph.ts'
import { readQuestions } from '../stages/questions.ts'
import { countOutcomes, countPipeline } from './counts.ts'
import { describeSwitch, selectCurves } from './curves.ts'
import { createDescriber, createGroupPicker, drawHeldOutExamples } from './examples.ts'
import { findFalls } from './falls.ts'
import { readReportItems } from './items.ts'
import { createMiningSurvey } from './mined.ts'
import { checked, readAnswers, readJsonAs, readMetrics, readScores, readSealedRun, readTimings } from './read-run.ts'
import { readSweeps, visitGroups } from './rollouts.ts'
import {
  itemsNotice,
  notice,
  type Report,
  reportSchema,
  reportVersion,
  runRecordSchema,
  unhashedFields,
} from './schema.ts'

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
  const questionById = new Map<string, (typeof questions)[number]>(questions.map((question) => [question.id, question]))
  const describer = createDescriber(graph, questionById)
  const mining = createMiningSurvey(readSweeps(runDir), questionById, describer, { enabled: config['rl-2'].mining })
  const pickers = { 'rl-1': createGroupPicker('rl-1', describer), 'rl-2': createGroupPicker('rl-2', describer) }
  const rollouts = {
    'rl-1': visitGroups(runDir, 'rl-1', pickers['rl-1'].add),
    'rl-2': visitGroups(runDir, 'rl-2', (group) => {
      pickers['rl-2'].add(group)
      mining.add(group)
    }),
  }
  const curves = selectCurves(
    Object.fromEntries(
      ['pretrain', 'cold-start', 'rl-1', 'rl-2'].map((stage) => [stage, readMetrics(join(runDir, stage))]),
    ),
  )
  const rewards_S = (curves['rl-1']?.['rollout/reward_mean'] ?? []).map(([, reward]) => reward)
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
    counts: countPipeline(runDir, graph, questions, rollouts),
    switch: describeSwitch(rewards_S, config['rl-1']),
    mined: mining.finish(),
    examples: {
      heldOut: drawHeldOutExamples(answers, describer, { count: config.evaluation.examples, seed: config.dataSeed }),
      groups: [...pickers['rl-1'].finish(), ...pickers['rl-2'].finish()],
    },
    curves,
    hash: '',
    environment,
    wallSeconds,
    stageSeconds: readTimings(runDir),
  }
  const parsed = checked(reportSchema)(report, { file: join(runDir, 'report.json') })
  return { ...parsed, hash: reportHash(parsed) }
}

/** SHA-256 over the canonical JSON of all fields but the unhashed ones: equal for equal code, configuration and seeds. */
export function reportHash(report: Report): string {
  const unhashed: readonly string[] = unhashedFields
  return sha256Hex(
    canonicalJson(Object.fromEntries(Object.entries(report).filter(([field]) => !unhashed.includes(field)))),
  )
}
