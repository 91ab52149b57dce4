import type { Graph } from '../graph/graph.ts'
import { createGrounder } from '../graph/grounding.ts'
import { createLinker, linkGraph } from '../graph/linking.ts'
import { reasoningWords, type Schema } from '../graph/schema.ts'
import type { EntityId, PackedGraph } from '../graph/types.ts'
import { sentencesOf } from './checks/check.ts'
import type { StepJudge, StepVerdict } from './types.ts'

type Place = { readonly start: number; readonly end: number }

/** What a graph says, whichever form it has. Entities are named by a text. */
type Knowledge = {
  readonly schema: Schema
  /** Names in a sentence; several meanings of one place stand beside each other. */
  readonly find: (text: string) => readonly (Place & { readonly entity: string })[]
  readonly has: (head: string, relation: string, tail: string) => boolean
  readonly touches: (a: string, b: string) => boolean
}

/**
 * The judge of free reasoning for a starter graph: see {@link judgeWith}.
 */
export function judgeWithGraph(graph: Graph): StepJudge {
  const entries = graph.entities.flatMap(({ id, label, synonyms, type }) =>
    [label, ...synonyms].map((name) => ({ name, key: id, type })),
  )
  const linker = createLinker(entries)
  const id = (entity: string): EntityId => entity as EntityId
  return judgeWith({
    schema: graph.schema,
    find: (text) => linker.find(text).map(({ start, end, entry }) => ({ start, end, entity: entry.key })),
    has: (head, relation, tail) => graph.has(id(head), relation, id(tail)),
    touches: (a, b) => graph.touches(id(a), id(b)),
  })
}

/** The same for a packed graph of any size. */
export function judgeWithPackedGraph(graph: PackedGraph): StepJudge {
  const linker = linkGraph(graph)
  return judgeWith({
    schema: graph.schema,
    find: (text) => linker.find(text).map(({ start, end, entity }) => ({ start, end, entity: String(entity) })),
    has: (head, relation, tail) => graph.findTriple(Number(head), graph.relationOf(relation), Number(tail)) !== -1,
    touches: (a, b) => graph.touches(Number(a), Number(b)),
  })
}

/** Longest sentence that is judged, in UTF-16 units: linking is linear, pairs are not (chosen by us). */
const maxSentence = 1_000
/** Places of names in a sentence that are looked at. */
const maxPlaces = 12

const negation =
  /\b(?:not|no|without|never|neither|nor|denies|absent|lacks?|unlike|excludes?|rules? out)\b|不|无|没有|排除/iu
const guess =
  /\b(?:perhaps|maybe|might|may|could|possibly|consider|suspect|if|whether|unlikely)\b|可能|也许|是否|考虑/iu

/**
 * A judge that splits reasoning into sentences and looks at those that name two things of the graph.
 *
 * It says `supports` where the words between two names are a statement of the schema and the triple is there, or where a
 * plain sentence names two things that a triple joins; `contradicts` where such a statement is denied by a triple, or
 * "x lacks y" meets a triple that joins them; `unknown` for every other sentence with two names. A guess is no step.
 */
function judgeWith(knowledge: Knowledge): StepJudge {
  const statements = new Map(
    knowledge.schema.steps.map(({ statement, relation, backward }) => [statement.trim(), { relation, backward }]),
  )
  const denials = new Map<string, string[]>()
  for (const { name, denies } of knowledge.schema.relations) {
    if (denies === undefined) continue
    denials.set(denies, [...(denials.get(denies) ?? []), name])
    denials.set(name, [...(denials.get(name) ?? []), denies])
  }
  const claim = (text: string, from: string, to: string, between: string): StepVerdict['verdict'] | null => {
    if (between === reasoningWords.lacks.trim()) return knowledge.touches(from, to) ? 'contradicts' : null
    const statement = statements.get(between)
    if (statement === undefined) return null
    const [head, tail] = statement.backward ? [to, from] : [from, to]
    if (knowledge.has(head, statement.relation, tail)) return 'supports'
    const isDenied = denials.get(statement.relation)?.some((name) => knowledge.has(head, name, tail)) === true
    return isDenied && !guess.test(text) ? 'contradicts' : 'unknown'
  }
  return (thinking) =>
    sentencesOf(thinking).flatMap(({ text }): StepVerdict[] => {
      if (text.length > maxSentence) return []
      const places = placesOf(knowledge.find(text)).slice(0, maxPlaces)
      const exact = places.slice(1).flatMap((place, index) => {
        const before = places[index]!
        const between = text.slice(before.end, place.start).trim()
        return pairs(before.entities, place.entities).flatMap(([a, b]) => claim(text, a, b, between) ?? [])
      })
      const verdict = strongest(exact) ?? mentioned(text, places, knowledge)
      return verdict === null ? [] : [{ verdict, text }]
    })
}

/** What a sentence without a statement of the schema says: two names that a triple joins, in a plain sentence. */
function mentioned(text: string, places: readonly Meanings[], knowledge: Knowledge): StepVerdict['verdict'] | null {
  if (places.length < 2 || guess.test(text) || text.includes(reasoningWords.lacks)) return null
  if (negation.test(text)) return 'unknown'
  const isJoined = places.some((place, index) =>
    places
      .slice(index + 1)
      .some((other) => pairs(place.entities, other.entities).some(([a, b]) => knowledge.touches(a, b))),
  )
  return isJoined ? 'supports' : 'unknown'
}

type Meanings = Place & { readonly entities: readonly string[] }

function placesOf(mentions: readonly (Place & { readonly entity: string })[]): Meanings[] {
  const places: { start: number; end: number; entities: string[] }[] = []
  for (const { start, end, entity } of mentions) {
    const last = places.at(-1)
    if (last?.start === start) last.entities.push(entity)
    else places.push({ start, end, entities: [entity] })
  }
  return places
}

function pairs(left: readonly string[], right: readonly string[]): [string, string][] {
  return left.flatMap((a) => right.filter((b) => a !== b).map((b): [string, string] => [a, b]))
}

/** One meaning that the graph supports makes the others of no account. */
function strongest(verdicts: readonly StepVerdict['verdict'][]): StepVerdict['verdict'] | null {
  for (const verdict of ['supports', 'contradicts', 'unknown'] as const) if (verdicts.includes(verdict)) return verdict
  return null
}

/**
 * The strict judge of reasoning in the graph teacher's own form: every step must be a triple, or a pair rightly ruled out.
 * What the graph does not hold counts as contradicted, since this teacher may write nothing else.
 */
export function judgeStrictly(graph: Graph): StepJudge {
  const ground = createGrounder(graph)
  return (thinking) =>
    ground(thinking).steps.flatMap(({ kind, text }): StepVerdict[] => {
      if (kind === 'hypothesis' || kind === 'ruled-out') return []
      return [{ verdict: kind === 'supported' ? 'supports' : 'contradicts', text }]
    })
}
