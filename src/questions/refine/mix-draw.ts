import { createRng, type Rng } from '../../core/rng.ts'

/** Two draws of an item, uniform in [0, 2^53): whether it is taken, and where it stands. Seed and id alone decide. */
export type ItemDraw = { readonly take: number; readonly place: number }

/** The draws of an item. */
export function drawItem(seed: number, id: string): ItemDraw {
  const rng = createRng(seed, 'mix', id)
  return { take: draw53(rng), place: draw53(rng) }
}

/** Where a further copy of an item stands, uniform in [0, 2^53). */
export function drawCopy(seed: number, place: number, copy: number): number {
  return copy === 0 ? place : draw53(createRng(seed, 'mix-copy', place, copy))
}

function draw53(rng: Rng): number {
  return rng.uint32() * 0x20_0000 + (rng.uint32() >>> 11)
}

/**
 * The members with the smallest draws, each as often as it stands in the mix. Where there are too few, all stand in it
 * equally often but for those with the smallest draws, up to `maxCopies` times.
 *
 * @param members numbers of items
 * @param draws draw of each item, by number
 * @param count wanted, copies included
 */
export function drawGroup(
  members: readonly number[],
  draws: readonly number[],
  count: number,
  maxCopies: number,
): { readonly number: number; readonly copies: number }[] {
  const taken = Math.min(count, members.length * maxCopies)
  if (taken === 0) return []
  const sorted = [...members].sort((a, b) => draws[a]! - draws[b]! || a - b)
  const rounds = Math.floor(taken / sorted.length)
  const extra = taken - rounds * sorted.length
  return sorted
    .map((number, index) => ({ number, copies: rounds + (index < extra ? 1 : 0) }))
    .filter(({ copies }) => copies > 0)
}
