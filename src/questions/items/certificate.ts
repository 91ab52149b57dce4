/**
 * The checker of certificates. It reads an item as a stranger would: from what the item records and the table of
 * shapes it walks the graph anew. It shares no code with what draws, answers or refutes, so that one fault cannot
 * hide the other.
 */
import type { ClinicalRelationName } from '../../graph/clinical.ts'
import type { EntityId, PackedGraph, TripleId } from '../../graph/types.ts'
import type { GraphOrigin, Item, OptionRefutation } from '../types.ts'
import { type AskedThing, askedThingOf, kinOf } from './certificate-query.ts'
import { type CertificateTables, nameKey, tablesOf } from './certificate-tables.ts'
import { relationFacts, relationsImplied } from './entailment.ts'
import { noneOfTheAbove, stemNames } from './names.ts'
import { findShape, readStep } from './shapes.ts'

export type Proof = { readonly holds: true } | { readonly holds: false; readonly reason: string }

/**
 * Whether the certificate of a synthetic item holds in the graph: the gold follows from what is given, no other option
 * does, each wrong option has a refutation of the world it claims, and the stem gives nothing away.
 */
export function proveItem(graph: PackedGraph, item: Item): Proof {
  const reason = findFault(graph, item)
  return reason === null ? { holds: true } : { holds: false, reason }
}

type Parts = {
  readonly tables: CertificateTables
  readonly graph: PackedGraph
  readonly item: Item
  readonly origin: GraphOrigin
  readonly thing: AskedThing
  readonly given: readonly number[]
  readonly asked: readonly number[]
  readonly hidden: readonly number[]
  readonly options: readonly (number | null)[]
}

function findFault(graph: PackedGraph, item: Item): string | null {
  const { origin } = item
  if (origin.kind !== 'graph') return 'the item was not made from a graph'
  if (origin.graph !== graph.hash) return 'the item was made from another graph'
  const shape = findShape(origin.shape)
  if (shape === null) return `there is no shape "${origin.shape}"`
  const tables = tablesOf(graph)
  const known = (ids: readonly EntityId[]): number[] => ids.map(tables.entity)
  const [given, asked, hidden] = [known(origin.given), known(origin.asked), known(origin.hidden)]
  const options = origin.optionEntities.map((id) => (id === null ? null : tables.entity(id)))
  if ([...given, ...asked, ...hidden, ...options].includes(-1)) return 'an entity is not in the graph'
  if (asked.length === 0) return 'nothing is asked'
  const thing = askedThingOf(tables, shape, given, [...asked, ...hidden], new Set(origin.triples))
  if (thing === null) return 'what is given does not fit the shape'
  const parts: Parts = { tables, graph, item, origin, thing, given, asked, hidden, options }
  return (
    findFormFault(parts) ??
    findGoldFault(parts) ??
    findProofFault(parts) ??
    findOptionFault(parts) ??
    findTextFault(parts)
  )
}

/** Counts, positions and texts of options and golds. */
function findFormFault({ graph, item, origin, options, asked }: Parts): string | null {
  const { form, golds, answers } = item
  if (form === 'open') {
    return item.options.length + golds.length + options.length === 0 && answers.length > 0
      ? null
      : 'an open item has options'
  }
  if (options.length !== item.options.length || options.length < 3) return 'options and their entities differ'
  if (form === 'single' ? golds.length !== 1 : golds.length < 2)
    return 'the number of right options does not fit the form'
  if (golds.length === options.length) return 'every option is right'
  const none = options.indexOf(null)
  if (none !== -1 && none !== options.length - 1) return '"none of the above" is not last'
  const keys = item.options.map((option) => nameKey(option))
  if (new Set(keys).size < keys.length) return 'two options are one'
  for (const [index, entity] of options.entries()) {
    const names =
      entity === null ? [noneOfTheAbove[item.language]] : [graph.labelOf(entity), graph.labelZhOf(entity) ?? '']
    if (!names.some((name) => nameKey(name) === keys[index])) return 'an option does not name its entity'
  }
  const goldEntities = golds.map((gold) => options[gold])
  const isKeptBack = goldEntities.includes(null)
  if (
    isKeptBack ? options.some((entity) => entity !== null && asked.includes(entity)) : !sameSet(goldEntities, asked)
  ) {
    return 'the right options are not what is asked'
  }
  if (golds.some((gold, index) => item.options[gold] !== answers[index])) return 'the answers are not the right options'
  return origin.refutations.length + golds.length === options.length
    ? null
    : 'a wrong option has no refutation of its own'
}

/** Every right option is an answer; every accepted open answer is one or a kind of one. */
function findGoldFault({ tables, item, thing, asked }: Parts): string | null {
  const right = thing.right
  if (item.form === 'open') {
    const near = kinOf(tables, right)
    if (!asked.some((entity) => right.has(entity))) return 'no accepted answer follows from what is given'
    if (asked.some((entity) => !right.has(entity) && !near.isNearly(entity))) return 'a wrong answer is accepted'
    return [...right].every((entity) => asked.includes(entity)) ? null : 'a right answer is not accepted'
  }
  return asked.every((entity) => right.has(entity)) ? null : 'a right option does not follow from what is given'
}

/** The triples of the proof alone lead from what is given to a gold. */
function findProofFault({ origin, thing, given, asked, hidden }: Parts): string | null {
  if (!origin.proof.every((id) => origin.triples.includes(id))) return 'the proof uses triples outside the subgraph'
  const entities = new Set([...given, ...asked, ...hidden])
  const golds = thing.provenBy({ triples: new Set(origin.proof), entities })
  const isWhole =
    origin.optionEntities.length === 0 ? asked.some((gold) => golds.has(gold)) : asked.every((gold) => golds.has(gold))
  return isWhole ? null : 'the proof does not lead to the gold'
}

function findOptionFault(parts: Parts): string | null {
  const { tables, origin, options, item, thing } = parts
  const near = kinOf(tables, thing.right)
  const seen = new Set<number>()
  for (const refutation of origin.refutations) {
    const entity = options[refutation.option]
    if (entity === undefined || item.golds.includes(refutation.option) || seen.has(refutation.option)) {
      return 'a refutation is of no wrong option'
    }
    seen.add(refutation.option)
    if (entity === null) continue
    if (thing.right.has(entity)) return 'a wrong option is a right answer'
    if (near.isNearly(entity)) return 'a wrong option is a kind of a right answer'
    const fault = findRefutationFault(parts, entity, refutation)
    if (fault !== null) return fault
  }
  return null
}

/** The refutation is of the world that it claims. */
function findRefutationFault(
  { tables, thing }: Parts,
  entity: number,
  { world, triples }: OptionRefutation,
): string | null {
  const claimed = new Set<TripleId>(triples)
  const verdicts = thing.links(entity).map(({ head, step, tail, isWrong }) => {
    if (isWrong !== undefined) return claimed.has(tables.tripleId(isWrong)) ? 'explicit' : 'none'
    return judgeLink(tables, head, readStep(step).relation, tail, claimed)
  })
  const enough = verdicts.filter((verdict) => ranks[verdict] >= ranks[world]).length
  // Silence about one of several things asked together is too little; silence about two, and half of them, is taken.
  const least =
    thing.demand === 'any' ? verdicts.length : world === 'open' ? Math.max(2, Math.ceil(verdicts.length / 2)) : 1
  return verdicts.length > 0 && enough >= least ? null : `an option is not refuted in the ${world} world`
}

const ranks = { explicit: 3, closed: 2, open: 1, none: 0 } as const

/** In which world "head relation tail" is false, as far as the graph goes. */
function judgeLink(
  { graph, answering, denials, relation: numberOf, tripleId }: CertificateTables,
  head: number,
  relation: ClinicalRelationName,
  tail: number,
  claimed: ReadonlySet<TripleId>,
): keyof typeof ranks {
  const isSaid = (number: number): boolean => graph.findTriple(head, number, tail) >= 0
  if (answering(relation).some(isSaid)) return 'none'
  for (const denying of denials(relation)) {
    const denial = graph.findTriple(head, denying, tail)
    if (denial >= 0 && claimed.has(tripleId(denial))) return 'explicit'
  }
  if (relationFacts[relation].isSingleValued && numberOf(relation) >= 0) {
    const values = graph.triplesTo(head, numberOf(relation), false)
    if (values.length === 1 && claimed.has(tripleId(values[0]!))) return 'explicit'
  }
  const implied: readonly string[] = relationsImplied(relation)
  const isListed = graph.sources.some(({ name, closedRelations }) =>
    closedRelations.some((closed) => {
      const number = numberOf(closed)
      if (!implied.includes(closed) || number < 0) return false
      return speaksOf(graph, name, head, number, false) && speaksOf(graph, name, tail, number, true)
    }),
  )
  if (isListed) return 'closed'
  return graph.touches(head, tail) ? 'none' : 'open'
}

function speaksOf(graph: PackedGraph, source: string, entity: number, relation: number, backward: boolean): boolean {
  const triples = graph.triplesTo(entity, relation, backward)
  return triples.some((triple) => graph.originsOf(triple).some((origin) => origin.source === source))
}

/** The stem names what is given and nothing that is asked or hidden. */
function findTextFault({ graph, item, given, asked, hidden, thing }: Parts): string | null {
  const named = (entity: number): string[] => [graph.labelOf(entity), graph.labelZhOf(entity) ?? '']
  const stem = item.stem.toLowerCase()
  for (const entity of given) {
    if (!named(entity).some((name) => name !== '' && stem.includes(name.trim().toLowerCase()))) {
      return 'the stem does not name what is given'
    }
  }
  const secret = [...asked, ...hidden].filter((entity) => thing.right.has(entity) || hidden.includes(entity))
  for (const entity of secret) {
    const names = [...named(entity), ...graph.synonymsOf(entity)]
    if (stemNames(item.stem, names)) return 'the stem names what it asks or hides'
  }
  return null
}

function sameSet(a: readonly (number | null | undefined)[], b: readonly number[]): boolean {
  const all = new Set(b)
  return a.length === all.size && a.every((one) => typeof one === 'number' && all.has(one))
}
