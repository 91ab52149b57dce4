/** Columns of numbers: growing while a graph is read, sorted without objects, cut into rows. */

type NumberArray = Uint8Array | Uint16Array | Uint32Array | Int32Array
type ArrayMaker<Items extends NumberArray> = new (length: number) => Items

/** A typed array that grows; `push` costs constant time on average. */
export type Column<Items extends NumberArray> = {
  readonly length: number
  push(value: number): void
  at(index: number): number
  set(index: number, value: number): void
  /** What was pushed, as a copy of exactly that length. */
  finish(): Items
}

/** An empty column over arrays of one kind. */
export function createColumn<Items extends NumberArray>(make: ArrayMaker<Items>): Column<Items> {
  let items = new make(1024)
  let length = 0
  return {
    get length() {
      return length
    },
    push: (value) => {
      if (length === items.length) {
        const wider = new make(length * 2)
        wider.set(items)
        items = wider
      }
      items[length++] = value
    },
    at: (index) => items[index]!,
    set: (index, value) => {
      items[index] = value
    },
    finish: () => {
      const whole = new make(length)
      whole.set(items.subarray(0, length) as Items)
      return whole
    },
  }
}

/** Lists of different lengths in one array: row `i` is `values` from `offsets[i]` to `offsets[i + 1]`. */
export type Rows = { readonly offsets: Uint32Array; readonly values: Uint32Array }

/** Rows that grow at the end. */
type RowsBuilder = {
  readonly length: number
  push(row: readonly number[]): void
  finish(): Rows
}

/** No rows yet. */
export function createRows(): RowsBuilder {
  const offsets = createColumn(Uint32Array)
  const values = createColumn(Uint32Array)
  offsets.push(0)
  return {
    get length() {
      return offsets.length - 1
    },
    push: (row) => {
      for (const value of row) values.push(value)
      offsets.push(values.length)
    },
    finish: () => ({ offsets: offsets.finish(), values: values.finish() }),
  }
}

/** One row, as a view. */
export function rowOf(rows: Rows, index: number): Uint32Array {
  return rows.values.subarray(rows.offsets[index], rows.offsets[index + 1])
}

/**
 * The indices in `order` by ascending key, equal keys in the order they came in: one pass of a counting sort.
 *
 * @param keyCount keys lie in [0, keyCount)
 */
export function sortByKey(order: Int32Array, keys: NumberArray, keyCount: number): Int32Array {
  const next = rowStarts(keys, keyCount)
  const sorted = new Int32Array(order.length)
  for (const index of order) {
    const key = keys[index]!
    sorted[next[key]!] = index
    next[key]! += 1
  }
  return sorted
}

/** Where each key starts once all are sorted, [keyCount + 1]. */
export function rowStarts(keys: NumberArray, keyCount: number): Uint32Array {
  const starts = new Uint32Array(keyCount + 1)
  for (const key of keys) starts[key + 1]! += 1
  for (let key = 0; key < keyCount; key++) starts[key + 1]! += starts[key]!
  return starts
}

/** 0, 1, 2 … */
export function countUp(length: number): Int32Array {
  const items = new Int32Array(length)
  for (let index = 0; index < length; index++) items[index] = index
  return items
}

/** The first place in [from, to) whose value is not below `value`; the values ascend there. */
export function lowerBound(values: NumberArray | Float64Array, from: number, to: number, value: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
