import type { ItemAnswer } from './items.ts'
import { type LadderStage, pairedStages } from './ladder.ts'
import { pairedTest, wilsonInterval } from './metrics.ts'
import type { Interval, Paired } from './types.ts'

/** What scores of items are broken down by; `all` is one part, named `all`. */
export const itemAxes = ['all', 'form', 'language', 'source', 'difficulty'] as const

export type ItemAxis = (typeof itemAxes)[number]

/** A checkpoint on a part of the held-out items: never an accuracy without its n, interval and count of unparsed answers. */
export type ItemRow = {
  readonly stage: LadderStage
  readonly axis: ItemAxis
  readonly name: string
  readonly n: number
  readonly correct: number
  readonly accuracy: number
  readonly interval: Interval
  readonly unparsed: number
  readonly truncated: number
  /** Share right of one who guesses among the options. */
  readonly chance: number
  /** Share of checkable reasoning steps that the graph supports; null without any. */
  readonly groundedStepRate: number | null
}

export type ItemPairedRow = Paired & {
  readonly from: LadderStage
  readonly to: LadderStage
  readonly axis: ItemAxis
  readonly name: string
}

/**
 * The rows of a checkpoint: pooled, and by form, language, source and difficulty. Parts of an axis stand in the order of
 * their names.
 */
export function itemRows(stage: LadderStage, answers: readonly ItemAnswer[]): ItemRow[] {
  return partsOf(answers).map(({ axis, name, part }) => ({ stage, axis, name, ...scoreItems(part) }))
}

/** Score of a set of answers; unparsed ones count as wrong. */
export function scoreItems(answers: readonly ItemAnswer[]): Omit<ItemRow, 'stage' | 'axis' | 'name'> {
  const n = answers.length
  const correct = answers.filter((answer) => answer.correct).length
  const sum = (of: (answer: ItemAnswer) => number): number => answers.reduce((total, answer) => total + of(answer), 0)
  const checkable = sum(({ checkableSteps }) => checkableSteps)
  return {
    ...{ n, correct, accuracy: n === 0 ? 0 : correct / n, interval: wilsonInterval(correct, n) },
    unparsed: answers.filter(({ unparsed }) => unparsed).length,
    truncated: answers.filter(({ truncated }) => truncated).length,
    chance: n === 0 ? 0 : sum(({ chance }) => chance) / n,
    groundedStepRate: checkable === 0 ? null : sum(({ groundedSteps }) => groundedSteps) / checkable,
  }
}

/**
 * McNemar's exact test between checkpoints on the same items, pooled and by each axis: neighbours, and cold start against
 * the end.
 *
 * @throws {DataError} when two checkpoints did not answer the same items
 */
export function itemPairedRows(records: Readonly<Record<LadderStage, readonly ItemAnswer[]>>): ItemPairedRow[] {
  return pairedStages.flatMap(([from, to]) => {
    const after = new Map(records[to].map((answer) => [answer.questionId, answer]))
    return partsOf(records[from]).map(({ axis, name, part }) => {
      const same = part.flatMap(({ questionId }) => after.get(questionId) ?? [])
      return { from, to, axis, name, ...pairedTest(part, same) }
    })
  })
}

type Part = { readonly axis: ItemAxis; readonly name: string; readonly part: readonly ItemAnswer[] }

function partsOf(answers: readonly ItemAnswer[]): Part[] {
  return itemAxes.flatMap((axis): Part[] => {
    if (axis === 'all') return [{ axis, name: 'all', part: answers }]
    const names = [...new Set(answers.map((answer) => answer[axis]))].sort()
    return names.map((name) => ({ axis, name, part: answers.filter((answer) => answer[axis] === name) }))
  })
}
