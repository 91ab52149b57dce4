import { Zstd } from '@hpcc-js/wasm-zstd'
import { RequestError } from './errors.ts'

const MAGIC = 0xfd2fb528
const MAX_BLOCK_BYTES = 128 * 1024
const BLOCK_RAW = 0
const BLOCK_RLE = 1
const BLOCK_COMPRESSED = 2

/**
 * The content of one Zstandard frame.
 *
 * The frame is walked before anything is decompressed: a declared size is not believed, and no more than `maxBytes` is
 * ever allocated.
 *
 * @throws {RequestError} 413 when the content is larger than `maxBytes`, 400 when the bytes are not one whole frame
 */
export async function decompressZstd(frame: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const { declaredBytes, boundBytes } = walkFrame(frame)
  if (declaredBytes !== null && declaredBytes > maxBytes) throw tooLarge(maxBytes)
  if (boundBytes === 0) return new Uint8Array(0)
  const zstd = await Zstd.load()
  zstd.reset()
  // One byte more than allowed shows an excess without holding it.
  const content = zstd.decompressChunk(frame, Math.min(boundBytes, maxBytes + 1))
  if (content.length > maxBytes) throw tooLarge(maxBytes)
  // The library reports a bad block as no output.
  if (content.length === 0 || (declaredBytes !== null && content.length !== declaredBytes)) {
    throw malformed('its content does not have the declared size')
  }
  return content
}

/** Declared content size, if any, and the size that the blocks can reach at most (RFC 8878 §3.1.1). */
function walkFrame(frame: Uint8Array): { readonly declaredBytes: number | null; readonly boundBytes: number } {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  if (frame.length < 6 || view.getUint32(0, true) !== MAGIC) throw malformed('it does not start as one')
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const hasChecksum = (descriptor & 0x04) !== 0
  const sizeField = descriptor >> 6
  const sizeBytes = sizeField === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeField
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!
  let at = sizeAt + sizeBytes
  if (at > frame.length) throw malformed('it ends inside its header')
  const declaredBytes = sizeBytes === 0 ? null : readSize(view, sizeAt, sizeBytes)
  let boundBytes = 0
  for (let isLast = false; !isLast; ) {
    if (at + 3 > frame.length) throw malformed('it ends before its last block')
    const header = view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16)
    isLast = (header & 1) !== 0
    const type = (header >> 1) & 3
    const size = header >> 3
    if (type > BLOCK_COMPRESSED) throw malformed('a block is of no known type')
    if (size > MAX_BLOCK_BYTES) throw malformed('a block is larger than 128 KiB')
    boundBytes += type === BLOCK_RAW || type === BLOCK_RLE ? size : MAX_BLOCK_BYTES
    at += 3 + (type === BLOCK_RLE ? 1 : size)
  }
  if (at + (hasChecksum ? 4 : 0) !== frame.length) throw malformed('it does not end with its last block')
  return { declaredBytes, boundBytes }
}

function readSize(view: DataView, at: number, sizeBytes: number): number {
  if (sizeBytes === 1) return view.getUint8(at)
  if (sizeBytes === 2) return view.getUint16(at, true) + 256
  return sizeBytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true))
}

function malformed(why: string): RequestError {
  return new RequestError(400, `the body is not a Zstandard frame: ${why}`)
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(413, `the decompressed body is larger than ${maxBytes} bytes`)
}
