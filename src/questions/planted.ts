import { createRng } from '../core/rng.ts'
import type { EntityId } from '../graph/types.ts'
import type { Question, QuestionId } from './types.ts'

/** A training question whose label was made wrong on purpose: one line of `planted.jsonl`. */
export type PlantedLabel = {
  readonly questionId: QuestionId
  /** Every answer that the graph accepts. */
  readonly was: readonly EntityId[]
  /** The label that the question carries instead; the graph refutes it. */
  readonly is: EntityId
}

/**
 * The questions with a share of the training labels made wrong, for experiments on label noise: one of a question's own
 * distractors becomes the gold, and the only answer that is accepted. Which questions these are depends on the seed and
 * their ids, so a larger share holds those of a smaller one. Ids, stems, options and every other split stay as they are.
 *
 * The walk that a question was made from stays too: like the source behind a wrong label in a data set, it does not know
 * what somebody wrote down. So the graph teacher, which walks, arrives at another answer than the label, and the check
 * `answer` drops its chain, as a blind teacher of any kind would lose that question. Nothing else tells later stages.
 *
 * @param share of the training questions, a fraction; 0 returns the questions as they are
 * @returns the questions in their order, and what was planted
 */
export function plantWrongLabels(
  questions: readonly Question[],
  { share, seed }: { readonly share: number; readonly seed: number },
): { readonly questions: readonly Question[]; readonly planted: readonly PlantedLabel[] } {
  const ranked = questions
    .filter(({ split }) => split === 'train')
    .map((question) => ({ question, key: createRng(seed, 'wrong-label', question.id).uniform() }))
    .sort((a, b) => a.key - b.key || (a.question.id < b.question.id ? -1 : 1))
  const chosen = new Set(ranked.slice(0, Math.round(ranked.length * share)).map(({ question }) => question.id))
  const planted: PlantedLabel[] = []
  const labelled = questions.map((question) => {
    if (!chosen.has(question.id)) return question
    const wrong = mislabel(question, seed)
    planted.push({ questionId: question.id, was: question.acceptedEntityIds, is: wrong.acceptedEntityIds[0]! })
    return wrong
  })
  return { questions: labelled, planted }
}

function mislabel(question: Question, seed: number): Question {
  const accepted = new Set(question.acceptedEntityIds)
  const wrong = question.options.flatMap(({ entityId }, index) => (accepted.has(entityId) ? [] : [index]))
  const gold = createRng(seed, 'wrong-label', question.id, 'option').pick(wrong)
  const { entityId } = question.options[gold]!
  // A record that still refuted its own label would tell.
  const refutations = question.refutations.filter((refutation) => refutation.entityId !== entityId)
  return { ...question, acceptedEntityIds: [entityId], gold, refutations }
}
