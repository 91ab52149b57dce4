/**
 * An index that finds which of many sets of grams a stream of grams covers to a given share, without missing any.
 *
 * A set is posted only under its rarest grams: so many that whoever has the share of it has one of them. Boilerplate
 * ("which of the following is the most likely") is common, so next to nothing is posted under it, and it still counts
 * when a candidate is measured.
 */
export type OverlapIndex = {
  readonly sets: number
  readonly sizeBytes: number
  /** Forgets what was seen. */
  begin(): void
  /**
   * Notes a gram of the text that is checked.
   *
   * @param fields bits of the parts of the text that it stands in
   */
  see(low: number, high: number, fields: number): void
  /** Whether a gram was seen in any of these parts. */
  saw(low: number, high: number, fields: number): boolean
  /**
   * The sets that what was seen covers to the share, ascending.
   *
   * @param fieldsOf parts of the text that count for a set
   */
  hits(fieldsOf: (set: number) => number): OverlapHit[]
}

/** `matched` of the `size` distinct grams of a set were seen. */
export type OverlapHit = { readonly set: number; readonly matched: number; readonly size: number }

export type OverlapBuilder = {
  /** Starts the next set: they are numbered from 0. */
  startSet(): void
  /** Adds a gram to the set that was started last. */
  add(low: number, high: number): void
  build(): OverlapIndex
}

/**
 * A builder of an index.
 *
 * @param share of a set's distinct grams that must be covered, in (0, 1]
 */
export function createOverlapBuilder(share: number): OverlapBuilder {
  const grams = createGramTable()
  let lastSetOf = new Int32Array(1024).fill(-1)
  let frequencyOf = new Int32Array(1024)
  const setStarts: number[] = []
  let members = new Int32Array(1024)
  let memberCount = 0
  const add = (low: number, high: number): void => {
    const gram = grams.intern(low, high)
    if (gram >= lastSetOf.length) {
      lastSetOf = grownInt(lastSetOf, -1)
      frequencyOf = grownInt(frequencyOf, 0)
    }
    const set = setStarts.length - 1
    if (lastSetOf[gram] === set) return
    lastSetOf[gram] = set
    frequencyOf[gram]! += 1
    if (memberCount === members.length) members = grownInt(members, 0)
    members[memberCount++] = gram
  }
  return {
    startSet: () => {
      setStarts.push(memberCount)
    },
    add,
    build: () => {
      const starts = Int32Array.from([...setStarts, memberCount])
      sortByRarity(members, starts, frequencyOf)
      return indexOf(grams, starts, members.slice(0, memberCount), share)
    },
  }
}

/**
 * Posted grams that must be seen before a set is measured; as many more are posted. One would do, but a few more rule out
 * most of the sets that share only a common word. Chosen by us: the fastest of 1, 2, 4 and 8 on template questions.
 */
const MIN_POSTED_SEEN = 4

/** Grams of a set that must be seen. The margin keeps 0.8 × 10 from being 9 by a rounding error. */
function neededOf(size: number, share: number): number {
  return Math.max(1, Math.ceil(size * share - 1e-9))
}

function postedSeenOf(size: number, share: number): number {
  return Math.min(MIN_POSTED_SEEN, neededOf(size, share))
}

function sortByRarity(members: Int32Array, starts: Int32Array, frequencyOf: Int32Array): void {
  for (let set = 0; set + 1 < starts.length; set++) {
    // Equally rare ones by number, so that the index is the same every time.
    members.subarray(starts[set]!, starts[set + 1]!).sort((a, b) => frequencyOf[a]! - frequencyOf[b]! || a - b)
  }
}

function postingsOf(gramCount: number, starts: Int32Array, members: Int32Array, share: number) {
  const eachPosted = (take: (gram: number, set: number) => void): void => {
    for (let set = 0; set + 1 < starts.length; set++) {
      const start = starts[set]!
      const size = starts[set + 1]! - start
      const posted = size === 0 ? 0 : size - neededOf(size, share) + postedSeenOf(size, share)
      for (let i = 0; i < posted; i++) take(members[start + i]!, set)
    }
  }
  const postingStarts = new Int32Array(gramCount + 1)
  eachPosted((gram) => {
    postingStarts[gram + 1]! += 1
  })
  for (let gram = 0; gram < gramCount; gram++) postingStarts[gram + 1]! += postingStarts[gram]!
  const fill = postingStarts.slice(0, gramCount)
  const postings = new Int32Array(postingStarts[gramCount]!)
  eachPosted((gram, set) => {
    postings[fill[gram]!++] = set
  })
  return { postingStarts, postings }
}

function indexOf(grams: GramTable, starts: Int32Array, members: Int32Array, share: number): OverlapIndex {
  const { postingStarts, postings } = postingsOf(grams.count, starts, members, share)
  const sets = starts.length - 1
  const seenIn = new Int32Array(grams.count)
  const fieldsOfGram = new Uint8Array(grams.count)
  // Posted grams seen of each set, with the round in the higher bits: nothing has to be cleared.
  const touches = new Int32Array(sets)
  const postedSeen = Uint8Array.from({ length: sets }, (_, set) => postedSeenOf(starts[set + 1]! - starts[set]!, share))
  let round = 0
  let seen: number[] = []
  const measure = (set: number, fields: number): OverlapHit | null => {
    const start = starts[set]!
    const size = starts[set + 1]! - start
    const needed = neededOf(size, share)
    let matched = 0
    for (let i = 0; i < size; i++) {
      const gram = members[start + i]!
      if (seenIn[gram] === round && (fieldsOfGram[gram]! & fields) !== 0) matched += 1
      else if (matched + size - i - 1 < needed) return null
    }
    return matched >= needed ? { set, matched, size } : null
  }
  return {
    sets,
    sizeBytes: grams.sizeBytes + (members.length + postings.length + postingStarts.length + sets) * 4 + grams.count * 5,
    begin: () => {
      round += 1
      seen = []
    },
    see: (low, high, fields) => {
      const gram = grams.find(low, high)
      if (gram === -1) return
      if (seenIn[gram] !== round) {
        seenIn[gram] = round
        fieldsOfGram[gram] = fields
        seen.push(gram)
      } else fieldsOfGram[gram]! |= fields
    },
    saw: (low, high, fields) => {
      const gram = grams.find(low, high)
      return gram !== -1 && seenIn[gram] === round && (fieldsOfGram[gram]! & fields) !== 0
    },
    hits: (fieldsOf) => {
      const hits: OverlapHit[] = []
      const base = round * 2 * MIN_POSTED_SEEN
      for (const gram of seen) {
        for (let at = postingStarts[gram]!; at < postingStarts[gram + 1]!; at++) {
          const set = postings[at]!
          const known = touches[set]!
          const touched = known >= base ? known + 1 : base + 1
          if (touched - base > MIN_POSTED_SEEN) continue
          touches[set] = touched
          // Once for a set, when enough of it was seen.
          if (touched - base !== postedSeen[set]) continue
          const hit = measure(set, fieldsOf(set))
          if (hit !== null) hits.push(hit)
        }
      }
      return hits.sort((a, b) => a.set - b.set)
    },
  }
}

type GramTable = {
  readonly count: number
  readonly sizeBytes: number
  intern(low: number, high: number): number
  find(low: number, high: number): number
}

/** Grams of two times 32 bits, numbered from 0. */
function createGramTable(): GramTable {
  let lows = new Int32Array(1024)
  let highs = new Int32Array(1024)
  let slots = new Int32Array(2048).fill(-1)
  let count = 0
  const slotOf = (low: number, high: number): number => {
    const last = slots.length - 1
    let slot = (low ^ (high >>> 7)) & last
    for (;;) {
      const gram = slots[slot]!
      if (gram === -1 || (lows[gram] === (low | 0) && highs[gram] === (high | 0))) return slot
      slot = (slot + 1) & last
    }
  }
  const grow = (): void => {
    lows = grownInt(lows, 0)
    highs = grownInt(highs, 0)
    slots = new Int32Array(slots.length * 2).fill(-1)
    for (let gram = 0; gram < count; gram++) slots[slotOf(lows[gram]!, highs[gram]!)] = gram
  }
  return {
    get count() {
      return count
    },
    get sizeBytes() {
      return lows.byteLength + highs.byteLength + slots.byteLength
    },
    find: (low, high) => slots[slotOf(low, high)]!,
    intern: (low, high) => {
      const slot = slotOf(low, high)
      const known = slots[slot]!
      if (known !== -1) return known
      if (count === lows.length) {
        grow()
        slots[slotOf(low, high)] = count
      } else slots[slot] = count
      lows[count] = low
      highs[count] = high
      return count++
    },
  }
}

function grownInt(array: Int32Array, filler: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2).fill(filler, array.length)
  larger.set(array)
  return larger
}
