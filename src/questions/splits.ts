import type { Brand } from '../core/brand.ts'
import { createRng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import type { EntityId, Rarity, TripleId } from '../graph/types.ts'
import type { Split } from './types.ts'

/**
 * One place where two triples of a walk meet, whichever of the two is walked first. A composition is held out by its
 * junctions, so the pair of triples that a held-out question is there to test is walked by no training question, at any
 * position and in neither direction.
 */
export type Junction = Brand<string, 'Junction'>

/** The junction of two triples that follow each other on a walk. */
export const junction = (first: TripleId, second: TripleId): Junction =>
  (first < second ? `${first} ${second}` : `${second} ${first}`) as Junction

export type SplitRule = {
  readonly heldOutDiseases: ReadonlySet<EntityId>
  /**
   * @param walks every walk that answers the question, as its junctions, [walk][junction]
   * @returns null when some walks cross a held-out junction and others do not: such a question can neither be trained
   *   on nor test a composition that was never seen
   */
  splitOf(walks: readonly (readonly Junction[])[], touched: readonly EntityId[]): Split | null
}

/**
 * The rule that sends a question to its split: a disease held out takes every question that touches it; a question is a
 * held-out composition when each of its walks crosses a held-out junction, and training when none does.
 *
 * @param shares the share of junctions and of diseases to hold out, fractions
 */
export function createSplitRule(
  graph: Graph,
  seed: number,
  shares: { readonly heldOutJunctions: number; readonly heldOutDiseases: number },
): SplitRule {
  const heldOutDiseases = new Set<EntityId>()
  for (const rarity of ['common', 'uncommon', 'rare'] satisfies Rarity[]) {
    const ranked = graph
      .ofType('disease')
      .filter((disease) => disease.rarity === rarity)
      .map(({ id }) => ({ id, key: createRng(seed, 'held-out-disease', id).uniform() }))
      .sort((a, b) => a.key - b.key || (a.id < b.id ? -1 : 1))
    for (const { id } of ranked.slice(0, Math.round(ranked.length * shares.heldOutDiseases))) heldOutDiseases.add(id)
  }
  const isHeldOut = (key: Junction): boolean => createRng(seed, 'junction', key).uniform() < shares.heldOutJunctions
  return {
    heldOutDiseases,
    splitOf: (walks, touched) => {
      if (touched.some((id) => heldOutDiseases.has(id))) return 'held-out-disease'
      const crossing = walks.filter((walk) => walk.some(isHeldOut)).length
      if (crossing === 0) return 'train'
      return crossing === walks.length ? 'held-out-composition' : null
    },
  }
}
