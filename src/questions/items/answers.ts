import type { GraphReader, Hop } from './reader.ts'

/** A question to the graph, without its wording: what is given and how the asked thing hangs on it. */
export type Query =
  | { readonly kind: 'chain'; readonly starts: readonly Constraint[]; readonly onward: readonly Hop[] }
  | {
      readonly kind: 'choice'
      readonly pair: readonly [number, number]
      readonly feature: Constraint
      readonly onward: readonly Hop[]
    }
  | { readonly kind: 'contrast'; readonly favoured: number; readonly other: number; readonly hop: Hop }

/** An entity that the stem names and the step from it towards what is asked. */
export type Constraint = { readonly entity: number; readonly hop: Hop }

/** All right answers in the graph, and what an option has to hang on to be one. */
export type Answers = {
  /** Ascending. */
  readonly right: readonly number[]
  /** Each way to be right: the option must be reached from one of these sources (`any`) or from all of them (`all`). */
  readonly demand: 'any' | 'all'
  readonly sources: readonly Constraint[]
}

export type AnswerLimits = {
  /** Entities that may stand at one place of a chain: more, and the stem says too little. */
  readonly maxFocus: number
  readonly maxRight: number
}

export type AnswerSearch = { readonly kind: 'found'; readonly answers: Answers } | { readonly kind: 'too-many' }

const TOO_MANY: AnswerSearch = { kind: 'too-many' }

/**
 * Every right answer that the graph has to a query, by walking all of it, so that uniqueness among options is proved.
 *
 * @returns `too-many` where a place of the chain is too wide to be meant by the stem
 */
export function findAnswers(reader: GraphReader, query: Query, limits: AnswerLimits): AnswerSearch {
  if (query.kind === 'contrast') {
    const { favoured, other, hop } = query
    const right = [...reader.targets(favoured, hop)].filter((entity) => !reader.leadsTo(other, hop, entity))
    return found(right, 'any', [{ entity: favoured, hop }], limits)
  }
  if (query.kind === 'choice') {
    const { entity, hop } = query.feature
    const chosen = query.pair.filter((disease) => reader.leadsTo(entity, hop, disease))
    return follow(reader, chosen, query.onward, limits)
  }
  const [first, ...rest] = query.starts
  if (first === undefined) return TOO_MANY
  if (rest.length === 0) return follow(reader, [first.entity], [first.hop, ...query.onward], limits)
  const isWhole = query.onward.length === 0
  const centers = intersect(reader, query.starts, isWhole ? limits.maxRight : limits.maxFocus)
  if (centers === null) return TOO_MANY
  return isWhole ? found(centers, 'all', query.starts, limits) : follow(reader, centers, query.onward, limits)
}

function found(
  right: readonly number[],
  demand: Answers['demand'],
  sources: readonly Constraint[],
  { maxRight }: AnswerLimits,
): AnswerSearch {
  return right.length > maxRight ? TOO_MANY : { kind: 'found', answers: { right, demand, sources } }
}

function follow(
  reader: GraphReader,
  from: readonly number[],
  hops: readonly Hop[],
  limits: AnswerLimits,
): AnswerSearch {
  let focus = from
  for (const [index, hop] of hops.entries()) {
    if (focus.length > limits.maxFocus) return TOO_MANY
    const isLast = index === hops.length - 1
    const next = reach(reader, focus, hop, isLast ? limits.maxRight : limits.maxFocus)
    if (next === null) return TOO_MANY
    if (isLast)
      return found(
        next,
        'any',
        focus.map((entity) => ({ entity, hop })),
        limits,
      )
    focus = next
  }
  return TOO_MANY
}

function reach(reader: GraphReader, focus: readonly number[], hop: Hop, limit: number): number[] | null {
  if (focus.length === 1) {
    const row = reader.targets(focus[0]!, hop)
    return row.length > limit ? null : [...row]
  }
  const all = new Set<number>()
  for (const entity of focus) {
    for (const target of reader.targets(entity, hop)) all.add(target)
    if (all.size > limit) return null
  }
  return [...all].sort((a, b) => a - b)
}

/** A row longer than this is not walked through to find what all constraints share. Chosen by us. */
const MAX_ROW = 5000

function intersect(reader: GraphReader, constraints: readonly Constraint[], limit: number): number[] | null {
  const rows = constraints.map(({ entity, hop }) => reader.targets(entity, hop))
  const shortest = rows.reduce((best, row, index) => (row.length < rows[best]!.length ? index : best), 0)
  if (rows[shortest]!.length > MAX_ROW) return null
  const others = constraints.filter((_, index) => index !== shortest)
  const centers: number[] = []
  for (const center of rows[shortest]!) {
    if (!others.every(({ entity, hop }) => reader.leadsTo(entity, hop, center))) continue
    centers.push(center)
    if (centers.length > limit) return null
  }
  return centers
}
