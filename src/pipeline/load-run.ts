import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../core/errors.ts'
import { readManifest } from '../core/store.ts'
import { type ItemScoreFile, readItemScores } from '../release/item-scores.ts'
import { findFalls, ladderBlocks } from '../release/ladder-view.ts'
import { readScores } from '../release/scores.ts'
import type { Fall, LadderBlock, Scores } from '../release/types.ts'
import type { Config } from './config.ts'
import { parseConfig } from './config-file.ts'
import { readRunConfigText } from './run-directory.ts'

/** Names of the checkpoints that can be asked: the rungs of the ladder. */
export const checkpointNames = ['base', 'cold-start', 'rl-1', 'rl-2'] as const
export type CheckpointName = (typeof checkpointNames)[number]

/** The stage whose `final/` holds a checkpoint. */
export const stageOf = (checkpoint: CheckpointName): string => (checkpoint === 'base' ? 'pretrain' : checkpoint)

/**
 * The configuration that a run was started with.
 *
 * @throws {DataError} when there is no run in `dir`
 */
export function loadRunConfig(dir: string): Config {
  return parseConfig(readRunConfigText(dir), join(dir, 'config.yaml'))
}

/** @throws {DataError} when a stage of the run is not finished */
export function assertFinished(dir: string, stages: readonly string[]): void {
  for (const stage of stages) {
    if (readManifest(join(dir, stage)) !== null) continue
    throw new DataError(`the stage "${stage}" of this run is not finished`, {
      file: dir,
      hint: '"fleming run" with the same configuration goes on where it stopped',
    })
  }
}

/** The sealed scores of a run as blocks to be drawn, with every fall. */
export type RunScores = {
  readonly scores: Scores
  /** Of a run on items, whose other scores are empty. */
  readonly items?: ItemScoreFile
  readonly blocks: readonly LadderBlock[]
  readonly falls: readonly Fall[]
}

/** Scores arranged for drawing. */
export const viewScores = (scores: Scores): RunScores => ({
  scores,
  blocks: ladderBlocks(scores),
  falls: findFalls(scores),
})

/**
 * The scores that the evaluation of a run sealed.
 *
 * @throws {DataError} when the evaluation is not finished
 */
export function readRunScores(dir: string): RunScores {
  assertFinished(dir, ['evaluation'])
  const itemFile = join(dir, 'evaluation', 'item-scores.json')
  const items = existsSync(itemFile) ? readItemScores(itemFile) : undefined
  return { ...viewScores(readScores(join(dir, 'evaluation', 'scores.json'))), ...(items && { items }) }
}
