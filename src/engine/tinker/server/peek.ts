import protobuf from 'protobufjs/light.js'
import { RequestError } from './errors.ts'

const MODEL_ID = 1
const SEQ_ID = 2

/**
 * Model and number of a ForwardBackwardRequest, read without the data: they count even when the data are wrong. proto3
 * writes no 0, so an absent number comes without one.
 *
 * @throws {RequestError} 400 when the bytes are no message
 */
export function peekNumber(bytes: Uint8Array): { readonly model_id: string; readonly seq_id?: number } {
  const found: { model_id: string; seq_id?: number } = { model_id: '' }
  try {
    const reader = protobuf.Reader.create(bytes)
    while (reader.pos < reader.len) {
      const tag = reader.uint32()
      if (tag >>> 3 === MODEL_ID) found.model_id = reader.string()
      else if (tag >>> 3 === SEQ_ID) found.seq_id = reader.int32()
      else reader.skipType(tag & 7)
    }
  } catch (cause) {
    throw new RequestError(400, 'the body is not a ForwardBackwardRequest', { cause })
  }
  return found
}
