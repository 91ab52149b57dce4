/** The sizes of a key/value cache: `width` numbers per layer, row and time step, for keys and for values each. */
export type CacheShape = { readonly layers: number; readonly width: number }

/** Which of the two tensors of a layer. */
export type CacheKind = 'key' | 'value'

/** Rows to fill from a prefill: `rows[i]` is the prompt that row `row + i` starts from, of `time` steps. */
export type PromptRows = { readonly row: number; readonly rows: Int32Array; readonly time: number }

/** Rows that were taken out of a cache, to be put back later: `rows` of the `stride` in `steps`, from `first` on. */
export type ParkedRows = {
  readonly rows: number
  readonly time: number
  readonly first: number
  readonly stride: number
  /** Keys of all layers, then values, each [time, stride, width]. */
  readonly steps: readonly Float32Array[]
}

/** Parked rows without the first few, which were put back; the memory stays as it is. */
export function withoutFirst(parked: ParkedRows, count: number): ParkedRows {
  return { ...parked, rows: parked.rows - count, first: parked.first + count }
}

/**
 * The keys and values of all rows of a batch, time-major: `[time, row, width]` per layer and kind, so that the first
 * `time` steps are a contiguous prefix the decode graph reads without a copy. Rows of different lengths are aligned at
 * their ends; what stands before a row's first step is finite and means nothing.
 */
export type KeyValueCache = {
  /** Rows and time steps held at present, and the steps there is room for with so many rows. */
  readonly rows: number
  readonly time: number
  readonly maxTime: number
  /** Numbers that a step of one row takes. */
  readonly rowStepSize: number
  /** Bytes that `reserve` would have to allocate. */
  missingBytes(capacity: number): number
  /** Makes room for so many rows times steps; what was held is forgotten. */
  reserve(capacity: number): void
  /** Holds `time` steps of zeros for `rows` rows. */
  reset(rows: number, time: number): void
  /**
   * Fills the last steps of some rows from a prefill, copying each prompt to all of its rows.
   *
   * @param source keys or values of the prompts, [prompt, time, width]
   */
  writePrompts(layer: number, kind: CacheKind, source: Float32Array, target: PromptRows): void
  /** Puts one step behind those held, [row, width]; call for all layers and kinds, then `advance`. */
  append(layer: number, kind: CacheKind, step: Float32Array): void
  /** Counts the step just written. */
  advance(): void
  /** The steps held, [time, row, width]: a view that stays valid until the next change. */
  prefix(layer: number, kind: CacheKind): Float32Array
  /** Drops all rows but the given ones, which move up in order. */
  keepRows(kept: readonly number[]): void
  /** Forgets the oldest steps of all rows. */
  dropSteps(count: number): void
  /** Takes the rows from `row` on out, with their last `steps` steps. */
  park(row: number, steps: number): ParkedRows
  /** Puts the first `count` of parked rows behind those held, all aligned at their ends. */
  unpark(parked: ParkedRows, count: number): void
}

/** An empty cache. */
export function createCache({ layers, width }: CacheShape): KeyValueCache {
  let [rows, time, room] = [0, 0, 0]
  const buffers = Array.from({ length: 2 * layers }, () => new Float32Array(0))
  const at = (layer: number, kind: CacheKind) => (kind === 'key' ? layer : layers + layer)
  const buffer = (layer: number, kind: CacheKind) => buffers[at(layer, kind)]!
  return {
    get rows() {
      return rows
    },
    get time() {
      return time
    },
    get maxTime() {
      return Math.floor(room / Math.max(1, rows))
    },
    rowStepSize: buffers.length * width,
    missingBytes: (capacity) =>
      buffers.reduce(
        (total, { length, BYTES_PER_ELEMENT: bytes }) => total + bytes * Math.max(0, capacity * width - length),
        0,
      ),
    reserve(capacity) {
      ;[rows, time, room] = [0, 0, capacity]
      buffers.forEach((old, index) => {
        if (old.length < room * width) buffers[index] = new Float32Array(room * width)
      })
    },
    reset(newRows, newTime) {
      ;[rows, time] = [newRows, newTime]
      for (const each of buffers) each.fill(0, 0, rows * time * width)
    },
    writePrompts(layer, kind, source, target) {
      spread(source, buffer(layer, kind), target, { rows, width, time })
    },
    append(layer, kind, step) {
      buffer(layer, kind).set(step, time * rows * width)
    },
    advance() {
      time += 1
    },
    prefix: (layer, kind) => buffer(layer, kind).subarray(0, time * rows * width),
    keepRows(kept) {
      const runs = consecutiveRuns(kept)
      for (const each of buffers) compact(each, runs, { rows, time, width }, kept.length)
      rows = kept.length
      if (rows === 0) time = 0
    },
    dropSteps(count) {
      for (const each of buffers) each.copyWithin(0, count * rows * width, time * rows * width)
      time -= count
    },
    park(row, steps) {
      const taken = { rows: rows - row, time: steps, first: 0, stride: rows - row }
      const parked = buffers.map((each) => takeOut(each, { rows, time, width }, taken))
      const staying = [{ from: 0, to: 0, length: row }]
      for (const each of buffers) compact(each, staying, { rows, time, width }, row)
      rows = row
      if (rows === 0) time = 0
      return { ...taken, steps: parked }
    },
    unpark(parked, count) {
      const sizes = { rows, time, width, newRows: rows + count, newTime: Math.max(time, parked.time) }
      buffers.forEach((each, index) => {
        widen(each, sizes)
        insert(parked.steps[index]!, each, { ...parked, rows: count }, sizes)
      })
      ;[rows, time] = [sizes.newRows, sizes.newTime]
    },
  }
}

type Sizes = { readonly rows: number; readonly time: number; readonly width: number }

function spread(
  source: Float32Array,
  buffer: Float32Array,
  { row: firstRow, rows: promptOfRow, time }: PromptRows,
  { rows, width, time: end }: Sizes,
): void {
  for (let step = 0; step < time; step += 1) {
    for (const [index, prompt] of promptOfRow.entries()) {
      const from = (prompt * time + step) * width
      const to = ((end - time + step) * rows + firstRow + index) * width
      // Plain loops: the pieces are too short for `set` and `subarray` to pay.
      for (let i = 0; i < width; i += 1) buffer[to + i] = source[from + i]!
    }
  }
}

type Run = { readonly from: number; readonly to: number; readonly length: number }

/** Maximal runs of neighbouring rows, so that each is moved by one copy. */
function consecutiveRuns(kept: readonly number[]): readonly Run[] {
  const runs: Run[] = []
  let start = 0
  for (let i = 1; i <= kept.length; i += 1) {
    if (i < kept.length && kept[i] === kept[i - 1]! + 1) continue
    runs.push({ from: kept[start]!, to: start, length: i - start })
    start = i
  }
  return runs
}

/** Moves forwards only, in order: no number is overwritten before it has been read. */
function compact(buffer: Float32Array, runs: readonly Run[], { rows, time, width }: Sizes, newRows: number): void {
  for (let step = 0; step < time; step += 1) {
    for (const { from, to, length } of runs) {
      const source = (step * rows + from) * width
      buffer.copyWithin((step * newRows + to) * width, source, source + length * width)
    }
  }
}

type NewSizes = Sizes & { readonly newRows: number; readonly newTime: number }

/** Makes room behind the rows of each step; from the last step on, so that none is overwritten before it has moved. */
function widen(buffer: Float32Array, { rows, time, width, newRows, newTime }: NewSizes): void {
  const shift = newTime - time
  const length = rows * width
  for (let step = time - 1; step >= 0; step -= 1)
    buffer.copyWithin((step + shift) * newRows * width, step * length, (step + 1) * length)
  for (let step = 0; step < shift; step += 1) buffer.fill(0, step * newRows * width, step * newRows * width + length)
}

type Taken = Omit<ParkedRows, 'steps'>

/** A copy of the last rows, [taken.time, taken.rows, width]. */
function takeOut(buffer: Float32Array, { rows, time, width }: Sizes, taken: Taken): Float32Array {
  const copy = new Float32Array(taken.time * taken.rows * width)
  for (let step = 0; step < taken.time; step += 1) {
    const end = (time - taken.time + step + 1) * rows * width
    copy.set(buffer.subarray(end - taken.rows * width, end), step * taken.rows * width)
  }
  return copy
}

function insert(
  steps: Float32Array,
  to: Float32Array,
  { rows: count, time, first, stride }: Taken,
  { rows, width, newRows, newTime }: NewSizes,
): void {
  const length = count * width
  for (let step = 0; step < newTime; step += 1) {
    const from = ((step - (newTime - time)) * stride + first) * width
    const target = (step * newRows + rows) * width
    if (step < newTime - time) to.fill(0, target, target + length)
    else to.set(steps.subarray(from, from + length), target)
  }
}
