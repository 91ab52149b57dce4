/**
 * Measures quarantine on runs whose wrong labels are known (questions.wrongLabels) and prints the tables of
 * docs/results.md: precision and recall over all runs, by hop count, by round, and what other settings would have raised.
 *
 *   npm run quarantine -- runs/ablation/wrong-labels-1 runs/ablation/wrong-labels-2 … [--clean runs/default …]
 *
 * Other settings are replayed from the logs, so the runs must have been made with rl-2.quarantine.mode=report.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError, DataError } from '../src/core/errors.ts'
import { readJsonl } from '../src/core/jsonl.ts'
import { readText } from '../src/core/read.ts'
import { readLog } from '../src/core/store.ts'
import { type NoisyRun, type PlantedScore, scorePlanted, untilStep } from '../src/evaluation/planted.ts'
import { parseConfig } from '../src/pipeline/config-file.ts'
import { readGraph } from '../src/pipeline/stages/graph.ts'
import { readQuestions } from '../src/pipeline/stages/questions.ts'
import { type QuarantineRule, readSuspects } from '../src/policy/quarantine.ts'
import { type ReplayedStage, replaySuspects, type SweptRecord } from '../src/policy/quarantine-replay.ts'
import type { GroupRecord } from '../src/policy/rollout.ts'
import { fromQuestion } from '../src/policy/training-question.ts'
import type { PlantedLabel } from '../src/questions/planted.ts'
import { buildLexicon } from '../src/text/lexicon.ts'

const { values, positionals: dirs } = parseArgs({
  allowPositionals: true,
  options: { clean: { type: 'string', multiple: true, default: [] } },
})
if (dirs.length === 0)
  throw new ConfigError('give the folders of runs with wrong labels', {
    hint: 'fleming run --set questions.wrongLabels=0.1 makes one',
  })

type Measured = {
  readonly dir: string
  readonly hops: ReadonlyMap<string, number>
  readonly run: NoisyRun
  readonly stage: ReplayedStage
}

function readMeasured(dir: string): Measured {
  const { 'rl-2': settings } = parseConfig(readText(join(dir, 'config.yaml')), dir)
  if (settings.quarantine === null || !settings.mining)
    throw new DataError('this run held no rounds of quarantine', { file: dir })
  const file = join(dir, 'questions', 'planted.jsonl')
  const planted = existsSync(file) ? readJsonl(file, (value) => value as PlantedLabel) : []
  const lexicon = buildLexicon(readGraph(join(dir, 'graph')).entities)
  const training = readQuestions(join(dir, 'questions')).filter(({ split }) => split === 'train')
  const stage = {
    questions: training.map((question) => fromQuestion(question, lexicon)),
    sweeps: readLog<SweptRecord>(join(dir, 'rl-2', 'sweeps.jsonl')).records,
    groups: readLog<GroupRecord>(join(dir, 'rl-2', 'rollouts.jsonl')).records,
    steps: readLog(join(dir, 'rl-2', 'metrics.jsonl')).records.length,
    halfLife: settings.halfLife,
    quarantine: settings.quarantine,
  }
  const raised = readSuspects(join(dir, 'rl-2', 'quarantine.jsonl'))
  const hops = new Map<string, number>(training.map(({ id, hop }) => [id, hop]))
  return { dir, hops, run: { planted: new Set(planted.map(({ questionId }) => questionId)), raised }, stage }
}

const percent = (share: number | null): string => (share === null ? '–' : (100 * share).toFixed(1))
const cells = ({
  raised,
  found,
  planted,
  precision,
  precisionInterval,
  recall,
  recallInterval,
}: PlantedScore): string =>
  [
    ...[raised, found, planted],
    `**${percent(precision)}** [${precisionInterval.map(percent).join('–')}]`,
    `**${percent(recall)}** [${recallInterval.map(percent).join('–')}]`,
  ].join(' | ')
const head = (first: string): string =>
  `\n| ${first} | suspects | of them planted | planted | precision [95 %] | recall [95 %] |\n|---|---|---|---|---|---|`
const row = (name: string, score: PlantedScore): string => `| ${name} | ${cells(score)} |`

const noisy = dirs.map(readMeasured)
const runs = noisy.map(({ run }) => run)
const hopOf = new Map<string, number>(noisy.flatMap(({ hops }) => [...hops]))

console.log(head('run'))
for (const { dir, run } of noisy) console.log(row(dir, scorePlanted([run])))
console.log(row('all', scorePlanted(runs)))

console.log(head('hops'))
for (const hop of [...new Set(hopOf.values())].sort())
  console.log(
    row(
      String(hop),
      scorePlanted(runs, (id) => hopOf.get(id) === hop),
    ),
  )

console.log(head('until the round after step'))
const rounds = [...new Set(runs.flatMap(({ raised }) => raised.map(({ step }) => step)))].sort((a, b) => a - b)
for (const step of rounds) console.log(row(String(step), scorePlanted(untilStep(runs, step))))

/** Settings to compare: those of the run, the rule of thresholds, and other degrees of belief. */
const settings: readonly (readonly [name: string, change: Partial<QuarantineRule>])[] = [
  ['thresholds', { rule: 'thresholds' }],
  ['thresholds, 2 % a round', { rule: 'thresholds', roundShare: 0.02 }],
  ...[0.5, 0.8, 0.9, 0.95].map((minBelief) => [`belief ${minBelief}`, { rule: 'belief', minBelief }] as const),
]
const clean = values.clean.map(readMeasured)
const raisedBy = ({ stage }: Measured, change: Partial<QuarantineRule>) =>
  replaySuspects({ ...stage, quarantine: { ...stage.quarantine, ...change } })

console.log(
  `${head('rule, replayed').split('\n').slice(0, 2).join('\n')} false alarms of clean runs |\n|---|---|---|---|---|---|---|`,
)
for (const [name, change] of settings) {
  const replayed = noisy.map((measured) => ({ planted: measured.run.planted, raised: raisedBy(measured, change) }))
  const alarms = clean.map((measured) => raisedBy(measured, change).length)
  console.log(`${row(name, scorePlanted(replayed))} ${alarms.length === 0 ? '–' : alarms.join(' / ')} |`)
}
