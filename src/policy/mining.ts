import { createRng, type Rng } from '../core/rng.ts'
import type { Difficulty, Question } from '../questions/types.ts'

/** What is known of the policy on one question; counts are of rollouts at temperature 1. */
export type LedgerEntry = {
  /** Decayed successes and failures: what the current policy would do. */
  alpha: number
  beta: number
  seen: number
  right: number
  /** Step of the last visit. */
  lastStep: number
}

/** One entry per visited question, by question id. */
export type Ledger = Map<string, LedgerEntry>

export type MiningConfig = {
  /** Rollouts per question of a sweep. */
  readonly sweepSize: number
  /** Steps after which an observation counts half. */
  readonly halfLife: number
  /** Share of right questions in a batch; the paper's right : wrong of 1 : 2 is 1/3. */
  readonly rightShare: number
  /** Exponent of the probability of a mixed group in the priority of a failure; 0 draws failures uniformly. */
  readonly focus: number
}

/** Prior successes and failures by tier, worth two rollouts. */
const priors: Readonly<Record<Difficulty, readonly [alpha: number, beta: number]>> = {
  easy: [1.6, 0.4],
  moderate: [1, 1],
  difficult: [0.5, 1.5],
}

/** Floor of a failure's priority, so that none is forgotten, and the bonus of difficult ones. */
const priorityFloor = 0.01
const difficultBonus = 1.5

/**
 * Enters a visit into the ledger: old counts decay by the steps since the last visit, new ones are added.
 *
 * @param rights one 0/1 correctness per rollout of the visit
 */
export function recordVisit(
  ledger: Ledger,
  question: Question,
  rights: readonly number[],
  visit: { readonly step: number; readonly halfLife: number },
): void {
  const known = ledger.get(question.id) ?? { alpha: 0, beta: 0, seen: 0, right: 0, lastStep: visit.step }
  const decay = 2 ** (-(visit.step - known.lastStep) / visit.halfLife)
  const right = rights.reduce((sum, value) => sum + value, 0)
  ledger.set(question.id, {
    alpha: known.alpha * decay + right,
    beta: known.beta * decay + rights.length - right,
    seen: known.seen + rights.length,
    right: known.right + right,
    lastStep: visit.step,
  })
}

/** The Beta posterior of a question's pass rate, the tier's prior included. */
export function posterior(ledger: Ledger, question: Question): { readonly alpha: number; readonly beta: number } {
  const [alpha, beta] = priors[question.difficulty]
  const entry = ledger.get(question.id)
  return { alpha: alpha + (entry?.alpha ?? 0), beta: beta + (entry?.beta ?? 0) }
}

const meanOf = ({ alpha, beta }: { readonly alpha: number; readonly beta: number }): number => alpha / (alpha + beta)

export type Sides = {
  readonly wrong: readonly Question[]
  readonly right: readonly Question[]
  readonly frontier: readonly Question[]
}

/**
 * The training set by what the policy does with it: `wrong` is believed to be answered right less
 * than half the time, `right` is believed to be answered right at least half the time, `frontier` has not been visited.
 *
 * @paper Fleming-R1 §3.3 stage 2: evaluate on the full data set; repeated failures become high-priority samples
 * @deviation "repeated" is not defined: four rollouts of a sweep stand for four tries, and later rollouts update the
 *   belief, so that an item that has been learnt leaves the failures before the next sweep
 */
export function divide(ledger: Ledger, questions: readonly Question[]): Sides {
  const wrong: Question[] = []
  const right: Question[] = []
  const frontier: Question[] = []
  for (const question of questions) {
    if (!ledger.has(question.id)) frontier.push(question)
    else if (meanOf(posterior(ledger, question)) < 0.5) wrong.push(question)
    else right.push(question)
  }
  return { wrong, right, frontier }
}

/** Probability that a group of `size` rollouts at pass rate `p` holds both right and wrong ones. */
export const mixedProbability = (p: number, size: number): number => 1 - p ** size - (1 - p) ** size

/**
 * The questions of one step, right : wrong at the configured share by exact counts. Failures are drawn by priority:
 * a pass rate drawn from the posterior (Thompson), the probability that its group is mixed, raised to `focus`.
 *
 * @paper Fleming-R1 Fig. 2: right : wrong = 1 : 2
 * @deviation the priority inside the failures is ours; `focus: 0` draws them uniformly
 * @returns `count` questions without repeats; when failures are too few, unvisited and then right questions fill up
 */
export function planMined(
  ledger: Ledger,
  questions: readonly Question[],
  config: MiningConfig,
  draw: { readonly count: number; readonly groupSize: number; readonly rng: Rng },
): { readonly question: Question; readonly reason: 'wrong' | 'right' | 'fill' }[] {
  const { wrong, right, frontier } = divide(ledger, questions)
  const wantedRight = Math.round(draw.count * config.rightShare)
  const priority = (question: Question): number => {
    if (config.focus === 0) return 1
    const { alpha, beta } = posterior(ledger, question)
    const p = drawBeta(alpha, beta, draw.rng)
    const bonus = question.difficulty === 'difficult' ? difficultBonus : 1
    return mixedProbability(p, draw.groupSize) ** config.focus * bonus + priorityFloor
  }
  const chosenWrong = drawWeighted(wrong, wrong.map(priority), draw.count - wantedRight, draw.rng)
  const chosenRight = draw.rng.shuffle(right).slice(0, wantedRight)
  const missing = draw.count - chosenWrong.length - chosenRight.length
  const taken = new Set([...chosenWrong, ...chosenRight])
  const fill = [...draw.rng.shuffle(frontier), ...draw.rng.shuffle(right), ...draw.rng.shuffle(wrong)].filter(
    (question) => !taken.has(question),
  )
  return [
    ...chosenWrong.map((question) => ({ question, reason: 'wrong' as const })),
    ...chosenRight.map((question) => ({ question, reason: 'right' as const })),
    ...fill.slice(0, missing).map((question) => ({ question, reason: 'fill' as const })),
  ]
}

/** A weighted draw without replacement (Efraimidis and Spirakis). */
function drawWeighted<T>(items: readonly T[], weights: readonly number[], count: number, rng: Rng): T[] {
  const keyed = items.map((item, index) => ({ item, key: -Math.log(rng.uniform() + 2 ** -25) / weights[index]! }))
  return keyed
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ item }) => item)
}

/** One draw from Beta(alpha, beta) as a ratio of Gamma draws (Marsaglia and Tsang). */
function drawBeta(alpha: number, beta: number, rng: Rng): number {
  const a = drawGamma(alpha, rng)
  const b = drawGamma(beta, rng)
  return a + b === 0 ? 0.5 : a / (a + b)
}

function drawGamma(shape: number, rng: Rng): number {
  if (shape < 1) return drawGamma(shape + 1, rng) * Math.exp(Math.log(rng.uniform() + 2 ** -25) / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(rng.uniform() + 2 ** -25) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

/** A stream for the plan of one step: the same step plans the same, whatever ran before. */
export const planRng = (seed: number, stage: string, step: number): Rng => createRng(seed, 'plan', stage, step)
