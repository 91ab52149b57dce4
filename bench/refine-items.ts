import { createRng, type Rng } from '../src/core/rng.ts'
import type { EntityId, TripleId } from '../src/graph/types.ts'
import type { GraphOrigin, Item, QuestionId } from '../src/questions/types.ts'

const onsets = 'b c d f g h k l m n p r s t v z br cl dr fl gr pl pr st tr'.split(' ')
const vowels = 'a e i o u ae io ia'.split(' ')
const endings =
  'itis osis emia oma pathy plegia penia mycin statin olol pril azole mab cillin syndrome deficiency'.split(' ')
const openings = [
  'A patient presents to the clinic with {a}, {b} and {c}.',
  'A 54-year-old woman is brought to the emergency department because of {a} for three days; examination shows {b} and {c}.',
  'A man known to have {a} is found to have {b}. Laboratory studies show {c}.',
  'Over several weeks a child develops {a}, later also {b}; there is no history of {c}.',
]
/** Another hand than that of the questions: what both share is then what exams share. */
const examOpenings = [
  'A previously healthy man comes to his physician with {a}. He also reports {b}, and on auscultation there is {c}.',
  'After a journey a 30-year-old teacher notices {a}. Two weeks later {b} sets in. His brother had {c}.',
  'A newborn has {a} at birth; the mother took a drug against {b} and {c} during pregnancy.',
  'Which one is most typical of {a} together with {b} in the absence of {c}?',
]
const tasks = [
  'Which of the following is the most likely diagnosis?',
  'Which of the following drugs is indicated for the underlying condition?',
  'Which of the following tests confirms the most likely diagnosis?',
  'Which of the following genes is associated with the condition?',
  'Which of the following is the most likely complication of the condition described above?',
]

/** A made-up name such as "clavio-drosemia": 100,000 entities have names that differ as real ones do. */
export function entityName(entity: number): string {
  const rng = createRng('bench-entity', entity)
  const syllables = Array.from({ length: 2 + rng.int(3) }, () => `${rng.pick(onsets)}${rng.pick(vowels)}`)
  const name = `${syllables.join('')}${rng.pick(endings)}`
  return rng.int(3) === 0 ? `${name} type ${1 + rng.int(4)}` : name
}

/** Names of the entities 0 to count - 1. */
export function entityNames(count: number): string[] {
  return Array.from({ length: count }, (_, entity) => entityName(entity))
}

/**
 * Synthetic items in the manner of template questions over a graph, one in a hundred a copy of an earlier one with its
 * options in another order, one in a hundred a copy with a word added.
 *
 * @param names names of the entities
 * @param hand whose templates: those of questions that are made, or of an exam they are checked against
 */
export function* generateRefineItems(
  count: number,
  names: readonly string[],
  seed: number,
  hand: 'graph' | 'exam' = 'graph',
): Generator<Item> {
  const rng = createRng(seed, 'refine-items')
  const templates = hand === 'graph' ? openings : examOpenings
  const recent: Item[] = []
  for (let index = 0; index < count; index++) {
    const draw = rng.int(100)
    const earlier = draw < 2 && recent.length > 0 ? rng.pick(recent) : null
    const item = earlier === null ? madeItem(index, names, templates, rng) : copyOf(earlier, index, draw === 0, rng)
    recent[index % 1000] = item
    yield item
  }
}

function madeItem(index: number, names: readonly string[], templates: readonly string[], rng: Rng): Item {
  const [asked, a, b, c, ...wrong] = Array.from({ length: 7 }, () => skewed(names.length, rng)) as [
    number,
    number,
    number,
    number,
  ]
  const nameOf = (entity: number): string => names[entity]!
  const stem = `${rng.pick(templates).replace('{a}', nameOf(a)).replace('{b}', nameOf(b)).replace('{c}', nameOf(c))} ${rng.pick(tasks)}`
  const shown = rng.shuffle([asked, ...wrong])
  return itemOf(index, stem, shown.map(nameOf), shown.indexOf(asked), originOf([a, b, c], asked, shown))
}

/** Half of the draws from a hundredth of the entities: graphs have hubs. */
function skewed(count: number, rng: Rng): number {
  return rng.int(2) === 0 ? rng.int(Math.max(1, Math.floor(count / 100))) : rng.int(count)
}

function copyOf(item: Item, index: number, isExact: boolean, rng: Rng): Item {
  const order = rng.shuffle(item.options.map((_, option) => option))
  const stem = isExact ? item.stem : item.stem.replace('following', 'listed')
  const options = order.map((option) => item.options[option]!)
  return itemOf(index, stem, options, order.indexOf(item.golds[0]!), item.origin as GraphOrigin)
}

function itemOf(index: number, stem: string, options: readonly string[], gold: number, origin: GraphOrigin): Item {
  return {
    id: `item-${index}` as QuestionId,
    form: 'single',
    language: 'en',
    stem,
    context: null,
    options,
    golds: [gold],
    answers: [options[gold]!],
    origin,
  }
}

function originOf(given: readonly number[], asked: number, shown: readonly number[]): GraphOrigin {
  const id = (entity: number): EntityId => `entity-${entity}` as EntityId
  return {
    kind: 'graph',
    graph: 'bench',
    shape: 'case-answer',
    hop: 1,
    triples: given.map((entity) => `triple-${entity}-${asked}` as TripleId),
    given: given.map(id),
    hidden: [],
    asked: [id(asked)],
    optionEntities: shown.map(id),
    proof: [],
    refutations: [],
    rarity: 'none',
    writer: 'template',
    sources: ['bench'],
  }
}
