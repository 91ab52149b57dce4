/** The distinct shingles of one text, to be compared with those of others; reused from text to text. */
export type ShingleSet = {
  /** Replaces the content by `shingles[0, count)`. @returns how many are distinct */
  load(shingles: Uint32Array, count: number): number
  /** How many distinct ones of `shingles[0, count)` are in it. */
  overlap(shingles: Uint32Array, count: number): number
}

/** An empty set. It grows as needed and is emptied by a change of its generation, not by a walk through it. */
export function createShingleSet(): ShingleSet {
  let keys = new Uint32Array(1024)
  let generations = new Int32Array(1024)
  let rounds = new Int32Array(1024)
  let generation = 0
  let round = 0
  const load = (shingles: Uint32Array, count: number): number => {
    if (count * 2 > keys.length) {
      const size = sizeFor(count)
      keys = new Uint32Array(size)
      generations = new Int32Array(size)
      rounds = new Int32Array(size)
    }
    generation += 1
    const last = keys.length - 1
    let distinct = 0
    for (let i = 0; i < count; i++) {
      const shingle = shingles[i]!
      let slot = shingle & last
      while (generations[slot] === generation && keys[slot] !== shingle) slot = (slot + 1) & last
      if (generations[slot] === generation) continue
      keys[slot] = shingle
      generations[slot] = generation
      distinct += 1
    }
    return distinct
  }
  const overlap = (shingles: Uint32Array, count: number): number => {
    round += 1
    const last = keys.length - 1
    let shared = 0
    for (let i = 0; i < count; i++) {
      const shingle = shingles[i]!
      let slot = shingle & last
      while (generations[slot] === generation && keys[slot] !== shingle) slot = (slot + 1) & last
      if (generations[slot] !== generation || rounds[slot] === round) continue
      rounds[slot] = round
      shared += 1
    }
    return shared
  }
  return { load, overlap }
}

function sizeFor(count: number): number {
  let size = 1024
  while (size < count * 2) size *= 2
  return size
}
