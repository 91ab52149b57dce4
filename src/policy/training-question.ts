import type { Item, Question } from '../questions/types.ts'
import { promptOf } from '../rewards/item-prompt.ts'
import { taskOf } from '../rewards/item-task.ts'
import type { AnswerTask } from '../rewards/types.ts'
import { formatAnswer } from '../text/kinds.ts'
import { letterOf } from '../text/options.ts'
import type { Lexicon } from '../text/types.ts'
import type { TrainingQuestion } from './types.ts'

/**
 * A question of the starter graph as the policy is trained on it: asked in words, right with any accepted entity by any of
 * its names. Like it are the questions of its relation path, and those of its hop count.
 *
 * @param lexicon the names of the graph
 */
export function fromQuestion(question: Question, lexicon: Lexicon): TrainingQuestion {
  const { id, difficulty, stem, kind, hop, path, rarity, answerType, acceptedEntityIds } = question
  return {
    ...{ id, difficulty, prompt: stem, acceptedAnswers: acceptedEntityIds },
    task: { id, spec: { kind: 'open', lexicon }, gold: { kind: 'entities', ids: acceptedEntityIds } },
    clusters: [`${kind} ${path.steps.join(' ')}`, `${hop} hops`],
    facets: { relation: [...new Set(path.steps)], hop: [String(hop)], rarity: [rarity], answerType: [answerType] },
  }
}

/**
 * An item of a data run as the policy is trained on it, its options in the order in which they stand in it
 * (`arrangeItem` shuffles them). One without a difficulty counts as moderate. Like it are items of its shape or subject,
 * of its source, and of its form.
 *
 * @throws {DataError} when it cannot be asked: no options, no accepted wording, a gold that is no option
 */
export function fromItem(item: Item): TrainingQuestion {
  const { id, form, language, origin, subject } = item
  const task = taskOf(item)
  const topic = origin.kind === 'graph' ? origin.shape : subject
  const source = origin.kind === 'graph' ? 'synthetic' : origin.source
  const wide = `${language} ${form} ${source}`
  return {
    ...{ id, task, difficulty: item.difficulty ?? 'moderate', prompt: promptOf(item) },
    acceptedAnswers: acceptedBy(task),
    clusters: [...(topic === undefined ? [] : [`${wide} ${topic}`]), wide, `${form} form`],
    facets: {
      ...{ form: [form], language: [language], source: [source] },
      ...(topic !== undefined && { topic: [topic] }),
      ...(origin.kind === 'graph' && { hop: [String(origin.hop)], rarity: [origin.rarity] }),
    },
  }
}

/** What is right, as `formatAnswer` words it. */
function acceptedBy({ spec, gold }: AnswerTask): string[] {
  switch (gold.kind) {
    case 'entities':
      return [...gold.ids]
    case 'options':
      return [gold.indices.map(letterOf).join(' ')]
    case 'number':
      return [formatAnswer({ kind: 'number', value: gold.value })]
    case 'range':
      return [formatAnswer({ kind: 'range', low: gold.low, high: gold.high })]
    case 'names':
      return spec.kind === 'names' ? spec.names.map((_, index) => formatAnswer({ kind: 'name', index })) : []
  }
}
