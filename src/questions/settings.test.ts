import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sketchGraph } from '../graph/fixtures/tiny-graph.ts'
import { starterSchema } from '../graph/schema.ts'
import { readTables } from '../graph/sources/tables.ts'
import { subsetByDiseases } from '../graph/subset.ts'
import { configSchema } from '../pipeline/config.ts'
import { proveQuestion } from './proof.ts'
import { showOptions, withoutOptions } from './shown-options.ts'
import { type SynthesisConfig, synthesise } from './synthesis.ts'
import type { Question } from './types.ts'

const knowledge = readTables(join(import.meta.dirname, '../../data/starter'), starterSchema)
const graph = subsetByDiseases(knowledge, { diseases: 40, seed: 1 })
const perHop = { 1: 150, 2: 300, 3: 200 }
const config = { ...configSchema.parse({}).questions, maxHops: 3, perHop, comparativePerHop: { 2: 60 } }
const make = (changes: Partial<SynthesisConfig> = {}) => synthesise(graph, { ...config, ...changes }, 1, knowledge)

const byId = (questions: readonly Question[]): Question[] => [...questions].sort((a, b) => (a.id < b.id ? -1 : 1))
const heldOut = (questions: readonly Question[]): Question[] => byId(questions.filter(({ split }) => split !== 'train'))
const training = (questions: readonly Question[]): Question[] =>
  byId(questions.filter(({ split }) => split === 'train'))
const rareShare = (questions: readonly Question[]): number =>
  questions.filter(({ rarity }) => rarity === 'rare').length / questions.length

const usual = make()
const even = make({ rarityWeights: false })
const random = make({ distractors: 'random' })

describe('without rarity weights', () => {
  test('training meets rare diseases less often, and the held-out questions are the same to the letter', () => {
    expect(heldOut(even.questions)).toEqual(heldOut(usual.questions))
    expect(heldOut(usual.questions).length).toBeGreaterThan(100)
    const [before, after] = [rareShare(training(usual.questions)), rareShare(training(even.questions))]
    expect(after).toBeLessThan(before - 0.05)
    expect(training(even.questions).length).toBeGreaterThan(0.9 * training(usual.questions).length)
  })

  test('a question that both draws have is the same one, and no stem stands twice', () => {
    const before = new Map(usual.questions.map((question) => [question.id, question]))
    const shared = training(even.questions).filter(({ id }) => before.has(id))
    expect(shared.length).toBeGreaterThan(50)
    for (const question of shared) expect(question).toEqual(before.get(question.id))
    expect(new Set(even.questions.map(({ stem }) => stem)).size).toBe(even.questions.length)
  })
})

describe('with random distractors', () => {
  test('only the options of training questions differ: ids, stems, order and the held-out questions stay', () => {
    expect(heldOut(random.questions)).toEqual(heldOut(usual.questions))
    const bare = (questions: readonly Question[]) =>
      questions.map(({ options: _, gold: _gold, refutations: _refutations, ...rest }) => rest)
    expect(bare(random.questions)).toEqual(bare(usual.questions))
    const changed = training(random.questions).filter(({ options }, index) => {
      const before = training(usual.questions)[index]!.options.map(({ entityId }) => entityId)
      return options.some(({ entityId }) => !before.includes(entityId))
    })
    expect(changed.length).toBeGreaterThan(0.9 * training(usual.questions).length)
  })

  test('exactly one option is right, in the whole graph too, and it stands at every place', () => {
    expect(random.questions.filter((question) => !proveQuestion(knowledge, question).holds)).toEqual([])
    const places = new Set(training(random.questions).map(({ gold }) => gold))
    expect([...places].sort()).toEqual([0, 1, 2, 3])
  })

  test('options are of the type of the answer while there are enough of it', () => {
    const types = training(random.questions).flatMap(({ options, answerType }) =>
      options.map(({ entityId }) => graph.entity(entityId).type === answerType),
    )
    expect(types.filter((isSame) => isSame).length / types.length).toBeGreaterThan(0.95)
  })
})

describe('with the options in the prompt', () => {
  const shown = make({ prompt: 'options' })

  test('each stem lists the options of its question once, in their order; ids and the question itself stay', () => {
    for (const { stem, options } of shown.questions) {
      const question = withoutOptions(stem)
      const labels = options.map(({ label }) => label)
      expect(stem).toBe(showOptions(question, labels))
      expect(question).not.toContain('Options:')
    }
    const stems = (questions: readonly Question[]) => questions.map(({ id, stem }) => [id, withoutOptions(stem)])
    expect(stems(shown.questions)).toEqual(stems(usual.questions))
  })

  test('held-out questions show what they would have as options anyway; both kinds of distractors are tested on them', () => {
    const options = (questions: readonly Question[]) => heldOut(questions).map((question) => question.options)
    expect(options(shown.questions)).toEqual(options(usual.questions))
    const both = make({ prompt: 'options', distractors: 'random' })
    expect(heldOut(both.questions)).toEqual(heldOut(shown.questions))
  })

  test('training shows no held-out disease, not even as a wrong option', () => {
    const hidden = new Set(shown.heldOutDiseases)
    for (const distractors of ['graph', 'random'] as const) {
      const { questions } = make({ prompt: 'options', distractors })
      const named = training(questions).flatMap(({ options }) => options.filter(({ entityId }) => hidden.has(entityId)))
      expect(named).toEqual([])
    }
    expect(
      training(usual.questions)
        .flatMap(({ options }) => options)
        .some(({ entityId }) => hidden.has(entityId)),
    ).toBe(true)
  })

  test('the guard looks at the question, not at its options: a stem that names its answer is dropped, others are not', () => {
    const telling = sketchGraph({
      diseases: { 'lead poisoning': 'rare', b: 'rare', c: 'rare', d: 'rare', e: 'rare' },
      triples: [
        'lead poisoning | caused_by_factor | lead',
        ...['b', 'c', 'd', 'e'].map((name) => `${name} | caused_by_factor | cause of ${name}`),
      ],
    })
    const open = { heldOutJunctions: 0, heldOutDiseases: 0, options: 3 }
    const asked = synthesise(telling, { ...config, ...open, perHop: { 1: 9 }, prompt: 'options' }, 1)
    expect(asked.questions).toHaveLength(4)
    expect(asked.dropped).toEqual({ 'the stem names the answer': 1 })
  })
})
