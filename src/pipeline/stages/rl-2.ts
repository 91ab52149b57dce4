import { dirname, join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { putAtomic, readLog } from '../../core/store.ts'
import { wilsonInterval } from '../../evaluation/metrics.ts'
import { failureMap, type SweepRecord } from '../../policy/failure-map.ts'
import { readSuspects } from '../../policy/quarantine.ts'
import { runStageTwo } from '../../policy/rl-stage.ts'
import { WARNINGS_LOG } from '../../policy/warnings.ts'
import { openDisputes } from '../../questions/refine/disputes.ts'
import type { Config } from '../config.ts'
import { disputesFile } from '../data/shared.ts'
import type { Observer } from '../observer.ts'
import type { StudentSource } from '../student.ts'
import { prepareRl, type RlData, stageSettings } from './rl.ts'
import { finalStateFiles, writeEvents } from './shared.ts'

/** Where the policy failed in the first sweep and in the last, by relation, hop count, rarity and answer type. */
const FAILURE_MAP = 'failure-map.json'

/** Stage 2 of the reinforcement learning, from where stage 1 left off. */
export async function makeRlTwo(
  dir: string,
  config: Config,
  data: RlData,
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const settings = config['rl-2']
  const { stage, close } = await prepareRl(dir, 'rl-2', config, settings, data, source, observer)
  try {
    const { steps, stopped } = await runStageTwo(stage, stageSettings(settings))
    observer.note(`${steps} steps, ${stopped ?? 'all steps used'}`)
  } finally {
    await close()
  }
  raiseDisputes(dir, data, observer)
  const sweeps = readLog<SweepRecord>(join(dir, 'sweeps.jsonl')).records
  putAtomic(
    join(dir, FAILURE_MAP),
    `${formatJson(failureMap(data.training, sweeps, wilsonInterval), { pretty: true })}\n`,
  )
  writeEvents(dir)
  const logs = ['metrics.jsonl', 'rollouts.jsonl', 'sweeps.jsonl', 'quarantine.jsonl', WARNINGS_LOG]
  return [...logs, FAILURE_MAP, ...finalStateFiles(dir)]
}

/**
 * Puts what quarantine suspects into the dispute queue of the run, for `fleming review`. The queue stands outside of the
 * stage: people add to it, and a stage made anew must not lose what they decided.
 */
function raiseDisputes(dir: string, { disputeOf }: RlData, observer: Observer): void {
  const suspects = readSuspects(join(dir, 'quarantine.jsonl'))
  if (suspects.length === 0) return
  const queue = openDisputes(disputesFile(dirname(dir)))
  try {
    queue.add(suspects.map(disputeOf))
  } finally {
    queue.close()
  }
  observer.note(`${suspects.length} questions may be mislabelled: fleming review shows them`)
}
