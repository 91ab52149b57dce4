import { join } from 'node:path'
import { canonicalJson } from '../core/json.ts'
import { readManifest } from '../core/store.ts'
import { drawHeldOut } from '../questions/hold-out.ts'
import { ITEM_SCORES_FILE, readItemScores } from '../release/item-scores.ts'
import { readScores } from '../release/scores.ts'
import type { ScoreRow, Scores } from '../release/types.ts'
import type { Config } from './config.ts'
import { type ItemScores, scoreItemCheckpoints } from './items/evaluation.ts'
import { readMaterial } from './items/material.ts'
import { assertFinished, type CheckpointName, loadRunConfig, stageOf } from './load-run.ts'
import { scoreCheckpoints } from './stages/evaluation.ts'
import { readGraph } from './stages/graph.ts'
import { readQuestions } from './stages/questions.ts'
import { type StudentSource, studentOf } from './student.ts'

export type Rescored = {
  readonly scores: Scores
  /** Of a run on items, whose `scores` are empty. */
  readonly items?: ItemScores
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
  if (config.questions.items !== null) return rescoreItems(dir, config, checkpoints, onCheckpoint, openStudent)
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

/** The same for a run on items: its held-out items answered anew. */
async function rescoreItems(
  dir: string,
  config: Config,
  checkpoints: readonly CheckpointName[],
  onCheckpoint: (checkpoint: ScoreRow['stage']) => void,
  openStudent: (dir: string, config: Config) => StudentSource,
): Promise<Rescored> {
  assertFinished(dir, ['graph', 'questions', ...checkpoints.map(stageOf)])
  const material = readMaterial(dir, config)
  const source = openStudent(dir, config)
  try {
    const { maxTokens } = config.evaluation
    const items = await scoreItemCheckpoints(dir, await source.get(), maxTokens, material, checkpoints, onCheckpoint)
    const file = join(dir, 'evaluation', ITEM_SCORES_FILE)
    const sealed = readManifest(join(dir, 'evaluation')) === null ? null : readItemScores(file).rows
    const asked = sealed?.filter(({ stage }) => items.rows.some((row) => row.stage === stage)) ?? null
    const sameAsSealed = asked === null ? null : canonicalJson(asked) === canonicalJson(items.rows)
    return { scores: { ladder: [], paired: [], mostFrequent: [], facts: [] }, items, sameAsSealed }
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
