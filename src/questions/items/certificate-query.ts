import type { TripleId } from '../../graph/types.ts'
import type { CertificateTables } from './certificate-tables.ts'
import { readStep, type Shape, type StepName } from './shapes.ts'

/** "head step tail" would have to be true for an option to be right; `isWrong`: this triple makes it wrong by itself. */
export type Link = {
  readonly head: number
  readonly step: StepName
  readonly tail: number
  readonly isWrong?: number
}

/** What an item asks of the graph, answered by walking it. */
export type AskedThing = {
  readonly right: ReadonlySet<number>
  /** Whether an option is right when any of its links is true, or only when all are. */
  readonly demand: 'any' | 'all'
  links(option: number): readonly Link[]
  /** The answers that follow from these triples alone, walking through these entities. */
  provenBy(proof: Proof): ReadonlySet<number>
}

/** What a proof may use. */
export type Proof = { readonly triples: ReadonlySet<TripleId>; readonly entities: ReadonlySet<number> }

/** The entities that a step leads to from a set; with a proof, over its triples alone. */
function reachedBy(
  { graph, answering, tripleId }: CertificateTables,
  from: Iterable<number>,
  step: StepName,
  proof: Proof | null,
): Set<number> {
  const { relation, backward } = readStep(step)
  const reached = new Set<number>()
  for (const entity of from) {
    for (const number of answering(relation)) {
      const row = graph.neighbours(entity, number, backward)
      if (proof === null) {
        for (const next of row) reached.add(next)
        continue
      }
      const triples = graph.triplesTo(entity, number, backward)
      for (const [place, next] of row.entries()) {
        // Few of the neighbours are in the subgraph, and only of those is the id worth its price.
        if (proof.entities.has(next) && proof.triples.has(tripleId(triples[place]!))) reached.add(next)
      }
    }
  }
  return reached
}

/**
 * What is asked, from the shape and what is given, or null where they do not fit.
 *
 * @param ends the asked and hidden entities, among them the disease of a case
 * @param triples ids of the subgraph: by which relation a case shows each feature
 */
export function askedThingOf(
  tables: CertificateTables,
  shape: Shape,
  given: readonly number[],
  ends: readonly number[],
  triples: ReadonlySet<TripleId>,
): AskedThing | null {
  if (shape.kind === 'walk')
    return given.length === 1 ? chain(tables, [[given[0]!, shape.steps[0]!]], shape.steps.slice(1)) : null
  if (shape.kind === 'common') {
    if (given.length < 2) return null
    return chain(
      tables,
      given.map((entity) => [entity, shape.given]),
      shape.onward,
    )
  }
  if (shape.kind === 'case') {
    if (given.length < 3) return null
    const center = ends.find((end) =>
      given.every((entity) => featureStep(tables, shape.given, entity, end, triples) !== null),
    )
    if (center === undefined) return null
    return chain(
      tables,
      given.map((entity) => [entity, featureStep(tables, shape.given, entity, center, triples)!]),
      shape.onward,
    )
  }
  const [first, second, feature] = given
  if (first === undefined || second === undefined) return null
  if (shape.kind === 'contrast') return given.length === 2 ? contrast(tables, shape.step, first, second) : null
  if (feature === undefined) return null
  for (const step of shape.features) {
    const having = [first, second].filter((disease) => tripleIn(tables, feature, step, disease, triples) !== null)
    if (having.length !== 1) continue
    const both = [first, second].filter((disease) => reachedBy(tables, [feature], step, null).has(disease))
    // The feature must decide: a graph that gives it to both leaves two answers.
    return both.length === 1 ? chain(tables, [[feature, step]], shape.onward, new Set([first, second])) : null
  }
  return null
}

type Start = readonly [entity: number, step: StepName]

/** Walks from all starts to what they share, then along a chain; `among` keeps the shared ones to a pair. */
function chain(
  tables: CertificateTables,
  starts: readonly Start[],
  onward: readonly StepName[],
  among: ReadonlySet<number> | null = null,
): AskedThing {
  const walk = (proof: Proof | null): { last: Set<number>; right: Set<number> } => {
    let shared: Set<number> | null = among === null ? null : new Set(among)
    for (const [entity, step] of starts) {
      const reached = reachedBy(tables, [entity], step, proof)
      shared = shared === null ? reached : new Set([...shared].filter((one) => reached.has(one)))
    }
    let last = new Set(starts.map(([entity]) => entity))
    let right = shared ?? new Set<number>()
    for (const step of onward) {
      last = right
      right = reachedBy(tables, last, step, proof)
    }
    return { last, right }
  }
  const { last, right } = walk(null)
  const lastStep = onward.at(-1)
  return {
    right,
    demand: lastStep === undefined && starts.length > 1 ? 'all' : 'any',
    links: (option) =>
      lastStep === undefined
        ? starts.map(([entity, step]) => linkOf(entity, step, option))
        : [...last].map((entity) => linkOf(entity, lastStep, option)),
    provenBy: (proof) => walk(proof).right,
  }
}

function contrast(tables: CertificateTables, step: StepName, favoured: number, other: number): AskedThing {
  const walk = (proof: Proof | null): Set<number> => {
    const also = reachedBy(tables, [other], step, null)
    return new Set([...reachedBy(tables, [favoured], step, proof)].filter((entity) => !also.has(entity)))
  }
  return {
    right: walk(null),
    demand: 'any',
    links: (option) => {
      const wrong = tripleBetween(tables, other, step, option)
      const link = linkOf(favoured, step, option)
      return [wrong < 0 ? link : { ...link, isWrong: wrong }]
    },
    provenBy: walk,
  }
}

function linkOf(from: number, step: StepName, to: number): Link {
  return readStep(step).backward ? { head: to, step, tail: from } : { head: from, step, tail: to }
}

/** The step by which the subgraph shows a feature of a disease. */
function featureStep(
  tables: CertificateTables,
  steps: readonly StepName[],
  feature: number,
  disease: number,
  triples: ReadonlySet<TripleId>,
): StepName | null {
  return steps.find((step) => tripleIn(tables, feature, step, disease, triples) !== null) ?? null
}

function tripleIn(
  tables: CertificateTables,
  from: number,
  step: StepName,
  to: number,
  triples: ReadonlySet<TripleId>,
): number | null {
  const { relation, backward } = readStep(step)
  const number = tables.relation(relation)
  const [head, tail] = backward ? [to, from] : [from, to]
  const triple = number < 0 ? -1 : tables.graph.findTriple(head, number, tail)
  return triple >= 0 && triples.has(tables.tripleId(triple)) ? triple : null
}

function tripleBetween({ graph, answering }: CertificateTables, from: number, step: StepName, to: number): number {
  const { relation, backward } = readStep(step)
  const [head, tail] = backward ? [to, from] : [from, to]
  for (const number of answering(relation)) {
    const triple = graph.findTriple(head, number, tail)
    if (triple >= 0) return triple
  }
  return -1
}

/** Tells which entities are a kind of a right answer, or have a right answer as a kind. */
export function kinOf(tables: CertificateTables, right: ReadonlySet<number>): { isNearly(entity: number): boolean } {
  const { graph, taxonomic } = tables
  let above: Set<number> | null = null
  const isAbove = (entity: number): boolean => {
    // Most options have nothing below them, and then nobody need climb from every right answer.
    if (!taxonomic.some((relation) => graph.neighbours(entity, relation, true).length > 0)) return false
    above ??= climb(tables, right)
    return above.has(entity)
  }
  return {
    isNearly: (entity) => isAbove(entity) || [...climb(tables, [entity])].some((ancestor) => right.has(ancestor)),
  }
}

function climb({ graph, taxonomic }: CertificateTables, from: Iterable<number>): Set<number> {
  const found = new Set<number>()
  const open = [...from]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const relation of taxonomic) {
      for (const parent of graph.neighbours(next, relation, false)) {
        if (found.has(parent)) continue
        found.add(parent)
        open.push(parent)
      }
    }
  }
  return found
}
