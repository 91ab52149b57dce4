import type { Graph } from '../../graph/graph.ts'
import { runStageOne } from '../../policy/rl-stage.ts'
import type { Question } from '../../questions/types.ts'
import type { Config } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { StudentSource } from '../student.ts'
import { prepareRl } from './rl.ts'
import { finalStateFiles } from './shared.ts'

/** Stage 1 of the reinforcement learning, from the cold-started student. */
export async function makeRlOne(
  dir: string,
  config: Config,
  data: { readonly graph: Graph; readonly training: readonly Question[]; readonly probe: readonly Question[] },
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const settings = config['rl-1']
  const stage = await prepareRl(dir, 'rl-1', config, settings, data, source, observer)
  const { steps, stopped } = await runStageOne(stage, settings)
  observer.note(`${steps} steps, ${stopped ?? 'all steps used'}`)
  return ['metrics.jsonl', 'rollouts.jsonl', ...finalStateFiles(dir)]
}
