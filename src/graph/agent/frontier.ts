import type { EntityType, PackedGraph } from '../types.ts'
import { nameOfTitle } from './page.ts'

/**
 * What each kind of page is worth reading for; chosen by us: diseases and drugs are what questions are about, and a link
 * of unknown kind is most often none of ours.
 */
const priors: Readonly<Record<EntityType, number>> & { readonly unknown: number } = {
  disease: 1,
  drug: 1,
  'drug-class': 0.7,
  finding: 0.6,
  complication: 0.6,
  condition: 0.6,
  organism: 0.6,
  test: 0.6,
  procedure: 0.5,
  result: 0.5,
  effect: 0.5,
  process: 0.4,
  mechanism: 0.4,
  gene: 0.4,
  protein: 0.4,
  enzyme: 0.4,
  anatomy: 0.3,
  system: 0.3,
  group: 0.3,
  'organism-class': 0.2,
  role: 0.2,
  factor: 0.2,
  route: 0.2,
  specimen: 0.2,
  inheritance: 0.2,
  exposure: 0.2,
  unknown: 0.25,
}

export type Frontier = {
  /** Seeds are read first, in the order in which they came. */
  addSeed(title: string): void
  /** A page about something medical links to the title. */
  mention(title: string): void
  /** A triple names the title as something of this type. */
  state(title: string, type: EntityType): void
  /** The title to read next, which leaves the frontier for good; null when there is none. */
  take(): string | null
  /** The title leaves the frontier for good. */
  remove(title: string): void
  /** Titles that `take` would still give. */
  readonly size: number
}

type Candidate = { mentions: number; triples: number; type: EntityType | 'unknown'; score: number }
type Entry = { readonly title: string; readonly score: number }

/**
 * The titles still to be read, the most promising first.
 *
 * The gain expected of a title is prior · √mentions / (1 + triples): how much its kind is worth, how many of the pages
 * read link to it, and how little the graph says of it so far, so that the walk leans towards what is often named and
 * badly covered. Titles of equal gain are taken in the order of their code units. Square roots are exact everywhere.
 *
 * @param triplesOf triples that a graph in hand has about a title; none unless told
 * @deviation paper §3.1 says that an agent walks Wikipedia, not by what rule; the formula is chosen by us
 */
export function createFrontier(triplesOf: (title: string) => number = () => 0): Frontier {
  const seeds: string[] = []
  const candidates = new Map<string, Candidate>()
  const gone = new Set<string>()
  const heap = createHeap()
  const change = (title: string, apply: (candidate: Candidate) => void): void => {
    if (gone.has(title)) return
    const known = candidates.get(title)
    const candidate = known ?? { mentions: 0, triples: triplesOf(title), type: 'unknown', score: -1 }
    if (known === undefined) candidates.set(title, candidate)
    apply(candidate)
    const score = (priors[candidate.type] * Math.sqrt(candidate.mentions)) / (1 + candidate.triples)
    if (score === candidate.score) return
    candidate.score = score
    heap.push({ title, score })
  }
  const remove = (title: string): void => {
    gone.add(title)
    candidates.delete(title)
  }
  return {
    addSeed: (title) => {
      if (!gone.has(title)) seeds.push(title)
    },
    mention: (title) =>
      change(title, (candidate) => {
        candidate.mentions += 1
      }),
    state: (title, type) =>
      change(title, (candidate) => {
        candidate.triples += 1
        // The first type stays unless a later one is worth more: a drug may first be met as a factor.
        if (candidate.type === 'unknown' || priors[type] > priors[candidate.type]) candidate.type = type
      }),
    remove,
    take: () => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        if (gone.has(seed)) continue
        remove(seed)
        return seed
      }
      for (let entry = heap.pop(); entry !== null; entry = heap.pop()) {
        // Each change of a score pushed a new entry; the older ones no longer count.
        if (candidates.get(entry.title)?.score !== entry.score || entry.score === 0) continue
        remove(entry.title)
        return entry.title
      }
      return null
    },
    get size() {
      const open = new Set(seeds.filter((title) => !gone.has(title)))
      for (const [title, { score }] of candidates) if (score > 0) open.add(title)
      return open.size
    },
  }
}

/** How many triples a graph has about the things that a title may name. */
export function triplesIn(graph: PackedGraph): (title: string) => number {
  return (title) => graph.find(nameOfTitle(title)).reduce((sum, entity) => sum + graph.degree(entity), 0)
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.score === b.score ? a.title < b.title : a.score > b.score
}

function createHeap(): { push(entry: Entry): void; pop(): Entry | null } {
  const entries: Entry[] = []
  const swap = (i: number, j: number): void => {
    const [a, b] = [entries[i]!, entries[j]!]
    entries[i] = b
    entries[j] = a
  }
  return {
    push: (entry) => {
      entries.push(entry)
      for (let i = entries.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1
        if (!isBefore(entries[i]!, entries[parent]!)) return
        swap(i, parent)
        i = parent
      }
    },
    pop: () => {
      const first = entries[0]
      const last = entries.pop()
      if (first === undefined || last === undefined) return null
      if (entries.length === 0) return first
      entries[0] = last
      for (let i = 0; ; ) {
        let best = i
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < entries.length && isBefore(entries[child]!, entries[best]!)) best = child
        }
        if (best === i) return first
        swap(i, best)
        i = best
      }
    },
  }
}
