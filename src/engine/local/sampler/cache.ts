/** The sizes of a key/value cache: `width` numbers per layer, row and time step, for keys and for values each. */
export type CacheShape = { readonly layers: number; readonly width: number }

/** Which of the two tensors of a layer. */
export type CacheKind = 'key' | 'value'

/** Rows to fill from a prefill: `rows[i]` is the prompt that row `row + i` starts from, of `time` steps. */
export type PromptRows = { readonly row: number; readonly rows: Int32Array; readonly time: number }

/**
 * The keys and values of all rows of a batch, time-major: `[time, row, width]` per layer and kind, so that the first
 * `time` steps are a contiguous prefix the decode graph reads without a copy.
 */
export type KeyValueCache = {
  /** Rows and time steps held at present. */
  readonly rows: number
  readonly time: number
  /** Empties the cache for `rows` rows and at most `maxTime` steps; memory is kept and grows as needed. */
  reset(rows: number, maxTime: number): void
  /**
   * Fills the first steps of some rows from a prefill, copying each prompt to all of its rows.
   *
   * @param source keys or values of the prompts, [prompt, time, width]
   */
  writePrompts(layer: number, kind: CacheKind, source: Float32Array, target: PromptRows): void
  /** Puts one step behind those held, [row, width]; call for all layers and kinds, then `advance`. */
  append(layer: number, kind: CacheKind, step: Float32Array): void
  /** Counts the steps just written. */
  advance(steps: number): void
  /** The steps held, [time, row, width]: a view that stays valid until the next change. */
  prefix(layer: number, kind: CacheKind): Float32Array
  /** Drops all rows but the given ones, which move up in order. */
  keepRows(kept: readonly number[]): void
}

/** An empty cache. */
export function createCache({ layers, width }: CacheShape): KeyValueCache {
  let rows = 0
  let time = 0
  const buffers = {
    key: Array.from({ length: layers }, () => new Float32Array(0)),
    value: Array.from({ length: layers }, () => new Float32Array(0)),
  }
  return {
    get rows() {
      return rows
    },
    get time() {
      return time
    },
    reset(newRows, maxTime) {
      rows = newRows
      time = 0
      const size = newRows * maxTime * width
      for (const list of [buffers.key, buffers.value])
        list.forEach((buffer, layer) => {
          if (buffer.length < size) list[layer] = new Float32Array(size)
        })
    },
    writePrompts(layer, kind, source, target) {
      spread(source, buffers[kind][layer]!, target, { rows, width })
    },
    append(layer, kind, step) {
      buffers[kind][layer]!.set(step, time * rows * width)
    },
    advance(steps) {
      time += steps
    },
    prefix: (layer, kind) => buffers[kind][layer]!.subarray(0, time * rows * width),
    keepRows(kept) {
      const runs = consecutiveRuns(kept)
      for (const buffer of [...buffers.key, ...buffers.value]) compact(buffer, runs, { rows, time, width }, kept.length)
      rows = kept.length
    },
  }
}

function spread(
  source: Float32Array,
  buffer: Float32Array,
  { row: firstRow, rows: promptOfRow, time }: PromptRows,
  { rows, width }: { readonly rows: number; readonly width: number },
): void {
  for (let step = 0; step < time; step += 1) {
    for (const [index, prompt] of promptOfRow.entries()) {
      const from = (prompt * time + step) * width
      const to = (step * rows + firstRow + index) * width
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
function compact(
  buffer: Float32Array,
  runs: readonly Run[],
  { rows, time, width }: { readonly rows: number; readonly time: number; readonly width: number },
  newRows: number,
): void {
  for (let step = 0; step < time; step += 1) {
    for (const { from, to, length } of runs) {
      const source = (step * rows + from) * width
      buffer.copyWithin((step * newRows + to) * width, source, source + length * width)
    }
  }
}
