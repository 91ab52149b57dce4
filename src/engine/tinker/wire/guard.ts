import protobuf from 'protobufjs/light.js'
import { wireError } from './numbers.ts'
import { type MessageName, messageTypes } from './schema.ts'

/** Largest message that is read; chosen by us: 256 MiB is 50 full chunks of the SDK. */
export const MAX_MESSAGE_BYTES = 2 ** 28

/** Most fields of one message; chosen by us: 1024 data have some 30,000. An empty record costs 2 bytes on the wire and 100 in memory. */
const MAX_FIELDS = 2_000_000

const LENGTH_DELIMITED = 2

type Count = { fields: number }

/**
 * Refuses a message before memory is spent on it: one that is too large, too finely chopped, or broken.
 *
 * @throws {DataError} naming the message
 */
export function guardMessage(name: MessageName, bytes: Uint8Array, maxBytes: number): void {
  if (bytes.length > maxBytes) throw wireError(name, `${bytes.length} bytes, more than ${maxBytes}`)
  countFields(protobuf.Reader.create(bytes), bytes.length, messageTypes[name], name, { fields: 0 })
}

function spend(count: Count, fields: number, name: string): void {
  count.fields += fields
  if (count.fields > MAX_FIELDS) throw wireError(name, `more than ${MAX_FIELDS} fields`)
}

/** Messages nest as deep as the schema and no deeper, so recursion is safe. */
function countFields(
  reader: protobuf.Reader,
  end: number,
  type: protobuf.Type | protobuf.MapField | null,
  name: string,
  count: Count,
): void {
  while (reader.pos < end) {
    const tag = reader.uint32()
    spend(count, 1, name)
    const inner = fieldOf(type, tag >>> 3)
    if ((tag & 7) !== LENGTH_DELIMITED || inner === undefined) {
      reader.skipType(tag & 7)
      continue
    }
    const length = reader.uint32()
    const innerEnd = reader.pos + length
    if (innerEnd > end) throw wireError(name, 'ends in the middle of a field')
    if (inner === 'packed') {
      spend(count, length, name)
      reader.pos = innerEnd
    } else countFields(reader, innerEnd, inner, name, count)
  }
  if (reader.pos > end) throw wireError(name, 'a field is longer than the record it is in')
}

/** What a field holds: records to descend into, packed numbers to count, or bytes to skip. */
function fieldOf(
  type: protobuf.Type | protobuf.MapField | null,
  id: number,
): protobuf.Type | protobuf.MapField | 'packed' | undefined {
  if (type === null) return undefined
  if (type instanceof protobuf.MapField) return id === 2 ? asType(type.resolve().resolvedType) : undefined
  const field = type.fieldsById[id]?.resolve()
  if (field instanceof protobuf.MapField) return field
  return asType(field?.resolvedType ?? null) ?? (field?.repeated === true ? 'packed' : undefined)
}

function asType(type: protobuf.Type | protobuf.Enum | null): protobuf.Type | undefined {
  return type instanceof protobuf.Type ? type : undefined
}
