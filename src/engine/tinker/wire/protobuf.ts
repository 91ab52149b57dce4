import type { ForwardBackwardOutput, ForwardBackwardRequest, WireChunk, WireDatum, WireTensor } from './messages.ts'
import { elementBytes, readNumbers, type Where, wireError, writeFloat32, writeInt32, writeInt64 } from './numbers.ts'
import { decodeRaw, encodeRaw, type RawBatchedTensor, type RawDatum, type RawMessages, type RawTensor } from './raw.ts'
import { DTYPE } from './schema.ts'
import { type Budget, denseTensor, densify, newBudget } from './tensor.ts'

/** Media type of the messages below. */
export const PROTOBUF_TYPE = 'application/x-protobuf'

/**
 * A request for a forward pass, with or without backward pass.
 *
 * @param maxBytes size above which nothing is read; 256 MiB unless told
 * @throws {DataError} naming message and field
 */
export function decodeForwardBackwardRequest(bytes: Uint8Array, maxBytes?: number): ForwardBackwardRequest {
  const raw = decodeRaw('ForwardBackwardRequest', bytes, maxBytes)
  const budget = newBudget()
  const lossConfig: Record<string, number | string> = { ...raw.lossFnConfig }
  for (const [key, { number, text }] of Object.entries(raw.lossFnConfigV2)) {
    const value = number ?? text
    if (value === undefined) throw wireError(`ForwardBackwardRequest: loss_fn_config_v2.${key}`, 'no value')
    lossConfig[key] = value
  }
  return {
    modelId: raw.modelId,
    seqId: raw.seqId,
    data: raw.data.map((datum, index) => decodeDatum(datum, `ForwardBackwardRequest: data[${index}]`, budget)),
    lossFn: raw.lossFn,
    lossConfig,
    forwardOnly: raw.forwardOnly,
  }
}

function decodeDatum(raw: RawDatum, where: Where, budget: Budget): WireDatum {
  return {
    modelInput: raw.modelInput.map((chunk, index): WireChunk => {
      if (chunk.encodedText === undefined) {
        return { type: 'unsupported', what: chunk.image ? 'image' : chunk.dmel ? 'dmel' : 'empty chunk' }
      }
      const at = `${where}.model_input[${index}].tokens`
      return { type: 'encoded_text', tokens: readNumbers(chunk.encodedText.tokens, DTYPE.int32, at) }
    }),
    lossInputs: mapValues(raw.lossFnInputs, (tensor, name) => decodeTensor(tensor, `${where}.${name}`, budget)),
  }
}

function decodeTensor(raw: RawTensor, where: Where, budget: Budget): WireTensor {
  const dtype = dtypeName(raw.dtype, where)
  if (raw.sparseCsr !== undefined) {
    const csr = {
      values: readNumbers(raw.sparseCsr.values, raw.dtype, where),
      crowIndices: readNumbers(raw.sparseCsr.crowIndices, DTYPE.int64, where),
      colIndices: readNumbers(raw.sparseCsr.colIndices, DTYPE.int64, where),
    }
    return densify(dtype, raw.shape, csr, where, budget)
  }
  if (raw.dense === undefined) throw wireError(where, 'neither dense nor sparse')
  return denseTensor(dtype, raw.shape, readNumbers(raw.dense, raw.dtype, where), where, budget)
}

function dtypeName(dtype: number, where: Where): WireTensor['dtype'] {
  elementBytes(dtype, where)
  return dtype === DTYPE.float32 || dtype === DTYPE.bfloat16 ? 'float32' : 'int64'
}

/**
 * The bytes of a request: equal requests give equal bytes, those of the official SDK.
 *
 * @throws {DataError} when a number does not fit its element type, or a chunk is not text
 */
export function encodeForwardBackwardRequest(request: ForwardBackwardRequest): Uint8Array {
  const config = Object.entries(sorted(request.lossConfig))
  const texts = config.filter(([, value]) => typeof value === 'string')
  return encodeRaw('ForwardBackwardRequest', {
    modelId: request.modelId || undefined,
    seqId: request.seqId || undefined,
    data: request.data.map((datum, index) => encodeDatum(datum, `ForwardBackwardRequest: data[${index}]`)),
    lossFn: request.lossFn || undefined,
    lossFnConfig: Object.fromEntries(config.filter(([, value]) => typeof value === 'number')),
    forwardOnly: request.forwardOnly || undefined,
    // Servers prefer the second map when there is one, so it has to be complete; the first alone is what 0.25 sends.
    lossFnConfigV2:
      texts.length === 0
        ? undefined
        : Object.fromEntries(
            config.map(([key, value]) => [key, typeof value === 'number' ? { number: value } : { text: value }]),
          ),
  })
}

function encodeDatum({ modelInput, lossInputs }: WireDatum, where: Where): object {
  return {
    modelInput: modelInput.map((chunk, index) => {
      const at = `${where}.model_input[${index}]`
      if (chunk.type === 'unsupported') throw wireError(at, `cannot send ${chunk.what}`)
      return { encodedText: { tokens: writeInt32(chunk.tokens, at) } }
    }),
    lossFnInputs: mapValues(sorted(lossInputs), ({ dtype, shape, data }, name) => ({
      dense: writeTensorData(dtype, data, `${where}.${name}`),
      dtype: DTYPE[dtype],
      shape,
    })),
  }
}

function writeTensorData(dtype: WireTensor['dtype'], data: readonly number[], where: Where): Uint8Array {
  return dtype === 'float32' ? writeFloat32(data, where) : writeInt64(data, where)
}

/**
 * The result of a forward or backward pass.
 *
 * @param maxBytes size above which nothing is read; 256 MiB unless told
 * @throws {DataError} naming message and field, also when a tensor or a metric named loss holds NaN or an infinity
 */
export function decodeForwardBackwardOutput(bytes: Uint8Array, maxBytes?: number): ForwardBackwardOutput {
  const raw = decodeRaw('ForwardBackwardOutput', bytes, maxBytes)
  const budget = newBudget()
  const outputs = raw.lossFnOutputs.flatMap((record, index) =>
    decodeRecord(record, `ForwardBackwardOutput: loss_fn_outputs[${index}]`, budget),
  )
  checkMetrics(raw.metrics)
  return { outputType: bareName(raw.lossFnOutputType), outputs, metrics: raw.metrics }
}

/** @throws {DataError} when a metric named loss is not finite */
export function checkMetrics(metrics: Readonly<Record<string, number>>): void {
  for (const [key, value] of Object.entries(metrics)) {
    if (Number.isFinite(value) || !/(^|_)loss(:|$)/.test(key)) continue
    throw wireError(`ForwardBackwardOutput: metrics.${key}`, `is ${value}`)
  }
}

/** The class name behind the last colon of `module:Class`. */
export function bareName(outputType: string): string {
  return outputType.slice(outputType.lastIndexOf(':') + 1)
}

type RawRecord = RawMessages['ForwardBackwardOutput']['lossFnOutputs'][number]

function decodeRecord({ fields, numDatums }: RawRecord, where: Where, budget: Budget): Record<string, WireTensor>[] {
  const columns = Object.entries(fields).map(
    ([name, tensor]) => [name, decodeBatched(tensor, `${where}.${name}`, budget)] as const,
  )
  // Early servers leave the count out.
  const count = numDatums || (columns[0]?.[1].length ?? 0)
  // Without fields the count is a claim that nothing backs.
  if (count < 0 || count > budget.elements) throw wireError(where, `${count} data`)
  budget.elements -= count
  for (const [name, { length }] of columns) {
    if (length !== count) throw wireError(`${where}.${name}`, `${length} tensors for ${count} data`)
  }
  return Array.from({ length: count }, (_, i) => Object.fromEntries(columns.map(([name, list]) => [name, list[i]!])))
}

function decodeBatched(raw: RawBatchedTensor, where: Where, budget: Budget): WireTensor[] {
  const dtype = dtypeName(raw.dtype, where)
  const size = elementBytes(raw.dtype, where)
  const offsets = readNumbers(raw.offsets, DTYPE.int64, `${where}.offsets`)
  const inner = raw.trailingShape.reduce((product, axis) => product * axis, 1)
  return offsets.slice(1).map((end, index) => {
    const at = `${where}[${index}]`
    const start = offsets[index]!
    if (!(start >= 0 && start <= end && end <= raw.data.length && start % size === 0)) {
      throw wireError(at, `bytes ${start} to ${end} of ${raw.data.length}`)
    }
    const data = readNumbers(raw.data.subarray(start, end), raw.dtype, at)
    const leading = inner === 0 ? 0 : data.length / inner
    return denseTensor(dtype, [leading, ...raw.trailingShape], data, at, budget)
  })
}

/**
 * The bytes of a result, all data in one record.
 *
 * @throws {DataError} when data differ in their tensors, or hold a number that is not finite
 */
export function encodeForwardBackwardOutput({ outputType, outputs, metrics }: ForwardBackwardOutput): Uint8Array {
  const where = 'ForwardBackwardOutput'
  const names = Object.keys(sorted(outputs[0] ?? {}))
  const fields = Object.fromEntries(
    names.map((name) => {
      const tensors = outputs.map((output, index) => {
        const tensor = Object.keys(output).length === names.length ? output[name] : undefined
        if (!tensor)
          throw wireError(`${where}: loss_fn_outputs[${index}]`, `has other tensors than ${names.join(', ')}`)
        return tensor
      })
      return [name, encodeBatched(tensors, `${where}: ${name}`)]
    }),
  )
  checkMetrics(metrics)
  const record = { typeTag: bareName(outputType), fields, numDatums: outputs.length }
  return encodeRaw(where, {
    lossFnOutputType: outputType,
    lossFnOutputs: outputs.length === 0 ? [] : [record],
    metrics: sorted(metrics),
  })
}

function encodeBatched(tensors: readonly WireTensor[], where: Where): object {
  const { dtype, shape } = tensors[0]!
  const trailingShape = shape.slice(1)
  const parts = tensors.map((tensor, index) => {
    const at = `${where}[${index}]`
    if (tensor.dtype !== dtype || tensor.shape.slice(1).join() !== trailingShape.join()) {
      throw wireError(at, 'has another element type or other inner axes than the first')
    }
    return writeTensorData(dtype, tensor.data, at)
  })
  const offsets = [0]
  for (const { length } of parts) offsets.push(offsets.at(-1)! + length)
  return {
    data: Buffer.concat(parts),
    offsets: writeInt64(offsets, where),
    dtype: DTYPE[dtype],
    trailingShape,
  }
}

/** A record with its keys in order, as protobuf writers sort maps: so that bytes depend on the content alone. */
function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}
