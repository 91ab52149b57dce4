import { join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { formatJsonl } from '../../core/jsonl.ts'
import { putAtomic } from '../../core/store.ts'
import { mostFrequentAnswer } from '../../evaluation/baseline.ts'
import type { FactRecall } from '../../evaluation/fact-recall.ts'
import {
  type LadderRow,
  type LadderStage,
  ladderRows,
  ladderStages,
  type PairedRow,
  pairedRows,
} from '../../evaluation/ladder.ts'
import { answerForced, answerQuestions } from '../../evaluation/run.ts'
import type { AnswerRecord, Score } from '../../evaluation/types.ts'
import type { Graph } from '../../graph/graph.ts'
import { createGrounder } from '../../graph/grounding.ts'
import type { Question, Split } from '../../questions/types.ts'
import { buildLexicon } from '../../text/lexicon.ts'
import type { Config } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { Student, StudentSource } from '../student.ts'
import { measureRecall } from './pretrain.ts'
import { startFrom } from './shared.ts'

/** Which stage's checkpoint stands for which rung of the ladder. */
const checkpointOf: { readonly [Stage in LadderStage]: string } = {
  base: 'pretrain',
  'cold-start': 'cold-start',
  'rl-1': 'rl-1',
  'rl-2': 'rl-2',
}

export type ScoringData = {
  readonly graph: Graph
  readonly training: readonly Question[]
  readonly test: readonly Question[]
}

export type CheckpointScores = {
  readonly ladder: readonly LadderRow[]
  /** Empty unless every rung was scored. */
  readonly paired: readonly PairedRow[]
  readonly mostFrequent: readonly (Score & { readonly split: Split })[]
  readonly facts: readonly ({ readonly stage: LadderStage } & FactRecall)[]
}

/**
 * The scores of the checkpoints of a run on its test questions: greedy answers of each, for the base also with the
 * form forced, and the facts that each still knows.
 *
 * @param stages rungs of the ladder, in order
 * @param onAnswers called with the answers of each as they are there
 */
export async function scoreCheckpoints(
  runDir: string,
  student: Student,
  maxTokens: number,
  data: ScoringData,
  stages: readonly LadderStage[],
  onAnswers: (stage: LadderRow['stage'], answers: readonly AnswerRecord[]) => void,
): Promise<CheckpointScores> {
  const lexicon = buildLexicon(data.graph.entities)
  const context = { ...student, graph: data.graph, lexicon, grounder: createGrounder(data.graph), maxTokens }
  const records = new Map<LadderStage, readonly AnswerRecord[]>()
  const ladder: LadderRow[] = []
  const facts: ({ readonly stage: LadderStage } & FactRecall)[] = []
  for (const stage of stages) {
    await startFrom(student, runDir, checkpointOf[stage])
    if (stage === 'base') {
      const forced = await answerForced(context, data.test)
      ladder.push(...ladderRows('base-forced', forced))
      onAnswers('base-forced', forced)
    }
    const answers = await answerQuestions(context, data.test)
    records.set(stage, answers)
    ladder.push(...ladderRows(stage, answers))
    facts.push({ stage, ...(await measureRecall(student, data.graph)) })
    onAnswers(stage, answers)
  }
  const mostFrequent = (['held-out-composition', 'held-out-disease'] as const).map((split) => {
    const asked = data.test.filter((question) => question.split === split)
    return { split, ...mostFrequentAnswer(data.training, asked) }
  })
  return { ladder, paired: pairedOf(records), mostFrequent, facts }
}

function pairedOf(records: ReadonlyMap<LadderStage, readonly AnswerRecord[]>): PairedRow[] {
  const [base, coldStart, rlOne, rlTwo] = ladderStages.map((stage) => records.get(stage))
  if (!base || !coldStart || !rlOne || !rlTwo) return []
  return pairedRows({ base, 'cold-start': coldStart, 'rl-1': rlOne, 'rl-2': rlTwo })
}

/** Scores every rung of the ladder and writes answers and scores. */
export async function makeEvaluation(
  dir: string,
  config: Config,
  data: ScoringData,
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const outputs: string[] = []
  let done = 0
  const write = (stage: LadderRow['stage'], answers: readonly AnswerRecord[]): void => {
    putAtomic(join(dir, `answers-${stage}.jsonl`), formatJsonl(answers))
    outputs.push(`answers-${stage}.jsonl`)
    if (stage !== 'base-forced') observer.progress('evaluation', ++done, ladderStages.length, {})
  }
  const { maxTokens } = config.evaluation
  const scores = await scoreCheckpoints(join(dir, '..'), await source.get(), maxTokens, data, ladderStages, write)
  putAtomic(join(dir, 'scores.json'), `${formatJson({ schemaVersion: 1, ...scores }, { pretty: true })}\n`)
  return [...outputs, 'scores.json']
}
