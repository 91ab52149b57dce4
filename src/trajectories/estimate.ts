import type { Spending } from '../endpoint/types.ts'
import { longestRevision } from './prompts.ts'
import type { TeachOptions } from './teach.ts'
import type { Ask, TeacherTask } from './types.ts'

/** What teaching may cost: its first round, and everything if no question is ever solved. */
export type TeachEstimate = { readonly first: Spending; readonly most: Spending }

/**
 * The estimate of a plan before the first call, every call answered at once and as long as it may be.
 *
 * @param maxTokens of a reply, which a revision quotes
 */
export function estimateTeaching(
  tasks: readonly TeacherTask[],
  {
    teacher,
    attempts,
    mode,
    strategies,
    depth,
  }: Pick<TeachOptions, 'teacher' | 'attempts' | 'mode' | 'strategies' | 'depth'>,
  maxTokens: number,
): TeachEstimate {
  const k = Math.min(attempts, teacher.distinctAttempts ?? attempts)
  const firstMode = mode === 'answer-aware' ? mode : 'blind'
  const fresh = (count: number, asked: Ask['mode']) =>
    function* (): Generator<Ask> {
      for (const task of tasks) {
        for (let attempt = 1; attempt <= count; attempt++) yield { task, attempt, mode: asked, revision: null }
      }
    }
  const first = teacher.estimate(fresh(k, firstMode)())
  const again = mode === 'blind-first' ? teacher.estimate(fresh(1, 'answer-aware')()) : nothing
  const revisions = strategies.length * depth
  const oneEach = revisions === 0 ? nothing : teacher.estimate(tasks.map((task) => longestRevision(task, maxTokens)))
  return { first, most: add(add(first, again), times(oneEach, revisions)) }
}

const nothing: Spending = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }

function add(a: Spending, b: Spending): Spending {
  return {
    calls: a.calls + b.calls,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    money: a.money + b.money,
  }
}

function times({ calls, promptTokens, completionTokens, money }: Spending, count: number): Spending {
  return {
    calls: calls * count,
    promptTokens: promptTokens * count,
    completionTokens: completionTokens * count,
    money: money * count,
  }
}
