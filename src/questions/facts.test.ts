import { expect, test } from 'vitest'
import { idOf, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { drawSentences, type Fact, factForms, factsOf, type Sentence } from './facts.ts'

const graph = tinyGraph()
const facts = factsOf(graph)
const text = (sentence: Sentence): string => sentence.map((part) => part.text).join('')
const factOf = (head: string, step: string): Fact =>
  facts.find((fact) => fact.head === idOf(graph, head) && fact.step.name === step)!

/** Every sentence that could be drawn, with the index of its fact and the number of its form. */
const meaning = new Map<string, { readonly fact: number; readonly form: number; readonly object: string }>()
facts.forEach((fact, index) => {
  for (const tail of fact.tails) {
    factForms.forEach((form, number) => {
      meaning.set(text(form(graph, fact, tail)), { fact: index, form: number, object: graph.entity(tail).label })
    })
  }
})

test('each triple is a fact once from its head, and once more from its tail if that direction has a name', () => {
  const inverses = new Set(graph.schema.steps.filter(({ backward }) => backward).map(({ relation }) => relation))
  const backwards = graph.triples.filter(({ relation }) => inverses.has(relation)).length
  expect(facts.reduce((sum, fact) => sum + fact.tails.length, 0)).toBe(graph.triples.length + backwards)
  const pairs = facts.map((fact) => `${fact.head} ${fact.step.name}`)
  expect(new Set(pairs).size).toBe(pairs.length)
  expect(factOf('falciparum malaria', 'first_line').tails).toEqual([idOf(graph, 'artesunate'), idOf(graph, 'quinine')])
  expect(factOf('tophi', 'hallmark_of').tails).toEqual([idOf(graph, 'gout')])
})

test('a fact reads as a statement, as a noun phrase, and as a question that is answered by the statement', () => {
  const fact = factOf('gout', 'first_line')
  const [statement, phrase, answered] = factForms.map((form) => form(graph, fact, fact.tails[0]!))
  expect(statement).toEqual([
    { text: ' gout is first treated with', role: 'context' },
    { text: ' naproxen', role: 'object' },
    { text: ';', role: 'context' },
  ])
  expect(phrase).toEqual([
    { text: 'The first-line drug for gout is', role: 'context' },
    { text: ' naproxen', role: 'object' },
    { text: '.', role: 'context' },
  ])
  expect(answered!.map(({ role }) => role)).toEqual(['context', 'echo', 'object', 'context'])
  expect(text(answered!)).toMatch(/^\w[\w ]* the first-line drug for gout[?.] gout is first treated with naproxen;$/)
})

test('only the object is knowledge in every form', () => {
  for (const fact of facts) {
    for (const form of factForms) {
      const objects = form(graph, fact, fact.tails[0]!).filter(({ role }) => role === 'object')
      expect(objects).toEqual([{ text: ` ${graph.entity(fact.tails[0]!).label}`, role: 'object' }])
    }
  }
})

const draw = (position: number, count: number, seed = 1): Sentence[] =>
  drawSentences(graph, facts, { seed, position, count })

test('an epoch states each fact once, the next epoch in another order', () => {
  const [first, second] = [0, 1].map((epoch) =>
    draw(epoch * facts.length, facts.length).map((sentence) => meaning.get(text(sentence))!.fact),
  )
  const every = facts.map((_, index) => index)
  expect([...first!].sort((a, b) => a - b)).toEqual(every)
  expect([...second!].sort((a, b) => a - b)).toEqual(every)
  expect(second).not.toEqual(first)
  expect(first).not.toEqual(every)
})

test('position and seed alone decide a sentence, not the document it is drawn for', () => {
  const whole = draw(facts.length - 10, 20)
  expect([...draw(facts.length - 10, 5), ...draw(facts.length - 5, 15)]).toEqual(whole)
  // Another epoch in between must not be remembered in place of this one.
  draw(5 * facts.length, 3)
  expect(draw(facts.length - 10, 20)).toEqual(whole)
  expect(draw(0, 20, 2)).not.toEqual(draw(0, 20, 1))
})

test('the forms come at 45, 20 and 35 in a hundred, and every right object of a fact is stated in turn', () => {
  const drawn = draw(0, 4000).map((sentence) => meaning.get(text(sentence))!)
  const share = (form: number): number => drawn.filter((item) => item.form === form).length / drawn.length
  // A standard deviation of 4,000 draws is below 0.008.
  expect(Math.abs(share(0) - 0.45)).toBeLessThan(0.032)
  expect(Math.abs(share(1) - 0.2)).toBeLessThan(0.032)
  expect(Math.abs(share(2) - 0.35)).toBeLessThan(0.032)
  const malaria = facts.indexOf(factOf('falciparum malaria', 'first_line'))
  const objects = drawn.filter(({ fact }) => fact === malaria).map(({ object }) => object)
  expect(new Set(objects)).toEqual(new Set(['artesunate', 'quinine']))
})
