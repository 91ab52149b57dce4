import type { Attribute, DataType, Graph, GraphNode, Value } from './graph.ts'

/** ONNX IR version, and the operator sets every model of the engine is written against. */
const IR_VERSION = 10
const OPERATOR_SETS = [
  { domain: '', version: 21 },
  { domain: 'com.microsoft', version: 1 },
] as const

/** Numbers of TensorProto.DataType; also the values of Cast's attribute `to`. */
export const elementTypes: { readonly [Type in DataType]: number } = { float32: 1, int64: 7, bool: 9, float64: 11 }

/** Numbers of AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const

/** A growing buffer in the protobuf wire format; only the three wire types ONNX needs here. */
class ProtoWriter {
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024)
  private length = 0

  private reserve(extra: number): void {
    if (this.length + extra <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + extra))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  /** Negative numbers are written as their 64-bit two's complement, as protobuf's int64 asks. */
  private varint(value: number | bigint): void {
    this.reserve(10)
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest > 127n) {
      this.bytes[this.length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.bytes[this.length++] = Number(rest)
  }

  int(field: number, value: number): this {
    this.varint(field << 3)
    this.varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.varint((field << 3) | 5)
    this.reserve(4)
    new DataView(this.bytes.buffer).setFloat32(this.length, value, true)
    this.length += 4
    return this
  }

  raw(field: number, value: Uint8Array): this {
    this.varint((field << 3) | 2)
    this.varint(value.length)
    this.reserve(value.length)
    this.bytes.set(value, this.length)
    this.length += value.length
    return this
  }

  text(field: number, value: string): this {
    return this.raw(field, new TextEncoder().encode(value))
  }

  message(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter()
    write(inner)
    return this.raw(field, inner.finish())
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}

function writeAttribute(writer: ProtoWriter, name: string, attribute: Attribute): void {
  writer.text(1, name)
  if ('float' in attribute) writer.float(2, attribute.float).int(20, ATTRIBUTE_TYPE.float)
  else if ('int' in attribute) writer.int(3, attribute.int).int(20, ATTRIBUTE_TYPE.int)
  else if ('string' in attribute) writer.text(4, attribute.string).int(20, ATTRIBUTE_TYPE.string)
  else {
    for (const item of attribute.ints) writer.int(8, item)
    writer.int(20, ATTRIBUTE_TYPE.ints)
  }
}

function writeNode(writer: ProtoWriter, node: GraphNode): void {
  for (const input of node.inputs) writer.text(1, input)
  for (const output of node.outputs) writer.text(2, output)
  writer.text(3, node.name).text(4, node.op)
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.message(5, (inner) => writeAttribute(inner, name, attribute))
  }
  if (node.domain !== '') writer.text(7, node.domain)
}

function writeValueInfo(writer: ProtoWriter, value: Value): void {
  writer.text(1, value.name).message(2, (type) => {
    type.message(1, (tensor) => {
      tensor.int(1, elementTypes[value.dtype]).message(2, (shape) => {
        for (const dim of value.shape) {
          shape.message(1, (inner) => (typeof dim === 'string' ? inner.text(2, dim) : inner.int(1, dim)))
        }
      })
    })
  })
}

function writeGraph(writer: ProtoWriter, graph: Graph): void {
  for (const node of graph.nodes) writer.message(1, (inner) => writeNode(inner, node))
  writer.text(2, 'fleming')
  for (const { name, shape, dtype, data } of graph.constants) {
    writer.message(5, (inner) => {
      for (const dim of shape) inner.int(1, dim)
      inner.int(2, elementTypes[dtype]).text(8, name)
      inner.raw(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    })
  }
  for (const input of graph.inputs) writer.message(11, (inner) => writeValueInfo(inner, input))
  for (const output of graph.outputs) writer.message(12, (inner) => writeValueInfo(inner, output))
}

/**
 * The bytes of an ONNX ModelProto (IR 10, opset 21 and com.microsoft 1) holding the graph.
 *
 * Field numbers are those of onnx.proto3. Equal graphs give equal bytes.
 *
 * @param graph nodes in executable order
 * @returns the encoded model, ready for a session
 */
export function encodeModel(graph: Graph): Uint8Array {
  const writer = new ProtoWriter()
  writer.int(1, IR_VERSION).text(2, 'fleming')
  writer.message(7, (inner) => writeGraph(inner, graph))
  for (const { domain, version } of OPERATOR_SETS) writer.message(8, (inner) => inner.text(1, domain).int(2, version))
  return writer.finish()
}
