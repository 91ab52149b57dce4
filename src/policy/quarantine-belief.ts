/**
 * How likely it is that a label is wrong, from what a policy answers: a mixture of two explanations of each question,
 * fitted to all of them at once.
 *
 * Right label: the policy is right as often as on questions like it, and what it answers else is spread or not, as on
 * questions like it. Wrong label: the answer it gives most often is the right one, given as often as right answers are on
 * questions like it, and the label is one of the wrong answers, given seldom. So one wrong answer that is always the same
 * says little where the policy is mostly wrong, much where it is mostly right, and nothing is asked of a single threshold.
 */

/** What was seen of one question, counts of rollouts (decayed ones may be fractions). */
export type LabelEvidence = {
  /** What the policy is as good at: the relation path. */
  readonly cluster: string
  /** The wider group, whose rates stand in where a cluster is small: the hop count. */
  readonly group: string
  readonly seen: number
  readonly right: number
  /** How many gave the most frequent other answer; seen − right at most. */
  readonly majority: number
}

/** Rates that a distribution over rates is made of; the ends are as near to never and always as rollouts can tell. */
const rates_K = [0.005, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.995]

/** Questions that a group adds to the rates of each of its clusters. Chosen by us, as all below: 3 to 30 do the same. */
const groupStrength = 10
/** The belief before anything is fitted, and the questions that it is worth. */
const priorShare = 0.05
const priorStrength = 20
/** Rollouts worth of belief that the other answers to a rightly labelled question are spread: weights fall to 0 at 1. */
const spreadStrength = 220
/** Wrong rollouts that one question counts for at most where the spread is learnt. */
const spreadEvidence = 8
/** Beta of how often a wrong label is answered, of the replies that are not the majority. */
const labelShare = { alpha: 0.7, beta: 4 }
const iterations = 12

type Weights = number[]

/**
 * The probability of each label to be wrong, and the share of wrong labels that the whole set speaks for. Both come from
 * the same data by expectation and maximisation: where few labels are doubtful, each of them is doubted less.
 *
 * @deviation ours: the paper has no rule for labels that training shows to be wrong
 * @param evidence_Q what was seen of each question, [question]
 * @returns beliefs_Q in [0, 1], [question], of a question that was never seen the share of the whole; the share of all
 */
export function believeWrong(evidence_Q: readonly LabelEvidence[]): {
  readonly beliefs_Q: readonly number[]
  readonly share: number
} {
  const seen_Q = evidence_Q.map((evidence) => likelihoodsOf(evidence))
  let share = priorShare
  let beliefs_Q = evidence_Q.map(() => share)
  let rates_QK: readonly Weights[] = evidence_Q.map(() => uniform())
  let spreadOf: (group: string) => Weights = uniform
  for (let round = 0; round < iterations; round++) {
    rates_QK = fitRates(evidence_Q, seen_Q, beliefs_Q, rates_QK)
    spreadOf = fitSpread(evidence_Q, seen_Q, beliefs_Q, spreadOf)
    beliefs_Q = evidence_Q.map(({ group }, index) => {
      const seen = seen_Q[index]!
      const ifRight = logDot(rates_QK[index]!, seen.right) + logDot(spreadOf(group), seen.spread)
      const ifWrong = logDot(rates_QK[index]!, seen.majority) + logDot(labelWeights, seen.label)
      return 1 / (1 + ((1 - share) / share) * Math.exp(ifRight - ifWrong))
    })
    const doubted = beliefs_Q.reduce((sum, belief) => sum + belief, 0)
    share = (doubted + priorStrength * priorShare) / (beliefs_Q.length + priorStrength)
  }
  return { beliefs_Q, share }
}

/** Log-likelihoods of each rate: of the right replies and their spread, of the majority as the truth and the label. */
type Likelihoods = { readonly [Name in 'right' | 'spread' | 'majority' | 'label']: Weights }

function likelihoodsOf({ seen, right, majority }: LabelEvidence): Likelihoods {
  const others = Math.max(0, seen - right - majority)
  const of = (hits: number, misses: number): Weights =>
    rates_K.map((rate) => hits * Math.log(rate) + misses * Math.log1p(-rate))
  return {
    right: of(right, seen - right),
    spread: of(majority, others),
    majority: of(majority, seen - majority),
    label: of(right, others),
  }
}

/** For each question the rates of its cluster, itself aside, and of its group. */
function fitRates(
  evidence_Q: readonly LabelEvidence[],
  seen_Q: readonly Likelihoods[],
  beliefs_Q: readonly number[],
  rates_QK: readonly Weights[],
): Weights[] {
  const own_QK = seen_Q.map(({ right, majority }, index) => {
    const belief = beliefs_Q[index]!
    const [ifRight, ifWrong] = [right, majority].map((likelihood) => posteriorOf(rates_QK[index]!, likelihood))
    return rates_K.map((_, k) => (1 - belief) * ifRight![k]! + belief * ifWrong![k]!)
  })
  const clusters = sumBy(evidence_Q, own_QK, ({ cluster }) => cluster)
  const groups = sumBy(evidence_Q, own_QK, ({ group }) => group)
  return evidence_Q.map(({ cluster, group }, index) => {
    const wider = normalised(groups.get(group)!.map((weight) => weight + 1 / rates_K.length))
    const others = clusters.get(cluster)!.map((weight, k) => Math.max(0, weight - own_QK[index]![k]!))
    return normalised(others.map((weight, k) => weight + groupStrength * wider[k]!))
  })
}

/** For each group, how large a part of the wrong replies to a rightly labelled question is one and the same answer. */
function fitSpread(
  evidence_Q: readonly LabelEvidence[],
  seen_Q: readonly Likelihoods[],
  beliefs_Q: readonly number[],
  before: (group: string) => Weights,
): (group: string) => Weights {
  const own_QK = evidence_Q.map(({ group, seen, right }, index) => {
    const weight = (1 - beliefs_Q[index]!) * Math.min(seen - right, spreadEvidence)
    return posteriorOf(before(group), seen_Q[index]!.spread).map((share) => share * weight)
  })
  const sums = sumBy(evidence_Q, own_QK, ({ group }) => group)
  const prior = normalised(rates_K.map((rate) => 1 - rate)).map((weight) => weight * spreadStrength)
  const fitted = new Map([...sums].map(([group, sum]) => [group, normalised(sum.map((own, k) => own + prior[k]!))]))
  return (group) => fitted.get(group)!
}

const uniform = (): Weights => rates_K.map(() => 1 / rates_K.length)

const normalised = (weights: readonly number[]): Weights => {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

const labelWeights = normalised(
  rates_K.map((rate) => rate ** (labelShare.alpha - 1) * (1 - rate) ** (labelShare.beta - 1)),
)

/** Bayes' rule over the rates. */
function posteriorOf(prior: Weights, logLikelihood: Weights): Weights {
  const most = Math.max(...logLikelihood)
  return normalised(prior.map((weight, k) => weight * Math.exp(logLikelihood[k]! - most)))
}

/** log Σ weight · exp(log-likelihood). */
function logDot(weights: Weights, logLikelihood: Weights): number {
  const most = Math.max(...logLikelihood)
  return most + Math.log(weights.reduce((sum, weight, k) => sum + weight * Math.exp(logLikelihood[k]! - most), 0))
}

function sumBy(
  evidence_Q: readonly LabelEvidence[],
  own_QK: readonly Weights[],
  keyOf: (evidence: LabelEvidence) => string,
): Map<string, Weights> {
  const sums = new Map<string, Weights>()
  for (const [index, evidence] of evidence_Q.entries()) {
    const sum = sums.get(keyOf(evidence)) ?? rates_K.map(() => 0)
    for (let k = 0; k < sum.length; k++) sum[k]! += own_QK[index]![k]!
    sums.set(keyOf(evidence), sum)
  }
  return sums
}
