import { DataError } from '../../core/errors.ts'
import type { Decision, Dispute, DisputeQueue } from './disputes.ts'

export type ReviewProgress = {
  readonly total: number
  readonly open: number
  readonly accepted: number
  readonly corrected: number
  readonly removed: number
}

/** A sitting over a dispute queue: everything but the drawing of it. */
export type Review = {
  /** The case in front of the reviewer, or null when none is left. */
  readonly current: Dispute | null
  /** Decides the current case and goes on. @throws {DataError} as `DisputeQueue.decide`, or when none is left */
  decide(decision: Decision, why: string): void
  /** Puts the current case behind the others, undecided. */
  skip(): void
  /** Takes back the last decision or skip of this sitting and shows its case again. @returns false when there is none */
  undo(): boolean
  readonly progress: ReviewProgress
}

/**
 * A sitting of one reviewer, from the first case that is open. Each decision is in the log before the next case is shown,
 * so that a sitting may end at any moment and another one goes on where it ended.
 *
 * @throws {DataError} when nobody is named
 */
export function startReview(queue: DisputeQueue, who: string): Review {
  if (who.trim() === '') throw new DataError('a review needs the name of its reviewer', { field: 'who' })
  let waiting = [...queue.state.values()].filter(({ decision }) => decision === null).map(({ case: { id } }) => id)
  const done: { readonly id: string; readonly kind: 'decision' | 'skip' }[] = []
  const first = (): string => {
    const id = waiting[0]
    if (id === undefined) throw new DataError('no dispute is left to decide')
    return id
  }
  return {
    get current() {
      const id = waiting[0]
      return id === undefined ? null : (queue.state.get(id) ?? null)
    },
    decide: (decision, why) => {
      const id = first()
      queue.decide(id, decision, { who, why })
      waiting = waiting.slice(1)
      done.push({ id, kind: 'decision' })
    },
    skip: () => {
      const id = first()
      waiting = [...waiting.slice(1), id]
      done.push({ id, kind: 'skip' })
    },
    undo: () => {
      const last = done.pop()
      if (last === undefined) return false
      if (last.kind === 'decision') queue.undo(last.id, who)
      waiting = [last.id, ...waiting.filter((id) => id !== last.id)]
      return true
    },
    get progress() {
      return progressOf(queue)
    },
  }
}

function progressOf({ state }: DisputeQueue): ReviewProgress {
  const counts = { open: 0, accept: 0, correct: 0, remove: 0 }
  for (const { decision } of state.values()) counts[decision === null ? 'open' : decision.decision.kind] += 1
  const { open, accept, correct, remove } = counts
  return { total: state.size, open, accepted: accept, corrected: correct, removed: remove }
}
