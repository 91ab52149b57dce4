import { expect, test } from 'vitest'
import { createSessionPool } from '../session.ts'
import { GraphBuilder } from './builder.ts'
import { encodeModel } from './proto.ts'

type Field = { readonly number: number; readonly value: bigint | Uint8Array }

/** A protobuf message as the list of its fields; enough of the wire format to read our own files. */
function readMessage(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let [value, shift] = [0n, 0n]
    for (;;) {
      const byte = BigInt(bytes[at++]!)
      value |= (byte & 127n) << shift
      shift += 7n
      if (byte < 128n) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    if (wire === 0) fields.push({ number: tag >> 3, value: varint() })
    else {
      const length = wire === 5 ? 4 : Number(varint())
      fields.push({ number: tag >> 3, value: bytes.subarray(at, at + length) })
      at += length
    }
  }
  return fields
}

const messages = (fields: readonly Field[], number: number) =>
  fields.flatMap((field) => (field.number === number && field.value instanceof Uint8Array ? [field.value] : []))
const texts = (fields: readonly Field[], number: number) =>
  messages(fields, number).map((bytes) => new TextDecoder().decode(bytes))
const integers = (fields: readonly Field[], number: number) =>
  fields.flatMap((field) => (field.number === number && typeof field.value === 'bigint' ? [field.value] : []))

function buildSoftmax(): GraphBuilder {
  const builder = new GraphBuilder()
  const x = builder.input('x', ['rows', 300])
  builder.output(
    'y',
    builder.scoped('head', () => builder.node('Softmax', [x], { axis: { int: -1 } })),
  )
  return builder
}

test('a model says IR 10, opset 21 and com.microsoft 1', () => {
  const model = readMessage(encodeModel(buildSoftmax().graph()))
  expect(integers(model, 1)).toEqual([10n])
  const sets = messages(model, 8).map(readMessage)
  expect(sets.map((set) => [texts(set, 1)[0], integers(set, 2)[0]])).toEqual([
    ['', 21n],
    ['com.microsoft', 1n],
  ])
})

test('a node reads back with its names, its operator and a negative attribute', () => {
  const graph = readMessage(messages(readMessage(encodeModel(buildSoftmax().graph())), 7)[0]!)
  const node = readMessage(messages(graph, 1)[0]!)
  expect([texts(node, 1), texts(node, 2), texts(node, 3), texts(node, 4)]).toEqual([
    ['x'],
    ['t0'],
    ['/head/Softmax_0'],
    ['Softmax'],
  ])
  const attribute = readMessage(messages(node, 5)[0]!)
  expect(texts(attribute, 1)).toEqual(['axis'])
  expect(integers(attribute, 3).map((value) => BigInt.asIntN(64, value))).toEqual([-1n])
  expect(integers(attribute, 20)).toEqual([2n])
})

test('an input reads back with a symbolic and a known size', () => {
  const graph = readMessage(messages(readMessage(encodeModel(buildSoftmax().graph())), 7)[0]!)
  const info = readMessage(messages(graph, 11)[0]!)
  const tensor = readMessage(messages(readMessage(messages(info, 2)[0]!), 1)[0]!)
  expect(integers(tensor, 1)).toEqual([1n])
  const dims = messages(readMessage(messages(tensor, 2)[0]!), 1).map(readMessage)
  expect([texts(dims[0]!, 2), integers(dims[1]!, 1)]).toEqual([['rows'], [300n]])
})

test('equal graphs give equal bytes', () => {
  expect(encodeModel(buildSoftmax().graph())).toEqual(encodeModel(buildSoftmax().graph()))
})

test('float64 constants reach onnxruntime bit for bit', async () => {
  const builder = new GraphBuilder()
  const thirds = builder.constant(Float64Array.of(1 / 3, 1e-300, -2), [3])
  const x = builder.node('Sub', [thirds, builder.constant(Float64Array.of(Math.fround(1 / 3), 0, 0), [3])])
  builder.output('rest', builder.node('Cast', [x], { to: { int: 1 } }))
  const pool = createSessionPool({ threads: 1 })
  const { data } = (await pool.run('float64', () => builder.graph(), {}, ['rest'])).get('rest')!
  await pool.close()
  expect(Array.from(data)).toEqual([Math.fround(1 / 3 - Math.fround(1 / 3)), 0, -2])
})
