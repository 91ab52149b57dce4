import type { Graph } from '../graph/graph.ts'
import { isAsLabelled, readGivenAnswer } from '../questions/refine/labels-answer.ts'
import type { Item, Question } from '../questions/types.ts'
import { matchEntity } from '../text/lexicon.ts'
import { formatOptions, letterOf } from '../text/options.ts'
import type { Lexicon } from '../text/types.ts'
import type { TeacherTask } from './types.ts'

const open = 'Between the answer tags write the answer alone: a name of a few words, no sentence.'
const answerForms = {
  single: 'Exactly one option is right. Between the answer tags write its letter alone.',
  multiple: 'One or more options are right. Between the answer tags write their letters alone, separated by commas.',
  open,
} as const

/**
 * The task of a question of the starter graph: asked in words, and right when the answer names an entity that it accepts.
 *
 * @param lexicon the names of the graph
 */
export function taskOfQuestion(question: Question, graph: Graph, lexicon: Lexicon): TeacherTask {
  const accepted = question.acceptedEntityIds.map((id) => graph.entity(id))
  const origins = question.path.triples.map((id) => graph.triple(id).origin)
  return {
    id: question.id,
    language: 'en',
    form: 'open',
    prompt: question.stem,
    answerForm: open,
    gold: question.options[question.gold]!.label,
    goldNames: accepted.flatMap(({ label, synonyms }) => [label, ...synonyms]),
    otherOptions: question.options.map(({ label }) => label).filter((_, index) => index !== question.gold),
    difficulty: question.difficulty,
    licenses: distinct(origins.map(({ license }) => license)),
    sources: distinct(origins.map(({ source }) => source)),
    judge: (answer) => {
      const value = matchEntity(answer, lexicon)
      if (value.kind !== 'entity') return value.kind
      return accepted.some(({ id }) => id === value.id) ? 'right' : 'wrong'
    },
  }
}

/**
 * The task of an item of a data run, its options in the item's own order.
 *
 * @returns a task whose judge reads the answer as the label check does: letters, or an accepted wording
 */
export function taskOfItem(item: Item): TeacherTask {
  const { origin, form, options, golds, answers } = item
  const originals = options.map((_, index) => index)
  const parts = [item.context, item.stem, options.length === 0 ? null : formatOptions(options)]
  return {
    id: item.id,
    language: item.language,
    form,
    prompt: parts.filter((part) => part !== null).join('\n\n'),
    answerForm: answerForms[form],
    gold: form === 'open' ? (answers[0] ?? '') : golds.map(letterOf).join(', '),
    goldNames: answers,
    otherOptions: options.filter((_, index) => !golds.includes(index)),
    difficulty: item.difficulty ?? null,
    licenses: origin.kind === 'curated' ? [origin.license] : [],
    sources: origin.kind === 'curated' ? [origin.source] : origin.sources,
    judge: (answer) => {
      const reading = readGivenAnswer(`<think>as given</think><answer>${answer}</answer>`, item, originals)
      if (reading.kind === 'unreadable') return reading.reason.replace(/^answer /, '')
      return isAsLabelled(reading.answer, item) ? 'right' : 'wrong'
    },
  }
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort()
}
