import { type DisputeCase, disputeOf } from '../questions/refine/disputes.ts'
import type { Item } from '../questions/types.ts'
import { optionLetters } from '../text/options.ts'
import { type Suspect, suspicionOf } from './quarantine.ts'

/**
 * A suspect that is an item of a data run as a case of the dispute queue. The case is of the item as the data run holds it,
 * so that a decision holds there too; the answer of the policy is given in words, whatever letter it was shown with.
 *
 * @param shown the item with its options as the policy saw them
 */
export function disputeOfItem(suspect: Suspect, item: Item, shown: Item): DisputeCase {
  const { reason, evidence, count } = suspicionOf(suspect)
  const text = wordsOf(suspect.majorityAnswer, shown)
  return disputeOf(
    {
      ...{ item, verdict: 'disputed', trials: 0, valid: 0, matches: 0, evidence, causes: [] },
      answers: [{ answer: { kind: 'words', text }, text, count, isAsLabelled: false }],
    },
    reason,
  )
}

/** An answer as a rollout words it, in words of the item. */
function wordsOf(answered: string, { form, options }: Item): string {
  if (form === 'open') return answered.replace(/^words: /, '')
  const places = answered.split(' ').map((letter) => optionLetters.indexOf(letter))
  return places.map((place) => options[place] ?? answered).join(' | ')
}
