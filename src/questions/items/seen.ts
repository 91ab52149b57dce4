import { sha256Hex } from '../../core/hash.ts'
import type { Item } from '../types.ts'

/**
 * What makes two synthetic items one: they ask for the same from the same given things in the same form and language,
 * however they are worded and whatever the wrong options are. 16 hex digits; null for an item that is not from a graph.
 */
export function duplicateKey({ origin, form, language }: Item): string | null {
  if (origin.kind !== 'graph') return null
  const given = [...origin.given].sort().join(' ')
  const asked = [...origin.asked].sort().join(' ')
  return sha256Hex([origin.shape, form, language, given, asked].join('\n')).slice(0, 16)
}

/** A set of 64-bit keys in 8 bytes each: a million items cost 32 MB at most. */
export type SeenKeys = {
  readonly size: number
  /** @returns false when the key was there already */
  add(key: string): boolean
}

const FIRST_SLOTS = 1 << 12

/** No keys yet; fed with the keys of earlier shards, a shard made later comes out the same. */
export function createSeenKeys(): SeenKeys {
  let slots = new BigUint64Array(FIRST_SLOTS)
  let size = 0
  let holdsZero = false
  const insert = (table: BigUint64Array, key: bigint): boolean => {
    const mask = table.length - 1
    let slot = Number(key & 0xffff_ffffn) & mask
    while (table[slot] !== 0n) {
      if (table[slot] === key) return false
      slot = (slot + 1) & mask
    }
    table[slot] = key
    return true
  }
  return {
    get size() {
      return size
    },
    add: (text) => {
      const key = BigInt(`0x${text}`)
      // An empty slot is 0, so the key 0 stands apart.
      const isNew = key === 0n ? !holdsZero : insert(slots, key)
      if (key === 0n) holdsZero = true
      if (!isNew) return false
      size += 1
      if (size * 2 > slots.length) {
        const wider = new BigUint64Array(slots.length * 2)
        for (const one of slots) if (one !== 0n) insert(wider, one)
        slots = wider
      }
      return true
    },
  }
}
