import { ConfigError } from '../../core/errors.ts'
import { createGrounder } from '../../graph/grounding.ts'
import type { CheckActions } from '../check-draft.ts'
import { checks } from '../checks/registry.ts'
import { teachFallibly } from '../fallible-teacher.ts'
import { teachFromGraph } from '../graph-teacher.ts'
import type { Ask, Attempt, Teacher } from '../types.ts'
import type { TeacherKind } from './parts.ts'

/**
 * What the checks do with chains of the graph teacher: its terse form is only counted, apart from answer and steps, which
 * are true by construction or the trajectory is none.
 */
export const graphTeacherActions: CheckActions = Object.fromEntries(
  checks.names.filter((name) => name !== 'answer' && name !== 'grounding').map((name) => [name, 'report'] as const),
)

/**
 * The embedded teacher as one among others: it walks the path a question was made from, so it always saw the gold, and it
 * costs nothing. Its attempts at a question are one and it revises nothing, unless it is told to make mistakes.
 *
 * @deviation see `teachFromGraph` and `teachFallibly`
 */
export const graphTeacher: TeacherKind = {
  name: 'graph',
  title: 'walks the path in the graph that a question was made from',
  create: (parts) => {
    if (parts.graph === undefined) throw new ConfigError('the graph teacher needs a graph and its questions')
    const { graph, questions, mistakes = 0, ...teaching } = parts.graph
    const ground = createGrounder(graph)
    const byId = new Map(questions.map((question) => [question.id, question]))
    const write = (ask: Ask): Attempt => {
      const question = byId.get(ask.task.id)
      if (question === undefined) return { kind: 'failed', ask, cause: 'not made from this graph' }
      if (ask.revision !== null && mistakes === 0) {
        return { kind: 'failed', ask, cause: 'the graph teacher does not revise' }
      }
      const draft =
        mistakes === 0
          ? teachFromGraph(graph, question, teaching)
          : teachFallibly(graph, ground, question, ask, { ...teaching, mistakes })
      if (draft === null) return { kind: 'failed', ask, cause: 'no false step to revise' }
      return { kind: 'draft', ask, draft, messages: [] }
    }
    return {
      name: 'graph',
      title: 'graph-teacher',
      sawGold: () => true,
      distinctAttempts: mistakes === 0 ? 1 : null,
      estimate: () => ({ calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }),
      ask: async function* (asks: Iterable<Ask>) {
        for (const ask of asks) yield write(ask)
      },
    } satisfies Teacher
  },
}
