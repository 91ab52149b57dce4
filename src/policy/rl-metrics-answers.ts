import { optionLetters } from '../text/options.ts'
import type { NoValueKind } from '../text/types.ts'
import type { Metrics } from './loop.ts'
import type { Group } from './rollout.ts'
import type { TrainingQuestion } from './types.ts'

/** The judge's words for an answer that could not be read. */
const unread: { readonly [Kind in NoValueKind]: true } = {
  none: true,
  several: true,
  conflict: true,
  outOfRange: true,
  noMatch: true,
  negated: true,
  tooGeneral: true,
  duplicate: true,
  ambiguous: true,
  comparator: true,
  notFinite: true,
  unknownUnit: true,
  unitMismatch: true,
  missingUnit: true,
}

const isUnread = (answered: string): boolean => answered === '' || Object.hasOwn(unread, answered)

/**
 * What the rollouts of a step answered, whatever was right: how spread the answers are in a group and over the step,
 * how common the commonest answer is and how often it would have been right, and for letters how often each was given
 * and was the right one.
 *
 * Each group has one vote, divided among its rollouts: eight rollouts of one prompt are no eight independent answers. So
 * the letters' counts may be tested by χ², on the safe side.
 */
export function answerMetrics(groups_P: readonly Group[]): Metrics {
  const votes = new Map<string, number>()
  let entropySum = 0
  let unreadCount = 0
  let rolloutCount = 0
  for (const { rollouts_G } of groups_P) {
    const own = new Map<string, number>()
    for (const { answered } of rollouts_G) {
      rolloutCount += 1
      if (isUnread(answered)) unreadCount += 1
      else own.set(answered, (own.get(answered) ?? 0) + 1)
    }
    entropySum += entropyOf([...own.values()])
    for (const [answer, count] of own) votes.set(answer, (votes.get(answer) ?? 0) + count / rollouts_G.length)
  }
  return {
    'answer/unread_share': rolloutCount === 0 ? 0 : unreadCount / rolloutCount,
    'answer/entropy_nats': entropyOf([...votes.values()]),
    'answer/group_entropy_nats': groups_P.length === 0 ? 0 : entropySum / groups_P.length,
    ...topMetrics(groups_P, votes),
    ...letterMetrics(groups_P, votes),
  }
}

/** The commonest answer's share of the step's votes beside the share of prompts whose answer it is. */
function topMetrics(groups_P: readonly Group[], votes: ReadonlyMap<string, number>): Metrics {
  let top: string | undefined
  for (const [answer, count] of votes) {
    const best = top === undefined ? -1 : votes.get(top)!
    if (count > best || (count === best && answer < top!)) top = answer
  }
  if (top === undefined) return {}
  const isGold = ({ question }: Group): boolean => question.acceptedAnswers.includes(top)
  return {
    'answer/top_share': votes.get(top)! / groups_P.length,
    'answer/top_gold_share': groups_P.filter(isGold).length / groups_P.length,
  }
}

/** Votes and right answers of every letter that a prompt offers; nothing where no rollout answered with a letter. */
function letterMetrics(groups_P: readonly Group[], votes: ReadonlyMap<string, number>): Metrics {
  if (!optionLetters.some((letter) => votes.has(letter))) return {}
  const golds = groups_P.map(goldLetterOf)
  const offered = Math.max(...groups_P.map(({ question }) => optionsOf(question).length))
  return Object.fromEntries(
    optionLetters.slice(0, offered).flatMap((letter) => [
      [`answer/letter_${letter}_votes`, votes.get(letter) ?? 0],
      [`answer/letter_${letter}_gold`, golds.filter((gold) => gold === letter).length],
    ]),
  )
}

const optionsOf = ({ task: { spec } }: TrainingQuestion): readonly string[] =>
  spec.kind === 'choice' || spec.kind === 'choices' ? spec.options : []

/** The right letter, where exactly one is right. */
const goldLetterOf = ({ question: { task } }: Group): string | undefined =>
  task.gold.kind === 'options' && task.gold.indices.length === 1 ? optionLetters[task.gold.indices[0]!] : undefined

/** Entropy of a distribution given by its counts, nats; 0 for none. */
function entropyOf(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const entropy = counts.reduce(
    (sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log(count / total)),
    0,
  )
  return entropy + 0
}
