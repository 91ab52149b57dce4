import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readLog } from '../../src/core/store.ts'
import type { Config } from '../../src/pipeline/config.ts'
import { loadConfig } from '../../src/pipeline/config-file.ts'
import type { Observer } from '../../src/pipeline/observer.ts'
import { runRecipe } from '../../src/pipeline/run.ts'
import type { Arm, Spent } from './arms.ts'

/** Where and with what the arms run. */
export type Place = {
  readonly root: string
  readonly config: string
  /** Assignments of the command line, for every arm. */
  readonly set: readonly string[]
}

/** Name of the run of an arm under one seed, and of its folder below the root. */
export const runName = (arm: string, seed: number): string => `${arm}-${seed}`

/**
 * The configuration of an arm under one seed.
 *
 * @param budget the configuration of the finished run whose number of rollouts the arm may spend
 */
export function configOf(place: Place, arm: Arm, seed: number, budget: Config | null): Config {
  const spent = budget === null ? null : spentBy(place.root, budget)
  const assignments = [...place.set, `name=${runName(arm.name, seed)}`, `seed=${seed}`, ...arm.set(spent)]
  return loadConfig(place.config, assignments)
}

/** What a finished run spent on rollouts. */
export function spentBy(root: string, config: Config): Spent {
  const dir = join(root, config.name)
  const stepsOf = (stage: string): number => readLog(join(dir, stage, 'metrics.jsonl')).records.length
  const swept = readLog<{ of: number }>(join(dir, 'rl-2', 'sweeps.jsonl')).records
  return {
    stageOneSteps: stepsOf('rl-1'),
    stageTwoSteps: stepsOf('rl-2'),
    sweepRollouts: swept.reduce((sum, { of }) => sum + of, 0),
    stageOneBatch: config['rl-1'].promptsPerStep * config['rl-1'].groupSize,
    stageTwoBatch: config['rl-2'].promptsPerStep * config['rl-2'].groupSize,
  }
}

/**
 * Runs an arm, or goes on with it where it was interrupted. The sealed stages of the run that it forks from are copied; the
 * recipe makes a stage anew whose inputs or code are not those of the copy.
 */
export async function runArm(place: Place, arm: Arm, config: Config, observer: Observer): Promise<void> {
  const dir = join(place.root, config.name)
  mkdirSync(dir, { recursive: true })
  if (arm.forks !== null) {
    const from = join(place.root, runName(arm.forks.from, config.seed))
    for (const stage of arm.forks.stages) copySealed(join(from, stage), join(dir, stage))
  }
  await runRecipe(place.root, config, observer)
}

/** The manifest is copied last: a copy that was interrupted has none, and is started over. */
function copySealed(from: string, to: string): void {
  if (existsSync(join(to, 'manifest.json'))) return
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true, filter: (file) => !file.endsWith('manifest.json') })
  cpSync(join(from, 'manifest.json'), join(to, 'manifest.json'))
}
