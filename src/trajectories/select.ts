import { contentId } from '../core/hash.ts'
import { createRng } from '../core/rng.ts'
import type { Grounder } from '../graph/grounding.ts'
import type { Question } from '../questions/types.ts'
import { readCompletion } from '../text/answer.ts'
import { matchEntity } from '../text/lexicon.ts'
import type { Lexicon } from '../text/types.ts'
import type { Draft, Trajectory, TrajectoryId } from './types.ts'

export type Check =
  | { readonly kind: 'kept'; readonly trajectory: Trajectory }
  | { readonly kind: 'dropped'; readonly reason: string }

/**
 * Checks what a teacher wrote with the one answer reader and against the graph: strict form, accepted answer, every
 * step grounded.
 *
 * @paper Fleming-R1 §1: selection with filters on verifiable signals
 */
export function checkDraft(
  question: Question,
  draft: Draft,
  context: {
    readonly teacher: string
    readonly sawGold: boolean
    readonly lexicon: Lexicon
    readonly grounder: Grounder
  },
): Check {
  const reading = readCompletion(draft.completion, { thinkPrefilled: true })
  const defect = reading.defects[0]
  if (defect !== undefined) return { kind: 'dropped', reason: `form: ${defect}` }
  const value = matchEntity(reading.answer ?? '', context.lexicon)
  if (value.kind !== 'entity') return { kind: 'dropped', reason: `answer: ${value.kind}` }
  if (!question.acceptedEntityIds.some((id) => id === value.id)) return { kind: 'dropped', reason: 'answer: wrong' }
  const { grounded, checkable } = context.grounder(reading.thinking ?? '')
  if (grounded < checkable) return { kind: 'dropped', reason: 'a step is not in the graph' }
  return {
    kind: 'kept',
    trajectory: {
      id: contentId('trajectory', { question: question.id, completion: draft.completion }) as TrajectoryId,
      questionId: question.id,
      teacher: context.teacher,
      sawGold: context.sawGold,
      origin: context.sawGold ? 'gold-conditioned' : 'blind',
      strategy: null,
      attempts: 1,
      backtracks: draft.backtracks,
      completion: draft.completion,
      groundedSteps: grounded,
      checkableSteps: checkable,
    },
  }
}

/**
 * The training questions that get a trajectory: `count` of them, in equal parts over the hop counts up to `maxHops`.
 * Few on purpose: a cold start installs the pattern and leaves the learning to RL.
 */
export function chooseForColdStart(
  questions: readonly Question[],
  options: { readonly count: number; readonly maxHops: number; readonly seed: number },
): Question[] {
  const hops = Array.from({ length: options.maxHops }, (_, index) => index + 1)
  return hops.flatMap((hop, index) => {
    const pool = questions.filter((question) => question.split === 'train' && question.hop === hop)
    const share =
      Math.floor(((index + 1) * options.count) / hops.length) - Math.floor((index * options.count) / hops.length)
    return createRng(options.seed, 'cold-start', hop).shuffle(pool).slice(0, share)
  })
}
