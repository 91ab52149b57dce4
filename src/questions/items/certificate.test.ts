import { expect, test } from 'vitest'
import type { Item } from '../types.ts'
import { proveItem } from './certificate.ts'
import { collectItems, originOf } from './fixtures/collect.ts'
import { smallGraph } from './fixtures/small-graph.ts'

const graph = smallGraph()
const { items } = collectItems(graph, 300)
const find = (test: (item: Item) => boolean): Item => {
  const item = items.find(test)
  if (item === undefined) throw new TypeError('the small graph gives no such item')
  return item
}
const single = find(
  (item) => item.form === 'single' && originOf(item).shape === 'treated_by' && item.options.length === 4,
)
const multiple = find((item) => item.form === 'multiple')
const open = find((item) => item.form === 'open')
const path = find(
  (item) => item.form === 'single' && originOf(item).hop >= 2 && !originOf(item).optionEntities.includes(null),
)

function fault(item: Item): string | null {
  const proof = proveItem(graph, item)
  return proof.holds ? null : proof.reason
}

function withOrigin(item: Item, changes: Partial<ReturnType<typeof originOf>>): Item {
  return { ...item, origin: { ...originOf(item), ...changes } }
}

test('certificates of all forms hold', () => {
  for (const item of [single, multiple, open, path]) expect(fault(item)).toBeNull()
})

test('an item of another graph or an unknown shape has no proof', () => {
  expect(fault(withOrigin(single, { graph: 'graph_of_others' }))).toBe('the item was made from another graph')
  expect(fault(withOrigin(single, { shape: 'rumour' }))).toBe('there is no shape "rumour"')
})

test('a moved key is found out', () => {
  const moved = (single.golds[0]! + 1) % single.options.length
  expect(fault({ ...single, golds: [moved], answers: [single.options[moved]!] })).toBe(
    'the right options are not what is asked',
  )
  const asked = [originOf(single).optionEntities[moved]!]
  const lie = withOrigin({ ...single, golds: [moved], answers: [single.options[moved]!] }, { asked })
  expect(fault(lie)).toBe('a right option does not follow from what is given')
})

test('a proof without its triples, or with triples of elsewhere, is none', () => {
  expect(fault(withOrigin(path, { proof: originOf(path).proof.slice(1) }))).toBe('the proof does not lead to the gold')
  const foreign = originOf(single).proof[0]!
  expect(fault(withOrigin(path, { proof: [...originOf(path).proof, foreign] }))).toBe(
    'the proof uses triples outside the subgraph',
  )
})

test('a right answer among the wrong options is found out', () => {
  const twin = originOf(multiple)
  const [first, second] = multiple.golds
  const keepsOne: Item = {
    ...multiple,
    form: 'single',
    golds: [first!],
    answers: [multiple.options[first!]!],
    origin: {
      ...twin,
      asked: [twin.optionEntities[first!]!],
      refutations: [
        ...twin.refutations,
        ...multiple.golds
          .slice(1)
          .map((option) => ({ option, world: 'open' as const, reason: 'so they say', triples: [] })),
      ],
    },
  }
  expect(second).toBeDefined()
  expect(fault(keepsOne)).toBe('a wrong option is a right answer')
})

test('a refutation may claim no stronger world than the graph has', () => {
  const item = find((one) => originOf(one).refutations.some(({ world }) => world === 'open'))
  const refutations = originOf(item).refutations.map((refutation) =>
    refutation.world === 'open' ? { ...refutation, world: 'explicit' as const } : refutation,
  )
  expect(fault(withOrigin(item, { refutations }))).toBe('an option is not refuted in the explicit world')
})

test('a missing refutation, one for the gold, and an option that names another thing are found out', () => {
  const { refutations, optionEntities } = originOf(single)
  expect(fault(withOrigin(single, { refutations: refutations.slice(1) }))).toBe(
    'a wrong option has no refutation of its own',
  )
  const forGold = [{ ...refutations[0]!, option: single.golds[0]! }, ...refutations.slice(1)]
  expect(fault(withOrigin(single, { refutations: forGold }))).toBe('a refutation is of no wrong option')
  const options = single.options.map((option, index) => (index === refutations[0]!.option ? 'Moonlight' : option))
  expect(fault({ ...single, options })).toBe('an option does not name its entity')
  expect(optionEntities).toHaveLength(options.length)
})

test('a stem that tells the answer, or does not name what is given, is found out', () => {
  expect(fault({ ...single, stem: `${single.stem} (${single.answers[0]})` })).toBe(
    'the stem names what it asks or hides',
  )
  expect(fault({ ...single, stem: 'Which of the following is true?' })).toBe('the stem does not name what is given')
})

test('an open item must accept every right answer and nothing else', () => {
  const several = find((item) => item.form === 'open' && originOf(item).asked.length > 1)
  expect(fault(withOrigin(several, { asked: originOf(several).asked.slice(0, 1) }))).toBe(
    'a right answer is not accepted',
  )
  const strange = originOf(several).given[0]!
  expect(fault(withOrigin(several, { asked: [...originOf(several).asked, strange] }))).toBe(
    'a wrong answer is accepted',
  )
})

test('an item of a data set has no certificate', () => {
  const curated: Item = {
    ...single,
    origin: {
      kind: 'curated',
      source: 's',
      revision: '1',
      license: 'MIT',
      split: 'train',
      file: 'f',
      line: 1,
      row: null,
    },
  }
  expect(fault(curated)).toBe('the item was not made from a graph')
})
