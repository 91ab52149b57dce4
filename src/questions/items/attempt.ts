import { createRng, type Rng } from '../../core/rng.ts'
import type { PackedGraph } from '../../graph/types.ts'
import type { Item } from '../types.ts'
import { type Assembly, assembleItem, assemblyOf } from './assemble.ts'
import { proveItem } from './certificate.ts'
import type { ItemsConfig } from './config.ts'
import type { ShapeSource } from './draws.ts'
import type { Cell } from './plan.ts'
import { readerOf } from './reader.ts'

export type Attempt =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'dropped'; readonly reason: string }

/** One draw of a shape made into an item whose certificate holds, or why it became none. */
export function attemptItem(assembly: Assembly, source: ShapeSource, rng: Rng): Attempt {
  const drawn = source.draw(rng, assembly.form)
  if (drawn.kind === 'failed') return { kind: 'dropped', reason: drawn.reason }
  const assembled = assembleItem(assembly, drawn.draft, rng)
  if (assembled.kind === 'dropped') return assembled
  const proof = proveItem(assembly.reader.graph, assembled.item)
  return proof.holds ? assembled : { kind: 'dropped', reason: `certificate: ${proof.reason}` }
}

/**
 * Draws without an item after which a cell is held to give none. Chosen by us: a cell of which one draw in a hundred comes to
 * something, and one slot in five, is still asked (98 times of 100).
 */
const PILOT_DRAWS = 400

/**
 * True when a cell gives no item in a pilot of its own: a plan that asked it for thousands would spend most of its time on
 * draws that come to nothing, and the questions would be missing elsewhere.
 */
export function isBarren(
  graph: PackedGraph,
  config: ItemsConfig,
  seed: number,
  cell: Omit<Cell, 'from' | 'quota'>,
  source: ShapeSource,
): boolean {
  const assembly = assemblyOf(readerOf(graph), config, seed, cell)
  const rng = createRng(seed, 'pilot', cell.shape, cell.form, cell.language)
  for (let draw = 0; draw < PILOT_DRAWS; draw++) {
    if (attemptItem(assembly, source, rng).kind === 'item') return false
  }
  return true
}
