import { ConfigError } from '../core/errors.ts'
import { isLive } from './advantage.ts'
import { type Group, type PlanItem, trainingRewards } from './rollout.ts'

/** How to fill a batch with groups that have a signal. */
export type DynamicSampling = {
  /** Groups with a signal that are wanted. */
  readonly target: number
  /** Rounds of sampling at most, the first included. */
  readonly maxRounds: number
  /** Plans this many further groups, the round counted from 1; fewer when there are no more. */
  readonly draw: (count: number, round: number) => readonly PlanItem[]
  /** Samples and scores a plan; the round belongs into its key, or the same questions get the same rollouts. */
  readonly sample: (plan: readonly PlanItem[], round: number) => Promise<readonly Group[]>
}

/** A group with the plan that asked for it. */
export type PlannedGroup = { readonly group: Group; readonly item: PlanItem; readonly round: number }

export type DynamicSample = {
  /** Groups with a signal in the order of sampling, `target` at most: what is trained on. */
  readonly live: readonly PlannedGroup[]
  /** Every group that was sampled, dead ones included: what is logged and entered into the ledger. */
  readonly all: readonly PlannedGroup[]
  readonly rounds: number
  /** Rollouts drawn per group with a signal; all rollouts when there is none. The cost, comparable between methods. */
  readonly rolloutsPerLiveGroup: number
  /** Dead groups whose rewards all exceed one half, and the others. */
  readonly allRight: number
  readonly allWrong: number
}

/**
 * Samples until `target` groups have a signal or the rounds are used up; each round draws as many as are still missing.
 *
 * Dropping dead groups changes no relative weight, they had none: it steadies the size of a batch. It must not change the
 * meaning of ω either, so train on `live` alone and `prompt-mean` divides by their number.
 *
 * @paper Fleming-R1 §3.3: groups without a signal are counted; the paper names no resampling
 * @deviation DAPO's dynamic sampling (arXiv 2503.14476 §3.2), with a cap on its rounds; off by default
 * @throws {ConfigError} when target or maxRounds is not a positive integer
 */
export async function sampleLiveGroups({ target, maxRounds, draw, sample }: DynamicSampling): Promise<DynamicSample> {
  for (const [name, value] of [
    ['target', target],
    ['maxRounds', maxRounds],
  ] as const) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new ConfigError(`dynamic sampling needs a positive ${name}, found ${value}`, {
        hint: 'set dynamicSampling to null for none; DAPO stops after 10 rounds',
      })
    }
  }
  const all: PlannedGroup[] = []
  const live: PlannedGroup[] = []
  let rounds = 0
  while (live.length < target && rounds < maxRounds) {
    const plan = draw(target - live.length, rounds + 1)
    if (plan.length === 0) break
    rounds += 1
    const groups = await sample(plan, rounds)
    for (const [index, group] of groups.entries()) {
      const planned = { group, item: plan[index]!, round: rounds }
      all.push(planned)
      if (isLive(trainingRewards(group.rollouts_G))) live.push(planned)
    }
  }
  return { live, all, rounds, ...countDead(all, live) }
}

function countDead(
  all: readonly PlannedGroup[],
  live: readonly PlannedGroup[],
): Pick<DynamicSample, 'rolloutsPerLiveGroup' | 'allRight' | 'allWrong'> {
  const alive = new Set(live)
  const dead = all.filter((planned) => !alive.has(planned))
  const allRight = dead.filter(({ group }) => group.rollouts_G.some(({ reward }) => reward.total > 0.5)).length
  const rollouts = all.reduce((sum, { group }) => sum + group.rollouts_G.length, 0)
  return {
    rolloutsPerLiveGroup: rollouts / Math.max(1, live.length),
    allRight,
    allWrong: dead.length - allRight,
  }
}
