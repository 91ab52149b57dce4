/** Entries found again by a key, in typed arrays: 12 to 20 bytes an entry where a Map would take ten times as much. */
export type Chains = {
  readonly sizeBytes: number
  /** Adds the next entry: they are numbered from 0. */
  add(key: number): void
  /** The youngest entry with this key; -1 when there is none. */
  first(key: number): number
  /** The next older entry with the same key; -1 when there is none. */
  older(entry: number): number
}

/**
 * No entries yet.
 *
 * @param width bits of a key: 32, or 53 for keys that must not collide by chance
 */
export function createChains(width: 32 | 53): Chains {
  let capacity = 1024
  let keys: Uint32Array | Float64Array = width === 32 ? new Uint32Array(capacity) : new Float64Array(capacity)
  let next = new Int32Array(capacity)
  let heads = new Int32Array(capacity).fill(-1)
  let count = 0
  const link = (entry: number): void => {
    const bucket = (keys[entry]! & (heads.length - 1)) >>> 0
    next[entry] = heads[bucket]!
    heads[bucket] = entry
  }
  const grow = (): void => {
    capacity *= 2
    const largerKeys = width === 32 ? new Uint32Array(capacity) : new Float64Array(capacity)
    largerKeys.set(keys)
    keys = largerKeys
    next = new Int32Array(capacity)
    heads = new Int32Array(capacity).fill(-1)
    // In the order of entry, so that the youngest stands first again.
    for (let entry = 0; entry < count; entry++) link(entry)
  }
  const from = (start: number, key: number): number => {
    let entry = start
    while (entry !== -1 && keys[entry] !== key) entry = next[entry]!
    return entry
  }
  return {
    get sizeBytes() {
      return keys.byteLength + next.byteLength + heads.byteLength
    },
    add: (key) => {
      if (count === capacity) grow()
      keys[count] = key
      link(count)
      count += 1
    },
    first: (key) => from(heads[(key & (heads.length - 1)) >>> 0]!, key),
    older: (entry) => from(next[entry]!, keys[entry]!),
  }
}
