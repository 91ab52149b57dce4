import { runStageOne } from '../../policy/rl-stage.ts'
import { WARNINGS_LOG } from '../../policy/warnings.ts'
import type { Config } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { StudentSource } from '../student.ts'
import { prepareRl, type RlData, stageSettings } from './rl.ts'
import { finalStateFiles, writeEvents } from './shared.ts'

/** Stage 1 of the reinforcement learning, from the cold-started student. */
export async function makeRlOne(
  dir: string,
  config: Config,
  data: RlData,
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const settings = config['rl-1']
  const { stage, close } = await prepareRl(dir, 'rl-1', config, settings, data, source, observer)
  try {
    const { steps, stopped } = await runStageOne(stage, stageSettings(settings))
    observer.note(`${steps} steps, ${stopped ?? 'all steps used'}`)
  } finally {
    await close()
  }
  writeEvents(dir)
  return ['metrics.jsonl', 'rollouts.jsonl', WARNINGS_LOG, ...finalStateFiles(dir)]
}
