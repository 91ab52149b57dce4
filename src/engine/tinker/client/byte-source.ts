/** Bytes that come in blocks of any size, read in pieces of the reader's. */
export type ByteSource = {
  /** At most so many bytes, as many as there are at hand; undefined at the end. */
  next(most: number): Promise<Uint8Array | undefined>
  /** So many bytes, fewer only at the end. */
  take(length: number): Promise<Uint8Array>
  /** As `take`, and the bytes stay. */
  peek(length: number): Promise<Uint8Array>
  /** All that is left, in blocks. */
  rest(): AsyncGenerator<Uint8Array>
  /** Reads no more; whoever makes the blocks is told. */
  close(): Promise<void>
}

/** A source over blocks. */
export function createByteSource(blocks: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = blocks[Symbol.asyncIterator]()
  let block: Uint8Array = new Uint8Array(0)
  async function next(most: number): Promise<Uint8Array | undefined> {
    while (block.length === 0) {
      const { done, value } = await iterator.next()
      if (done) return undefined
      block = value
    }
    const part = block.subarray(0, most)
    block = block.subarray(part.length)
    return part
  }
  async function take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let left = length; left > 0; ) {
      const part = await next(left)
      if (part === undefined) break
      left -= part.length
      parts.push(part)
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
  return {
    next,
    take,
    async peek(length) {
      const head = await take(length)
      block = block.length === 0 ? head : Buffer.concat([head, block])
      return head
    },
    async *rest() {
      for (let part = await next(Number.POSITIVE_INFINITY); part !== undefined; ) {
        yield part
        part = await next(Number.POSITIVE_INFINITY)
      }
    },
    async close() {
      await iterator.return?.()
    },
  }
}
