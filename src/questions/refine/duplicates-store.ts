/** Texts by number, packed as UTF-8: a million questions in a few hundred megabytes, outside the heap. */
export type TextStore = {
  readonly sizeBytes: number
  /** Adds a text: they are numbered from 0. */
  add(text: string): void
  read(index: number): string
}

const BLOCK_BYTES = 8 << 20

/** A store without texts. */
export function createTextStore(): TextStore {
  const blocks: Buffer[] = []
  let blockOf = new Uint32Array(1024)
  let startOf = new Uint32Array(1024)
  let lengthOf = new Uint32Array(1024)
  let usedBytes = 0
  let count = 0
  return {
    get sizeBytes() {
      return blocks.reduce((sum, block) => sum + block.length, 0) + startOf.byteLength * 3
    },
    add: (text) => {
      if (count === startOf.length) {
        blockOf = doubled(blockOf)
        startOf = doubled(startOf)
        lengthOf = doubled(lengthOf)
      }
      const bytes = Buffer.byteLength(text)
      let block = blocks.at(-1)
      if (block === undefined || usedBytes + bytes > block.length) {
        block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes))
        blocks.push(block)
        usedBytes = 0
      }
      block.write(text, usedBytes)
      blockOf[count] = blocks.length - 1
      startOf[count] = usedBytes
      lengthOf[count] = bytes
      usedBytes += bytes
      count += 1
    },
    read: (index) => {
      const start = startOf[index]!
      return blocks[blockOf[index]!]!.toString('utf8', start, start + lengthOf[index]!)
    },
  }
}

/** Rows of bytes of one length by number, in blocks, so that growing copies nothing. */
export type ByteRows = { readonly sizeBytes: number; blockOf(row: number): Uint8Array; startOf(row: number): number }

const ROWS_PER_BLOCK = 1 << 14

/** Rows of `width` bytes; a row exists as soon as it is asked for. */
export function createByteRows(width: number): ByteRows {
  const blocks: Uint8Array[] = []
  return {
    get sizeBytes() {
      return blocks.length * width * ROWS_PER_BLOCK
    },
    blockOf: (row) => {
      const index = Math.floor(row / ROWS_PER_BLOCK)
      while (blocks.length <= index) blocks.push(new Uint8Array(width * ROWS_PER_BLOCK))
      return blocks[index]!
    },
    startOf: (row) => (row % ROWS_PER_BLOCK) * width,
  }
}

/** A copy with room for twice as many. */
export function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2)
  larger.set(array)
  return larger
}
