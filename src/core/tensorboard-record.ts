/** CRC-32C (Castagnoli), reflected polynomial of RFC 3720. */
const POLYNOMIAL = 0x82f63b78
/** TensorFlow adds this to a rotated CRC, so that a CRC of data that hold CRCs is no weak one. */
const MASK_DELTA = 0xa282ead8

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** The CRC-32C of bytes, as an unsigned number. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}

/** The CRC-32C as TFRecord files hold it: rotated right by 15 bits, plus a constant. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}

/** A TFRecord: length (uint64), its masked CRC, the data, their masked CRC; all little-endian. */
export function frameRecord(data: Uint8Array): Buffer {
  const frame = Buffer.alloc(data.length + 16)
  frame.writeBigUInt64LE(BigInt(data.length), 0)
  frame.writeUInt32LE(maskedCrc32c(frame.subarray(0, 8)), 8)
  frame.set(data, 12)
  frame.writeUInt32LE(maskedCrc32c(data), 12 + data.length)
  return frame
}
