import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import { sketchGraph, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import type { Graph } from '../graph/graph.ts'
import { starterSchema } from '../graph/schema.ts'
import { readTables } from '../graph/sources/tables.ts'
import { subsetByDiseases } from '../graph/subset.ts'
import type { EntityId } from '../graph/types.ts'
import { configSchema } from '../pipeline/config.ts'
import { parseConfig } from '../pipeline/config-file.ts'
import { makeQuestions, readQuestions } from '../pipeline/stages/questions.ts'
import { buildLexicon, matchEntity } from '../text/lexicon.ts'
import { createDraftChecker } from '../trajectories/check-draft.ts'
import { teachFromGraph } from '../trajectories/graph-teacher.ts'
import { judgeStrictly } from '../trajectories/judge-steps.ts'
import { taskOfQuestion } from '../trajectories/task.ts'
import { graphTeacherActions } from '../trajectories/teachers/graph.ts'
import { difficultyOf } from './difficulty.ts'
import { proveQuestion } from './proof.ts'
import { synthesise } from './synthesis.ts'
import type { Question, Split } from './types.ts'
import { wordComparison, wordStem } from './wording.ts'

const root = mkdtempSync(join(tmpdir(), 'synthesis-'))
afterAll(() => rmSync(root, { recursive: true }))

const config = configSchema.parse({}).questions
const tiny = tinyGraph()
const starter = subsetByDiseases(readTables(join(import.meta.dirname, '../../data/starter'), starterSchema), {
  diseases: 40,
  seed: 1,
})
const dataSeed = 1
const made = [
  { name: 'the tiny graph', graph: tiny, synthesis: synthesise(tiny, { ...config, heldOutDiseases: 0.25 }, dataSeed) },
  { name: '40 diseases of the starter graph', graph: starter, synthesis: synthesise(starter, config, dataSeed) },
]

/** Frontiers of a question's path by plain search over the triples: nothing of the code under test. */
function frontiersOf(graph: Graph, start: EntityId, steps: readonly string[]): Set<EntityId>[] {
  const frontiers = [new Set([start])]
  for (const name of steps) {
    const inverse = starterSchema.relations.find((relation) => relation.inverse?.name === name)
    const relation = inverse?.name ?? name
    const next = new Set<EntityId>()
    for (const triple of graph.triples) {
      if (triple.relation !== relation) continue
      const [from, to] = inverse === undefined ? [triple.head, triple.tail] : [triple.tail, triple.head]
      if (frontiers.at(-1)!.has(from)) next.add(to)
    }
    frontiers.push(next)
  }
  return frontiers
}

const startOf = ({ path }: Question): EntityId => path.comparison?.chosen ?? path.start

/** The pairs of triples that each walk of a question puts side by side, [walk][pair], by brute force over the triples. */
function junctionsOf(graph: Graph, question: Question): string[][] {
  const { steps, comparison } = question.path
  const across = (from: EntityId, name: string): { to: EntityId; id: string }[] => {
    const { relation, backward } = graph.schema.step(name)
    return graph.triples
      .filter((triple) => triple.relation === relation && (backward ? triple.tail : triple.head) === from)
      .map((triple) => ({ to: backward ? triple.head : triple.tail, id: triple.id }))
  }
  const feature =
    comparison === undefined
      ? []
      : graph.triples.filter(({ head, tail }) => head === comparison.chosen && tail === comparison.feature)
  let walks = [{ at: startOf(question), ids: feature.map(({ id }): string => id) }]
  for (const name of steps) {
    walks = walks.flatMap(({ at, ids }) => across(at, name).map(({ to, id }) => ({ at: to, ids: [...ids, id] })))
  }
  return walks.map(({ ids }) => ids.slice(1).map((id, index) => [ids[index]!, id].sort().join(' ')))
}

function touchedBy(graph: Graph, question: Question): EntityId[] {
  const rejected = question.path.comparison === undefined ? [] : [question.path.comparison.rejected]
  return [...frontiersOf(graph, startOf(question), question.path.steps).flatMap((part) => [...part]), ...rejected]
}

describe.each(made)('of $name', ({ graph, synthesis }) => {
  const { questions, heldOutDiseases, dropped } = synthesis
  const ofSplit = (split: Split): Question[] => questions.filter((question) => question.split === split)
  const label = (id: EntityId): string => graph.entity(id).label

  test('there are questions of one to four hops, comparisons, and every split', () => {
    const kinds = new Set(questions.map(({ kind, hop }) => `${kind} ${hop}`))
    expect([...kinds].sort()).toEqual([
      'comparative 2',
      'comparative 3',
      'forward 1',
      'forward 2',
      'forward 3',
      'forward 4',
    ])
    expect(ofSplit('train').length).toBeGreaterThan(100)
    expect(ofSplit('held-out-composition').length).toBeGreaterThan(40)
    expect(ofSplit('held-out-disease').length).toBeGreaterThan(20)
  })

  test('every question is proved', () => {
    expect(questions.filter((question) => !proveQuestion(graph, question).holds)).toEqual([])
    // What the proof turned away is no defect of the options, only a pair of diseases that agree on the answer.
    const refuted = Object.keys(dropped).filter((reason) => reason.startsWith('not proved'))
    expect(refuted).toEqual(['not proved: the rejected disease leads to an accepted answer'])
  })

  test('every question accepts exactly what a plain search reaches, and one option is among it', () => {
    for (const question of questions) {
      const frontiers = frontiersOf(graph, startOf(question), question.path.steps)
      expect(new Set(question.acceptedEntityIds)).toEqual(frontiers.at(-1))
      const right = question.options.filter(({ entityId }) => frontiers.at(-1)!.has(entityId))
      expect(right).toEqual([question.options[question.gold]])
      expect(right[0]!.entityId).toBe(question.path.maskedEntity)
      for (const { entityId } of question.options) {
        if (entityId === right[0]!.entityId) continue
        const joined = graph.triples.some(
          ({ head, tail }) =>
            (head === entityId && frontiers.at(-2)!.has(tail)) || (tail === entityId && frontiers.at(-2)!.has(head)),
        )
        expect(joined).toBe(false)
      }
    }
  })

  test('options are four, distinct, labelled, and each wrong one has its refutation', () => {
    for (const { options, gold, refutations } of questions) {
      expect(options).toHaveLength(4)
      expect(new Set(options.map((option) => option.label.toLowerCase())).size).toBe(4)
      expect(options.map((option) => label(option.entityId))).toEqual(options.map((option) => option.label))
      const wrong = options.filter((_, index) => index !== gold).map(({ entityId }) => entityId)
      expect(new Set(refutations.map(({ entityId }) => entityId))).toEqual(new Set(wrong))
    }
  })

  test('the right option stands in each place equally often', () => {
    const counts = [0, 0, 0, 0]
    for (const { gold } of questions) counts[gold]! += 1
    const deviation = Math.sqrt(questions.length * 0.25 * 0.75)
    for (const count of counts) expect(Math.abs(count - questions.length / 4)).toBeLessThan(4 * deviation)
  })

  test('of several right answers each is masked in its turn', () => {
    const several = questions.filter(({ acceptedEntityIds }) => acceptedEntityIds.length === 2)
    const first = several.filter(({ acceptedEntityIds, path }) => path.maskedEntity === acceptedEntityIds[0]).length
    const deviation = Math.sqrt(several.length * 0.25)
    expect(Math.abs(first - several.length / 2)).toBeLessThan(4 * deviation)
    expect(first * (several.length - first)).toBeGreaterThan(0)
  })

  test('no question walks in training what a held-out composition is there to test', () => {
    const trained = new Set(ofSplit('train').flatMap((question) => junctionsOf(graph, question).flat()))
    for (const question of ofSplit('held-out-composition')) {
      for (const walk of junctionsOf(graph, question)) {
        const held = walk.filter((key) => isHeldOut(key))
        expect(held).not.toEqual([])
        expect(held.filter((key) => trained.has(key))).toEqual([])
      }
    }
    expect([...trained].filter(isHeldOut)).toEqual([])
    expect(trained.size).toBeGreaterThan(50)
  })

  test('no question outside of its split touches a held-out disease, and all inside do', () => {
    const held = new Set(heldOutDiseases)
    expect(held.size).toBeGreaterThan(0)
    for (const question of questions) {
      const touches = touchedBy(graph, question).some((id) => held.has(id))
      expect(touches).toBe(question.split === 'held-out-disease')
    }
  })

  test('no stem comes twice, in one split or in two', () => {
    const stems = questions.map(({ stem }) => stem.toLowerCase())
    expect(new Set(stems).size).toBe(stems.length)
    expect(new Set(questions.map(({ id }) => id)).size).toBe(stems.length)
  })

  test('a stem is the chain of its steps about what it names, and names nothing of what it asks for', () => {
    for (const question of questions) {
      const steps = question.path.steps.map((name) => starterSchema.step(name))
      const { comparison } = question.path
      const subjects =
        comparison === undefined
          ? [` ${label(question.path.start)}`]
          : [[comparison.chosen, comparison.rejected] as const, [comparison.rejected, comparison.chosen] as const].map(
              ([a, b]) =>
                wordComparison([label(a), label(b)], starterSchema.step(comparison.step), label(comparison.feature)),
            )
      expect(subjects.map((subject) => wordStem(steps, subject, question.id))).toContain(question.stem)
      const words = ` ${question.stem.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `
      for (const id of question.acceptedEntityIds) {
        expect(words).not.toContain(
          ` ${label(id)
            .toLowerCase()
            .replace(/[^\p{L}\p{N}]+/gu, ' ')
            .trim()} `,
        )
      }
    }
  })

  test('both orders of a compared pair occur', () => {
    const compared = questions.filter(({ path }) => path.comparison !== undefined)
    const chosenFirst = compared.filter(({ stem, path }) =>
      stem.includes(`whichever of ${label(path.comparison!.chosen)} and `),
    ).length
    const deviation = Math.sqrt(compared.length * 0.25)
    expect(Math.abs(chosenFirst - compared.length / 2)).toBeLessThan(4 * deviation)
  })

  test('hop, rarity, tier and answer type are what the path says', () => {
    for (const question of questions) {
      const { comparison, steps, maskedEntity } = question.path
      expect(question.kind).toBe(comparison === undefined ? 'forward' : 'comparative')
      expect(question.hop).toBe(steps.length + (comparison === undefined ? 0 : 1))
      const rarities = new Set(touchedBy(graph, question).map((id) => graph.entity(id).rarity))
      const rarest = (['rare', 'uncommon', 'common'] as const).find((rarity) => rarities.has(rarity)) ?? 'none'
      expect(question.rarity).toBe(rarest)
      expect(question.difficulty).toBe(difficultyOf(question.hop, rarest))
      expect(question.answerType).toBe(graph.entity(maskedEntity).type)
    }
  })

  test('the triples of a path lead from what the stem names to the masked entity, by what is hidden', () => {
    for (const { path } of questions) {
      const triples = path.triples.map((id) => graph.triple(id))
      if (path.comparison !== undefined) {
        expect(triples.shift()).toMatchObject({ head: path.comparison.chosen, tail: path.comparison.feature })
      }
      let at = path.start
      const between: EntityId[] = []
      path.steps.forEach((name, index) => {
        const { head, relation, tail } = triples[index]!
        expect(starterSchema.step(name).relation).toBe(relation)
        expect([head, tail]).toContain(at)
        at = head === at ? tail : head
        between.push(at)
      })
      expect(at).toBe(path.maskedEntity)
      expect(new Set(path.hidden)).toEqual(new Set(between.slice(0, -1)))
    }
  })

  test('every name of an entity reads back as that entity when it is given as an answer', () => {
    const lexicon = buildLexicon(graph.entities)
    const misread = graph.entities.flatMap(({ id, label: name, synonyms }) =>
      [name, ...synonyms].filter((text) => {
        const value = matchEntity(` ${text}`, lexicon)
        return value.kind !== 'entity' || value.id !== id
      }),
    )
    expect(misread).toEqual([])
  })

  test('what the teacher writes for each question passes the checks of the cold start', () => {
    const lexicon = buildLexicon(graph.entities)
    const checker = createDraftChecker(graphTeacherActions, judgeStrictly(graph))
    const dropped = questions.flatMap((question) => {
      const draft = teachFromGraph(graph, question, { seed: 1, backtrackShare: 0.5 })
      const { reasons } = checker.check(taskOfQuestion(question, graph, lexicon), draft)
      return reasons.map((reason) => `${reason}: ${question.stem}`)
    })
    expect(dropped).toEqual([])
  })

  test('no more questions are kept of a hop count than were asked for', () => {
    for (const [hop, count] of Object.entries(config.perHop)) {
      const kept = questions.filter((question) => question.kind === 'forward' && question.hop === Number(hop))
      expect(kept.length).toBeLessThanOrEqual(count)
    }
  })
})

/** The rule of `splits.ts`, from its documentation: a junction is held out by a draw of its own. */
const isHeldOut = (key: string): boolean => createRng(dataSeed, 'junction', key).uniform() < config.heldOutJunctions

test('synthesised twice the questions are the same, with another data seed they are others', () => {
  const again = synthesise(tinyGraph(), { ...config, heldOutDiseases: 0.25 }, 1)
  expect(again).toEqual(made[0]!.synthesis)
  const other = synthesise(tiny, { ...config, heldOutDiseases: 0.25 }, 2)
  const splitOf = new Map(again.questions.map(({ id, split }) => [id, split]))
  expect(other.questions.some(({ id, split }) => splitOf.get(id) !== split)).toBe(true)
  expect(other.heldOutDiseases).not.toEqual(again.heldOutDiseases)
})

test('the training seed changes no byte of the questions, the data seed does, and reading gives them back', () => {
  const write = (name: string, text: string): string => {
    const dir = join(root, name)
    mkdirSync(dir)
    makeQuestions(dir, parseConfig(text, 'fleming.yaml'), tiny, tiny)
    return readFileSync(join(dir, 'questions.jsonl'), 'utf8')
  }
  const first = write('a', 'seed: 1\ndataSeed: 5')
  expect(write('b', 'seed: 2\ndataSeed: 5')).toBe(first)
  expect(write('c', 'seed: 1\ndataSeed: 6')).not.toBe(first)
  expect(readQuestions(join(root, 'a'))).toEqual(synthesise(tiny, config, 5).questions)
})

const short = sketchGraph({
  diseases: { a: 'common', b: 'common', c: 'common', d: 'common' },
  triples: ['a', 'b', 'c', 'd'].flatMap((name) => [
    `${name} | first_line | drug ${name}`,
    `drug ${name} | acts_by | way ${name}`,
  ]),
})

test('a hop count of which the graph has no path is an error that names it and the remedy', () => {
  const perHop = { 1: 5, 2: 5, 3: 7 }
  expect(() => synthesise(short, { ...config, perHop }, 1)).toThrow(ConfigError)
  expect(() => synthesise(short, { ...config, perHop }, 1)).toThrow(
    expect.objectContaining({
      message: 'questions.perHop asks for 7 of 3 hops, but the graph has no path of 3 hops that can be asked',
      hint: 'it has those of 1, 2: set questions.perHop.3=0, or use a graph whose triples form longer chains',
    }),
  )
})

test('a hop count that is not asked for, or lies above maxHops, may be missing', () => {
  const hops = (changes: Partial<typeof config>): number[] => [
    ...new Set(synthesise(short, { ...config, ...changes }, 1).questions.map(({ hop }) => hop)),
  ]
  expect(hops({ perHop: { 1: 5, 2: 5, 3: 0 } })).toEqual([1, 2])
  expect(hops({ maxHops: 2 })).toEqual([1, 2])
  expect(hops({ perHop: { 2: 5 } })).toEqual([2])
})

test('paths that reach too many entities count as none', () => {
  const wide = sketchGraph({
    diseases: { a: 'common' },
    triples: ['a | first_line | w', 'a | first_line | x', 'a | first_line | y', 'a | first_line | z'],
  })
  expect(() => synthesise(wide, { ...config, perHop: { 1: 5 } }, 1)).toThrow(/no path of 1 hops/)
})

test('a question for which the graph has too few wrong options is dropped and counted', () => {
  const { questions, dropped } = synthesise(short, { ...config, maxHops: 2, options: 5 }, 1)
  expect(questions).toEqual([])
  // Four diseases, each with a drug, a way through it, and the way of the drug itself.
  expect(dropped).toEqual({ 'too few distractors': 12 })
})

test('longer paths that meet no disease are left out and counted', () => {
  const drugs = sketchGraph({
    diseases: { a: 'common' },
    triples: [
      'a | first_line | x',
      'x | has_adverse_effect | nausea',
      'nausea | managed_with | y',
      'y | acts_by | way',
    ],
  })
  const perHop = { 1: 9, 2: 9 }
  // x > nausea > y and nausea > y > way; a > x > nausea meets one.
  expect(synthesise(drugs, { ...config, maxHops: 2, perHop }, 1).dropped).toEqual({
    'meets no disease': 2,
    'too few distractors': 5,
  })
})

test('a stem that names its answer is dropped and counted', () => {
  const telling = sketchGraph({
    diseases: { 'lead poisoning': 'rare', b: 'rare', c: 'rare', d: 'rare' },
    triples: [
      'lead poisoning | caused_by_factor | lead',
      ...['b', 'c', 'd'].map((name) => `${name} | caused_by_factor | cause of ${name}`),
    ],
  })
  const { questions, dropped } = synthesise(telling, { ...config, perHop: { 1: 9 } }, 1)
  expect(questions.map(({ stem }) => stem.includes('lead'))).toEqual([false, false, false])
  expect(dropped).toEqual({ 'the stem names the answer': 1 })
})
