import { ConfigError } from '../../core/errors.ts'
import type { Difficulty, Item, ItemForm, Language } from '../types.ts'
import { drawCopy, drawGroup, drawItem } from './mix-draw.ts'

/** What items a group takes; each field that is given must fit. Synthetic items have the shape for a source. */
export type MixMatch = {
  readonly origin?: 'curated' | 'graph'
  /** Data sets, by name. */
  readonly sources?: readonly string[]
  /** Shapes of synthetic items. */
  readonly shapes?: readonly string[]
  readonly languages?: readonly Language[]
  readonly forms?: readonly ItemForm[]
  /** `unknown` for items without one. */
  readonly difficulties?: readonly (Difficulty | 'unknown')[]
}

/** A declared part of the mix. */
export type MixGroup = {
  readonly name: string
  /** Weight among its sisters, above 0; 1 and 3 are a quarter and three quarters. */
  readonly share: number
  readonly match: MixMatch
  /** How often one item may stand in the mix when there are too few; 1 unless told: nothing is repeated by itself. */
  readonly maxCopies?: number
  /** Parts of this part, which see the items that it takes. */
  readonly groups?: readonly MixGroup[]
}

export type MixConfig = {
  readonly seed: number
  /** Items in all; null: as many as the shares allow without a shortfall, groups that no item fits aside. */
  readonly size: number | null
  /** The first group that fits takes an item. Empty: every item once. */
  readonly groups: readonly MixGroup[]
}

/** What the mix must know of an item. */
export type MixCandidate = Pick<Item, 'id' | 'language' | 'form' | 'origin' | 'difficulty'>

export type MixGroupReport = {
  /** Names from the top, joined by " / ". */
  readonly group: string
  readonly available: number
  readonly wanted: number
  readonly taken: number
  /** Items that stand in the mix more than once. */
  readonly repeated: number
}

export type Mix = {
  /** Numbers of the items, from 0 in the order of `add`, in the order of the mix. */
  readonly order: Uint32Array
  readonly report: {
    readonly size: number
    /** What `size` asked for; the sum of what is wanted. */
    readonly wanted: number
    readonly groups: readonly MixGroupReport[]
    /**
     * Groups that had too few, or that no item fits at all; what they lack is not filled by others. Items available are
     * given without copies.
     */
    readonly shortfalls: readonly { readonly group: string; readonly wanted: number; readonly available: number }[]
    /** Items that no group takes. */
    readonly unmatched: number
  }
}

export type Mixer = {
  add(item: MixCandidate): void
  draw(): Mix
}

type Leaf = {
  readonly path: string
  readonly maxCopies: number
  readonly members: number[]
}

/** By number of the item. */
type Draws = { readonly takes: number[]; readonly places: number[] }

type Node = { readonly group: MixGroup; readonly leaf: Leaf | null; readonly children: readonly Node[] }

/**
 * A mix by declared proportions: shares become counts by largest remainders, and each group takes the items with the
 * smallest draws, which seed and id alone decide. So an item more or less moves no other one, and the order of input does
 * not matter. Memory: 24 bytes an item.
 *
 * @deviation Fleming-R1 §3.1 mixes public and synthetic items and states no ratio. By default nothing is left out and
 *   nothing repeated; proportions are for the configuration to declare.
 * @throws {ConfigError} for a size, a share or a number of copies that cannot be, or two groups with one name
 */
export function createMixer(config: MixConfig): Mixer {
  if (config.size !== null && !(Number.isInteger(config.size) && config.size > 0)) {
    throw new ConfigError(`size of the mix: expected a whole number above 0 or null, found ${config.size}`)
  }
  const isAll = config.groups.length === 0
  const groups = isAll ? [{ name: 'all', share: 1, match: {} }] : config.groups
  const nodes = nodesOf(groups, [])
  const draws: Draws = { takes: [], places: [] }
  let unmatched = 0
  return {
    add: (item) => {
      const number = draws.takes.length
      const { take, place } = drawItem(config.seed, item.id)
      draws.takes.push(take)
      draws.places.push(place)
      const leaf = leafFor(nodes, item)
      if (leaf === null) unmatched += 1
      else leaf.members.push(number)
    },
    draw: () => drawMix(config, nodes, draws, unmatched),
  }
}

/** The group of all items made from a graph. */
const SYNTHETIC = 'synthetic'

/**
 * Groups by name of a data set, with `synthetic` for all items made from a graph: the short form of a configuration.
 *
 * @param shares name → weight
 */
export function groupsBySource(shares: Readonly<Record<string, number>>): MixGroup[] {
  return Object.keys(shares)
    .sort()
    .map((name) => ({
      name,
      share: shares[name]!,
      match: name === SYNTHETIC ? { origin: 'graph' } : { origin: 'curated', sources: [name] },
    }))
}

/**
 * Names of {@link groupsBySource} that stand for nothing: neither a data set nor `synthetic`; in code-unit order.
 *
 * @param known names of the data sets
 */
export function unknownGroups(shares: Readonly<Record<string, number>>, known: readonly string[]): string[] {
  return Object.keys(shares)
    .filter((name) => name !== SYNTHETIC && !known.includes(name))
    .sort()
}

function nodesOf(groups: readonly MixGroup[], above: readonly string[]): Node[] {
  const names = new Set<string>()
  return groups.map((group) => {
    const path = [...above, group.name]
    const label = path.join(' / ')
    const { share, maxCopies = 1 } = group
    if (names.has(group.name)) throw new ConfigError(`mix: two groups are named "${label}"`)
    names.add(group.name)
    if (!(share > 0 && share < Number.POSITIVE_INFINITY)) {
      throw new ConfigError(`mix: share of "${label}": expected a number above 0, found ${share}`)
    }
    if (!(Number.isInteger(maxCopies) && maxCopies > 0)) {
      throw new ConfigError(`mix: maxCopies of "${label}": expected a whole number from 1, found ${maxCopies}`)
    }
    const parts = group.groups ?? []
    const isLeaf = parts.length === 0
    return { group, leaf: isLeaf ? { path: label, maxCopies, members: [] } : null, children: nodesOf(parts, path) }
  })
}

function leafFor(nodes: readonly Node[], item: MixCandidate): Leaf | null {
  const node = nodes.find(({ group }) => fits(group.match, item))
  if (node === undefined) return null
  return node.leaf ?? leafFor(node.children, item)
}

function fits(match: MixMatch, { origin, language, form, difficulty }: MixCandidate): boolean {
  const allows = (allowed: readonly string[] | undefined, value: string | null): boolean =>
    allowed === undefined || (value !== null && allowed.includes(value))
  return (
    (match.origin === undefined || match.origin === origin.kind) &&
    allows(match.sources, origin.kind === 'curated' ? origin.source : null) &&
    allows(match.shapes, origin.kind === 'graph' ? origin.shape : null) &&
    allows(match.languages, language) &&
    allows(match.forms, form) &&
    allows(match.difficulties, difficulty ?? 'unknown')
  )
}

function drawMix({ seed, size }: MixConfig, nodes: readonly Node[], draws: Draws, unmatched: number): Mix {
  const wanted = new Map<Leaf, number>()
  const total = size ?? largestSize(nodes)
  share(nodes, total, wanted)
  const chosen: number[] = []
  const orderKeys: number[] = []
  const groups: MixGroupReport[] = []
  const shortfalls: { group: string; wanted: number; available: number }[] = []
  for (const [leaf, count] of wanted) {
    const drawn = drawGroup(leaf.members, draws.takes, count, leaf.maxCopies)
    for (const { number, copies } of drawn) {
      for (let copy = 0; copy < copies; copy++) {
        chosen.push(number)
        orderKeys.push(drawCopy(seed, draws.places[number]!, copy))
      }
    }
    const taken = drawn.reduce((sum, { copies }) => sum + copies, 0)
    const repeated = drawn.filter(({ copies }) => copies > 1).length
    groups.push({ group: leaf.path, available: leaf.members.length, wanted: count, taken, repeated })
    if (taken < count || leaf.members.length === 0)
      shortfalls.push({ group: leaf.path, wanted: count, available: leaf.members.length })
  }
  const places = Uint32Array.from(chosen.keys()).sort(
    (a, b) => orderKeys[a]! - orderKeys[b]! || chosen[a]! - chosen[b]!,
  )
  const order = places.map((place) => chosen[place]!)
  return { order, report: { size: order.length, wanted: total, groups, shortfalls, unmatched } }
}

/** Gives `total` to the nodes by their shares, and on to their parts. */
function share(nodes: readonly Node[], total: number, wanted: Map<Leaf, number>): void {
  const counts = largestRemainders(
    nodes.map(({ group }) => group.share),
    total,
  )
  for (const [index, { leaf, children }] of nodes.entries()) {
    if (leaf === null) share(children, counts[index]!, wanted)
    else wanted.set(leaf, counts[index]!)
  }
}

/**
 * The largest size for which every group has enough, rounding aside. A group that no item fits is left out: otherwise one
 * name that is misspelt, or one set that the filters emptied, would make an empty mix.
 */
function largestSize(nodes: readonly Node[]): number {
  const sum = nodes.reduce((total, { group }) => total + group.share, 0)
  const sizes = nodes.filter(hasItems).map(({ group, leaf, children }) => {
    const most = leaf === null ? largestSize(children) : leaf.members.length * leaf.maxCopies
    return (most * sum) / group.share
  })
  if (sizes.length === 0) return 0
  let size = Math.floor(Math.min(...sizes) + 1e-9)
  // Rounding up may ask a group for one more than it has.
  while (size > 0 && !isEnough(nodes, size)) size -= 1
  return size
}

function hasItems({ leaf, children }: Node): boolean {
  return leaf === null ? children.some(hasItems) : leaf.members.length > 0
}

function isEnough(nodes: readonly Node[], size: number): boolean {
  const wanted = new Map<Leaf, number>()
  share(nodes, size, wanted)
  return [...wanted].every(
    ([{ members, maxCopies }, count]) => members.length === 0 || members.length * maxCopies >= count,
  )
}

/**
 * Whole numbers in proportion to weights, which sum to the total: what is left after rounding down goes to the largest
 * remainders, of equal ones to the earlier.
 *
 * @param weights above 0
 * @param total whole, from 0
 */
export function largestRemainders(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  const exact = weights.map((weight) => (weight / sum) * total)
  const counts = exact.map((value) => Math.floor(value + 1e-9))
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - counts[index]! }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  const left = total - counts.reduce((a, b) => a + b, 0)
  for (let i = 0; i < left; i++) counts[byRemainder[i % byRemainder.length]!.index]! += 1
  return counts
}
