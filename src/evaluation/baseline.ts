import type { Question } from '../questions/types.ts'
import { wilsonInterval } from './metrics.ts'
import type { Score } from './types.ts'

/**
 * The score of always giving the answer that was most often gold in training for the same last step of the path: what
 * can be had without reading the question's subject.
 */
export function mostFrequentAnswer(training: readonly Question[], heldOut: readonly Question[]): Score {
  const counts = new Map<string, Map<string, number>>()
  for (const question of training) {
    const step = question.path.steps.at(-1)!
    const answers = counts.get(step) ?? new Map<string, number>()
    counts.set(step, answers)
    for (const id of question.acceptedEntityIds) answers.set(id, (answers.get(id) ?? 0) + 1)
  }
  const favourite = new Map<string, string>()
  for (const [step, answers] of counts) {
    const ranked = [...answers].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    favourite.set(step, ranked[0]![0])
  }
  const guesses = heldOut.map((question) => ({ question, guess: favourite.get(question.path.steps.at(-1)!) }))
  const correct = guesses.filter(({ question, guess }) => question.acceptedEntityIds.some((id) => id === guess)).length
  const n = heldOut.length
  return {
    n,
    correct,
    accuracy: n === 0 ? 0 : correct / n,
    interval: wilsonInterval(correct, n),
    unparsed: guesses.filter(({ guess }) => guess === undefined).length,
    groundedStepRate: null,
    rightForWrongReason: null,
  }
}
