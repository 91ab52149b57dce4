import { describe, expect, test } from 'vitest'
import { idOf, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { configSchema } from '../pipeline/config.ts'
import { proveQuestion } from './proof.ts'
import { synthesise } from './synthesis.ts'
import type { Option, Question } from './types.ts'

const graph = tinyGraph()
const { questions } = synthesise(graph, configSchema.parse({}).questions, 1)
const id = (label: string) => idOf(graph, label)
const option = (label: string): Option => ({ entityId: id(label), label })

const about = (start: string, ...steps: string[]): Question =>
  questions.find(
    ({ kind, path }) => kind === 'forward' && path.start === id(start) && path.steps.join() === steps.join(),
  )!

const drug = about('tophi', 'hallmark_of', 'first_line')
const twoDrugs = about('falciparum malaria', 'first_line')
const compared = questions.find(
  ({ path }) => path.comparison?.feature === id('tophi') && path.steps.join() === 'first_line',
)!

const refuted = (question: Question, reason: string): void =>
  expect(proveQuestion(graph, question)).toEqual({ holds: false, reason })

/** The question with its wrong option number `index` (from 0) put in place of. */
function withWrong(question: Question, index: number, replacement: Option): Question {
  const wrong = question.options.filter((_, at) => at !== question.gold)[index]!
  return { ...question, options: question.options.map((item) => (item === wrong ? replacement : item)) }
}

describe('a question that holds', () => {
  test.each([
    ['of one hop with two right answers', twoDrugs],
    ['of two hops', drug],
    ['of two diseases', compared],
  ])('%s is proved', (_, question) => {
    expect(proveQuestion(graph, question)).toEqual({ holds: true })
  })
})

describe('a question is refuted when', () => {
  test('another option is made gold', () => {
    refuted({ ...drug, gold: (drug.gold + 1) % 4 }, 'gold does not point at the right option')
    refuted({ ...drug, gold: 4 }, 'gold does not point at the right option')
  })

  test('a second option is right', () => {
    const other = twoDrugs.acceptedEntityIds.find((accepted) => accepted !== twoDrugs.path.maskedEntity)!
    refuted(withWrong(twoDrugs, 0, { entityId: other, label: graph.entity(other).label }), '2 options are right')
  })

  test('no option is right', () => {
    const options = drug.options.filter((_, at) => at !== drug.gold)
    refuted({ ...drug, options, gold: 0 }, '0 options are right')
  })

  test('an accepted entity is missing, or one too many is accepted', () => {
    const reason = 'the path reaches other entities than the question accepts'
    refuted({ ...twoDrugs, acceptedEntityIds: [twoDrugs.path.maskedEntity] }, reason)
    refuted({ ...drug, acceptedEntityIds: [...drug.acceptedEntityIds, id('colchicine')] }, reason)
    refuted({ ...drug, acceptedEntityIds: [id('colchicine')] }, reason)
    refuted({ ...drug, acceptedEntityIds: [] }, reason)
  })

  test('the path is another one', () => {
    const path = { ...drug.path, steps: ['hallmark_of', 'treated_by'] }
    refuted({ ...drug, path }, 'the path reaches other entities than the question accepts')
  })

  test('a wrong option is joined to what the last step starts from', () => {
    // Another drug for gout, and not wrong enough.
    refuted(withWrong(drug, 1, option('colchicine')), 'a distractor is joined to what the last step starts from')
  })

  test('two options read the same', () => {
    const [first, second] = drug.options.filter((_, at) => at !== drug.gold)
    refuted(withWrong(drug, 0, second!), 'two options read the same')
    refuted(withWrong(drug, 0, { ...first!, label: second!.label }), 'two options read the same')
  })

  test('the right option is not the entity that was masked', () => {
    const other = twoDrugs.acceptedEntityIds.find((accepted) => accepted !== twoDrugs.path.maskedEntity)!
    const path = { ...twoDrugs.path, maskedEntity: other }
    refuted({ ...twoDrugs, path }, 'the right option is not the masked entity')
  })

  const comparing = (changes: Partial<NonNullable<Question['path']['comparison']>>): Question => ({
    ...compared,
    path: { ...compared.path, comparison: { ...compared.path.comparison!, ...changes } },
  })

  test('the chosen disease lacks the feature', () => {
    refuted(comparing({ feature: id('Koplik spots') }), 'the chosen disease lacks the feature')
    refuted(comparing({ step: 'shows' }), 'the chosen disease lacks the feature')
  })

  test('the rejected disease has the feature too', () => {
    // Both present with joint swelling.
    refuted(comparing({ feature: id('joint swelling'), step: 'has_finding' }), 'both diseases have the feature')
  })

  test('the rejected disease leads to a right answer too', () => {
    const wilson = questions.find(
      ({ path }) => path.comparison?.feature === id('low ceruloplasmin') && path.steps.join() === 'first_line',
    )!
    const group = {
      ...wilson,
      acceptedEntityIds: [id('metal storage disorder')],
      path: { ...wilson.path, steps: ['is_a'] },
    }
    refuted(group, 'the rejected disease leads to an accepted answer')
  })
})
