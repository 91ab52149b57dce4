import { createRng, type Rng } from '../core/rng.ts'
import { type AllocationRule, allocate } from './allocation.ts'
import { type Curriculum, type LedgerEntry, posterior } from './ledger.ts'
import { betaBelow, betaMean, drawBeta } from './ledger-beta.ts'
import { ladderSize, replayCount, type StateRules } from './ledger-states.ts'
import type { PlanItem } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

export type MiningConfig = StateRules & {
  /** Rollouts per question of a sweep. */
  readonly sweepSize: number
  /** Steps after which an observation counts half. */
  readonly halfLife: number
  /** Share of right questions in a batch; the paper's right : wrong of 1 : 2 is 1/3. */
  readonly rightShare: number
  /** Exponent of the probability of a mixed group in the priority of a failure; 0 draws failures uniformly. */
  readonly focus: number
  /** What a failure is: believed to fail more often than not, or having failed repeatedly. `posterior` unless given. */
  readonly failure?: 'posterior' | 'repeated' | undefined
  /** How the rollouts of a step are shared out; the same for every question unless given. */
  readonly allocation?: AllocationRule | null | undefined
}

/** Floor of a failure's priority, so that none is forgotten, and the bonus of difficult ones. */
const priorityFloor = 0.01
const difficultBonus = 1.5

/** Failed sweeps in a row that make a failure repeated, and how sure one failed sweep alone must be. */
const repeatedSweeps = 2
const sureFailure = 0.9

export type Sides = {
  readonly wrong: readonly TrainingQuestion[]
  readonly right: readonly TrainingQuestion[]
  readonly frontier: readonly TrainingQuestion[]
  readonly solved: readonly TrainingQuestion[]
}

/**
 * The training set by what the policy does with it: `wrong` are its failures, `right` is believed to be answered right at
 * least half the time, `solved` nearly always, `frontier` is neither or has not been visited. What is frozen or
 * quarantined is in none of them.
 *
 * @paper Fleming-R1 §3.3 stage 2: evaluate on the full data set; repeated failures become high-priority samples
 * @deviation "repeated" is not defined: by default the rollouts of a sweep and what its tier did stand for the tries, and later
 *   rollouts update the belief, so that an item that has been learnt leaves the failures before the next sweep; `repeated` asks for
 *   two failed sweeps in a row, or one and a belief of 0.9, or one in the first round
 */
export function divide(
  curriculum: Curriculum,
  questions: readonly TrainingQuestion[],
  failure: 'posterior' | 'repeated' = 'posterior',
): Sides {
  const sides: Record<keyof Sides, TrainingQuestion[]> = { wrong: [], right: [], frontier: [], solved: [] }
  for (const question of questions) {
    const entry = curriculum.ledger.get(question.id)
    if (entry?.state === 'frozen' || entry?.state === 'quarantined') continue
    sides[sideOf(curriculum, question, entry, failure)].push(question)
  }
  return sides
}

function sideOf(
  curriculum: Curriculum,
  question: TrainingQuestion,
  entry: LedgerEntry | undefined,
  failure: 'posterior' | 'repeated',
): keyof Sides {
  if (entry === undefined) return 'frontier'
  if (entry.state === 'solved') return 'solved'
  const believed = posterior(curriculum, question)
  if (betaMean(believed) >= 0.5) return 'right'
  if (failure === 'posterior') return 'wrong'
  const isRepeated =
    entry.sweepsFailed >= repeatedSweeps ||
    (entry.sweepsFailed === 1 && (curriculum.sweeps <= 1 || betaBelow(0.5, believed) >= sureFailure))
  return isRepeated ? 'wrong' : 'frontier'
}

/** Probability that a group of `size` rollouts at pass rate `p` holds both right and wrong ones. */
export const mixedProbability = (p: number, size: number): number => 1 - p ** size - (1 - p) ** size

export type MinedReason = 'wrong' | 'right' | 'replay' | 'fill'

/**
 * The questions of one step, right : wrong at the configured share by exact counts, each with the size of its group.
 * Failures are drawn by priority: a pass rate drawn from the posterior (Thompson), the probability that its group is mixed,
 * raised to `focus`. Solved questions that are replayed count as right.
 *
 * @paper Fleming-R1 Fig. 2: right : wrong = 1 : 2
 * @deviation the priority inside the failures is ours; `focus: 0` draws them uniformly
 * @param draw `step` counts from 0
 * @returns `count` questions without repeats, or as many as may be trained on; when failures are too few, questions that
 *   are neither, then right, then solved ones fill up
 */
export function planMined(
  curriculum: Curriculum,
  questions: readonly TrainingQuestion[],
  config: MiningConfig,
  draw: { readonly step: number; readonly count: number; readonly groupSize: number; readonly rng: Rng },
): (PlanItem & { readonly reason: MinedReason })[] {
  const { rng, count } = draw
  const { wrong, right, frontier, solved } = divide(curriculum, questions, config.failure)
  const wantedRight = Math.round(count * config.rightShare)
  const priority = (question: TrainingQuestion): number => {
    if (config.focus === 0) return 1
    const p = drawBeta(posterior(curriculum, question), rng)
    const bonus = question.difficulty === 'difficult' ? difficultBonus : 1
    return mixedProbability(p, draw.groupSize) ** config.focus * bonus + priorityFloor
  }
  const chosenWrong = drawWeighted(wrong, wrong.map(priority), count - wantedRight, rng)
  const wantedReplay = config.solved ? replayCount(draw.step, count, config.solved.replayShare) : 0
  const chosenReplay = solved.length === 0 ? [] : rng.shuffle(solved).slice(0, Math.min(wantedReplay, wantedRight))
  const chosenRight = rng.shuffle(right).slice(0, wantedRight - chosenReplay.length)
  const missing = count - chosenWrong.length - chosenRight.length - chosenReplay.length
  const taken = new Set([...chosenWrong, ...chosenRight, ...chosenReplay])
  const spare = [frontier, right, wrong].flatMap((side) => rng.shuffle(side))
  const fill = [...spare, ...(solved.length === 0 ? [] : rng.shuffle(solved))].filter(
    (question) => !taken.has(question),
  )
  const chosen = [
    ...chosenWrong.map((question) => ({ question, reason: 'wrong' as const })),
    ...chosenReplay.map((question) => ({ question, reason: 'replay' as const })),
    ...chosenRight.map((question) => ({ question, reason: 'right' as const })),
    ...fill.slice(0, missing).map((question) => ({ question, reason: 'fill' as const })),
  ]
  const sizes_P = sizesOf(curriculum, chosen, config, draw)
  return chosen.map((item, index) => ({ ...item, groupSize: sizes_P[index]! }))
}

function sizesOf(
  curriculum: Curriculum,
  chosen: readonly { readonly question: TrainingQuestion }[],
  config: MiningConfig,
  draw: { readonly count: number; readonly groupSize: number },
): number[] {
  const { allocation, ladder } = config
  const smallest = allocation?.minGroup ?? draw.groupSize
  const floors_P = chosen.map(({ question }) => ladderSize(curriculum, question, smallest, ladder))
  if (!allocation) return floors_P
  const budget = allocation.budget ?? draw.count * draw.groupSize
  const posteriors_P = chosen.map(({ question }) => posterior(curriculum, question))
  return allocate(posteriors_P, { ...allocation, budget }, floors_P)
}

/** A weighted draw without replacement (Efraimidis and Spirakis). */
function drawWeighted<T>(items: readonly T[], weights: readonly number[], count: number, rng: Rng): T[] {
  const keyed = items.map((item, index) => ({ item, key: -Math.log(rng.uniform() + 2 ** -25) / weights[index]! }))
  return keyed
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ item }) => item)
}

/** A stream for the plan of one step: the same step plans the same, whatever ran before. */
export const planRng = (seed: number, stage: string, step: number): Rng => createRng(seed, 'plan', stage, step)
