import { DataError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'

/** Batches whose items are sorted by length together (chosen by us: enough to matter, few enough to stay mixed). */
const batchesPerBucket = 16

/**
 * The batches of an epoch, each item in exactly one. Bucketed, items of like length stand together, so that little is
 * padding; which items share a bucket and the order of the batches are drawn, anew in every epoch.
 *
 * @param options `seed` and `epoch` decide everything; without `lengthOf` items are shuffled and cut, as the default does
 * @throws {DataError} when the batch is no whole number from 1
 */
export function epochBatches<T>(
  items: readonly T[],
  options: {
    readonly seed: number
    readonly epoch: number
    readonly batch: number
    readonly lengthOf?: ((item: T) => number) | undefined
  },
): T[][] {
  const { seed, epoch, batch, lengthOf } = options
  if (!Number.isInteger(batch) || batch < 1) throw new DataError(`a batch holds a whole number from 1, found ${batch}`)
  const shuffled = createRng(seed, 'cold-start-order', epoch).shuffle(items)
  if (lengthOf === undefined) return cut(shuffled, batch)
  const batches = cut(shuffled, batch * batchesPerBucket).flatMap((bucket) =>
    cut(
      [...bucket].sort((a, b) => lengthOf(a) - lengthOf(b)),
      batch,
    ),
  )
  return createRng(seed, 'cold-start-batches', epoch).shuffle(batches)
}

function cut<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, index * size + size),
  )
}

/**
 * Data split into what is trained on and what is held out to see the loss on; which is drawn, the order stays.
 *
 * @param share held out, in [0, 1); at least one item where it is above 0, and never the last that is trained on
 */
export function holdOut<T>(
  items: readonly T[],
  share: number,
  seed: number,
): { train: readonly T[]; held: readonly T[] } {
  if (share <= 0) return { train: items, held: [] }
  const wanted = Math.min(items.length - 1, Math.max(1, Math.round(items.length * share)))
  const places = createRng(seed, 'cold-start-held').shuffle(items.map((_, index) => index))
  const held = new Set(places.slice(0, Math.max(0, wanted)))
  return { train: items.filter((_, index) => !held.has(index)), held: items.filter((_, index) => held.has(index)) }
}
