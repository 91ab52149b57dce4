import { DataError } from '../../core/errors.ts'
import { formatJson } from '../../core/json.ts'
import { bytesOf, dtypes, type FloatDtype, narrow } from './safetensors-dtypes.ts'
import { PREFIX_BYTES } from './safetensors-header.ts'

/** A tensor to be written; `values` is called once, when its turn comes. */
export type TensorSource = {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: () => Float32Array
}

export type SafetensorsLayout = {
  readonly sizeBytes: number
  /** The bytes of the file, made while they are asked for. @throws {DataError} naming a tensor that does not fit */
  blocks(): Generator<Uint8Array>
}

/** The reference implementation aligns the data section to 8 bytes by padding the header with spaces. */
const ALIGNMENT_BYTES = 8
/** Items that are narrowed at once; chosen by us: 4 MB of float32. */
const BLOCK_ITEMS = 1 << 20

/** Number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

/**
 * How a safetensors file of these tensors is laid out, ordered by name so that equal tensors give equal bytes.
 *
 * @param metadata string pairs of the header; PyTorch's loaders expect `format: pt`, which it is unless told
 * @throws {DataError} when a tensor has the name of the metadata
 */
export function layOutSafetensors(
  sources: readonly TensorSource[],
  options: {
    readonly dtype?: FloatDtype | undefined
    readonly metadata?: Readonly<Record<string, string>> | undefined
  } = {},
): SafetensorsLayout {
  const { dtype = 'F32', metadata = { format: 'pt' } } = options
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1))
  const header: [string, unknown][] = [['__metadata__', metadata]]
  let offset = 0
  for (const { name, shape } of sorted) {
    if (name === '__metadata__') throw new DataError('no tensor can have the name "__metadata__"')
    const end = offset + sizeOf(shape) * dtypes[dtype].bytesPerItem
    header.push([name, { dtype, shape, data_offsets: [offset, end] }])
    offset = end
  }
  const json = new TextEncoder().encode(formatJson(Object.fromEntries(header)))
  const headerBytes = Math.ceil(json.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
  const head = new Uint8Array(PREFIX_BYTES + headerBytes).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true)
  head.set(json, PREFIX_BYTES)
  return {
    sizeBytes: head.length + offset,
    *blocks() {
      yield head
      for (const source of sorted) yield* tensorBlocks(source, dtype)
    },
  }
}

function* tensorBlocks({ name, shape, values: make }: TensorSource, dtype: FloatDtype): Generator<Uint8Array> {
  const values = make()
  if (values.length !== sizeOf(shape))
    throw new DataError(
      `tensor "${name}" of shape [${shape.join(', ')}] cannot be written from ${values.length} values`,
    )
  for (let at = 0; at < values.length; at += BLOCK_ITEMS) {
    const block = values.subarray(at, at + BLOCK_ITEMS)
    const items = dtype === 'F32' ? block : narrow(block, dtype)
    if (typeof items === 'number')
      throw new DataError(`tensor "${name}" holds ${block[items]} at ${at + items}, which ${dtype} cannot hold`, {
        field: name,
        hint: 'export in float32, or in bfloat16, whose range is that of float32',
      })
    yield bytesOf(items)
  }
}
