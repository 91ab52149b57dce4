import { join } from 'node:path'
import { canonicalJson } from '../core/json.ts'
import { readManifest } from '../core/store.ts'
import { drawHeldOut } from '../questions/hold-out.ts'
import { readScores } from '../release/scores.ts'
import type { ScoreRow, Scores } from '../release/types.ts'
import type { Config } from './config.ts'
import { assertFinished, type CheckpointName, loadRunConfig, stageOf } from './load-run.ts'
import { scoreCheckpoints } from './stages/evaluation.ts'
import { readGraph } from './stages/graph.ts'
import { readQuestions } from './stages/questions.ts'
import { type StudentSource, studentOf } from './student.ts'

export type Rescored = {
  readonly scores: Scores
  /** Whether the rows equal those that the run's evaluation sealed; null when it sealed none. */
  readonly sameAsSealed: boolean | null
}

/**
 * Answers the held-out questions of a run anew with its checkpoints. Changes nothing in the run.
 *
 * @param checkpoints which rungs; paired tests are made when all of them are asked
 * @param onCheckpoint called after each
 * @throws {DataError} when the run or one of these stages is not finished
 */
export async function rescore(
  dir: string,
  checkpoints: readonly CheckpointName[],
  onCheckpoint: (checkpoint: ScoreRow['stage']) => void,
  openStudent: (dir: string, config: Config) => StudentSource = studentOf,
): Promise<Rescored> {
  const config = loadRunConfig(dir)
  assertFinished(dir, ['graph', 'questions', ...checkpoints.map(stageOf)])
  const graph = readGraph(join(dir, 'graph'))
  const questions = readQuestions(join(dir, 'questions'))
  // The probe is drawn from what the test leaves, so its size does not matter here.
  const draw = { perHop: config.evaluation.perHop, probePerHop: 0, seed: config.dataSeed }
  const { test } = drawHeldOut(questions, draw)
  const data = { graph, training: questions.filter(({ split }) => split === 'train'), test }
  const source = openStudent(dir, config)
  try {
    const { maxTokens } = config.evaluation
    const scores = await scoreCheckpoints(dir, await source.get(), maxTokens, data, checkpoints, onCheckpoint)
    return { scores, sameAsSealed: compareWithSealed(dir, scores) }
  } finally {
    await source.close()
  }
}

function compareWithSealed(dir: string, scores: Scores): boolean | null {
  const evaluation = join(dir, 'evaluation')
  if (readManifest(evaluation) === null) return null
  const sealed = readScores(join(evaluation, 'scores.json'))
  const rowsOf = (rows: readonly ScoreRow[]): string =>
    canonicalJson(rows.filter((row) => scores.ladder.some((other) => other.stage === row.stage)))
  return rowsOf(sealed.ladder) === rowsOf(scores.ladder)
}
