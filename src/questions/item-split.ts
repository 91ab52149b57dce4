import { contentId } from '../core/hash.ts'
import { createRng } from '../core/rng.ts'
import type { Item } from './types.ts'

/** `train`: trained on. `probe`: watched while training. `test`: scored at the end of every stage, never before. */
export type ItemSplit = 'train' | 'probe' | 'test'

export type ItemSplitRule = {
  /** Share of the items that the test takes, and how many at most. */
  readonly heldOut: number
  readonly heldOutMost: number
  /** Items of the probe, beside those of the test. */
  readonly probe: number
  readonly seed: number
}

/**
 * Items in groups that must not be torn apart: the same words, the same row or passage of a data set, the same subgraph or
 * proof. What is alike in other ways may stand in two groups.
 *
 * @returns groups in the order of their first item, items in their own order
 */
export function contentGroups(items: readonly Item[]): Item[][] {
  const parents = items.map((_, index) => index)
  const rootOf = (index: number): number => {
    let root = index
    while (parents[root] !== root) root = parents[root]!
    for (let at = index; at !== root; ) {
      const next = parents[at]!
      parents[at] = root
      at = next
    }
    return root
  }
  const first = new Map<string, number>()
  for (const [index, item] of items.entries()) {
    for (const key of keysOf(item)) {
      const other = first.get(key)
      if (other === undefined) first.set(key, index)
      else {
        const [a, b] = [rootOf(index), rootOf(other)]
        parents[Math.max(a, b)] = Math.min(a, b)
      }
    }
  }
  const groups = new Map<number, Item[]>()
  for (const [index, item] of items.entries()) {
    const root = rootOf(index)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

/** What an item shares with no item of another group, hashed: texts may be long. */
function keysOf({ stem, context, origin }: Item): string[] {
  const words = `${plain(stem)} | ${plain(context ?? '')}`
  const keys: unknown[] = [{ words }]
  if (context !== null) keys.push({ context: plain(context) })
  if (origin.kind === 'curated') keys.push({ row: [origin.source, origin.file, origin.line] })
  else {
    keys.push({ triples: [...origin.triples].sort() })
    if (origin.proof.length > 0) keys.push({ proof: [...origin.proof].sort() })
  }
  return keys.map((key) => contentId('key', key))
}

const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/**
 * Where each item belongs. Whole content groups go to the test until it has its share, then to the probe, the rest is
 * trained on; which groups depends on the seed and on ids alone. A group too large for what is left is trained on.
 *
 * @returns split by item id, every item in it
 */
export function splitItems(items: readonly Item[], rule: ItemSplitRule): Map<string, ItemSplit> {
  const ranked = contentGroups(items)
    .map((group) => {
      const id = group.map((item) => item.id as string).sort()[0]!
      return { group, id, key: createRng(rule.seed, 'held-out-items', id).uniform() }
    })
    .sort((a, b) => a.key - b.key || (a.id < b.id ? -1 : 1))
  const left = { test: Math.min(rule.heldOutMost, Math.round(items.length * rule.heldOut)), probe: rule.probe }
  const splits = new Map<string, ItemSplit>()
  for (const { group } of ranked) {
    const split = (['test', 'probe'] as const).find((name) => group.length <= left[name]) ?? 'train'
    if (split !== 'train') left[split] -= group.length
    for (const { id } of group) splits.set(id, split)
  }
  return splits
}

/** How many held-out items rest on a triple that a training item rests on too: what they ask has been seen in part. */
export function countSharedTriples(items: readonly Item[], splits: ReadonlyMap<string, ItemSplit>): number {
  const trained = new Set<string>()
  const triplesOf = ({ origin }: Item): readonly string[] => (origin.kind === 'graph' ? origin.triples : [])
  for (const item of items) if (splits.get(item.id) === 'train') for (const id of triplesOf(item)) trained.add(id)
  return items.filter((item) => splits.get(item.id) === 'test' && triplesOf(item).some((id) => trained.has(id))).length
}
