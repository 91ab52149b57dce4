import type { Graph } from '../../graph/graph.ts'
import { runStageTwo } from '../../policy/rl-stage.ts'
import type { Question } from '../../questions/types.ts'
import type { Config } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { StudentSource } from '../student.ts'
import { prepareRl } from './rl.ts'
import { finalStateFiles } from './shared.ts'

/** Stage 2 of the reinforcement learning, from where stage 1 left off. */
export async function makeRlTwo(
  dir: string,
  config: Config,
  data: { readonly graph: Graph; readonly training: readonly Question[]; readonly probe: readonly Question[] },
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const settings = config['rl-2']
  const stage = await prepareRl(dir, 'rl-2', config, settings, data, source, observer)
  const { steps, stopped } = await runStageTwo(stage, settings)
  observer.note(`${steps} steps, ${stopped ?? 'all steps used'}`)
  return ['metrics.jsonl', 'rollouts.jsonl', 'sweeps.jsonl', ...finalStateFiles(dir)]
}
