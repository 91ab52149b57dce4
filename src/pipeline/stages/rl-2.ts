import { dirname, join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { putAtomic, readLog } from '../../core/store.ts'
import { wilsonInterval } from '../../evaluation/metrics.ts'
import { failureMap, type SweepRecord } from '../../policy/failure-map.ts'
import { readSuspects } from '../../policy/quarantine.ts'
import {
  type Decisions,
  decisionsOn,
  hashDecisions,
  noDecisions,
  withoutRemoved,
} from '../../policy/quarantine-decisions.ts'
import { runStageTwo } from '../../policy/rl-stage.ts'
import { WARNINGS_LOG } from '../../policy/warnings.ts'
import { openDisputes, readDisputes } from '../../questions/refine/disputes.ts'
import type { Config } from '../config.ts'
import { disputesFile } from '../data/shared.ts'
import type { Observer } from '../observer.ts'
import type { StudentSource } from '../student.ts'
import { prepareRl, type RlData, stageSettings } from './rl.ts'
import { finalStateFiles, writeEvents } from './shared.ts'

/** Where the policy failed in the first sweep and in the last, by relation, hop count, rarity and answer type. */
const FAILURE_MAP = 'failure-map.json'

/**
 * What people decided in the dispute queue of a run about its training questions, and the input of stage 2 that it is:
 * none without decisions. A stage 2 made with other decisions is out of date, and the next `fleming run` makes it anew.
 */
export function readDecisions(
  runDir: string,
  { training, labelContent }: Pick<RlData, 'training' | 'labelContent'>,
): { readonly decisions: Decisions; readonly input: { readonly decisions?: string } } {
  const decisions = decisionsOn(training, readDisputes(disputesFile(runDir)), labelContent)
  const hash = hashDecisions(decisions)
  return { decisions, input: hash === null ? {} : { decisions: hash } }
}

/**
 * Stage 2 of the reinforcement learning, from where stage 1 left off.
 *
 * @param decisions of people about questions that an earlier stage 2 of this run doubted
 */
export async function makeRlTwo(
  dir: string,
  config: Config,
  data: RlData,
  source: StudentSource,
  observer: Observer,
  decisions: Decisions = noDecisions,
): Promise<string[]> {
  const settings = config['rl-2']
  const training = withoutRemoved(data.training, decisions)
  const { kept, removed } = decisions
  if (kept.size + removed.size > 0)
    observer.note(`reviewed: ${kept.size} doubted labels kept, ${removed.size} questions removed from training`)
  const prepared = await prepareRl(dir, 'rl-2', config, settings, { ...data, training }, source, observer)
  const { stage, close } = { ...prepared, stage: { ...prepared.stage, cleared: kept } }
  try {
    const { steps, stopped } = await runStageTwo(stage, stageSettings(settings))
    observer.note(`${steps} steps, ${stopped ?? 'all steps used'}`)
  } finally {
    await close()
  }
  raiseDisputes(dir, data, observer)
  const sweeps = readLog<SweepRecord>(join(dir, 'sweeps.jsonl')).records
  putAtomic(join(dir, FAILURE_MAP), `${formatJson(failureMap(training, sweeps, wilsonInterval), { pretty: true })}\n`)
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
