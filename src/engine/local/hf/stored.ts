import { DataError } from '../../../core/errors.ts'
import type { ParameterSpec } from '../model/parameters.ts'
import { openSafetensors, type SafetensorsReader } from '../safetensors.ts'
import { firstNonFinite } from '../safetensors-dtypes.ts'

/** A tensor that still lies in a file. */
export type StoredTensor = {
  readonly file: string
  readonly shape: readonly number[]
  readonly readInto: (target: Float32Array) => void
  /** The values in blocks; each is overwritten by the next. */
  readonly blocks: () => Iterable<Float32Array>
}

/** Tensors of one or several open files, by name. */
export type StoredTensors = {
  /** File or folder, for error messages. */
  readonly place: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly close: () => void
}

/**
 * What `use` returns for the tensors of a safetensors file, which is open meanwhile.
 *
 * @throws {DataError} when there is no such file or it is malformed
 */
export function withStored<Result>(file: string, use: (stored: StoredTensors) => Result): Result {
  const reader = openSafetensors(file)
  try {
    return use({ place: file, tensors: storedTensors(reader), close: reader.close })
  } finally {
    reader.close()
  }
}

/** The tensors of an open file. */
export function storedTensors(reader: SafetensorsReader): Map<string, StoredTensor> {
  return new Map(
    [...reader.entries].map(([name, entry]) => [
      name,
      {
        file: reader.file,
        shape: entry.shape,
        readInto: (target) => reader.readInto(entry, target),
        blocks: () => reader.blocks(entry),
      },
    ]),
  )
}

/**
 * Checks names and shapes of stored tensors against a layout.
 *
 * @throws {DataError} naming the tensor that is missing, left over or of another shape
 */
export function checkLayout(specs: readonly ParameterSpec[], { tensors, place }: StoredTensors): void {
  for (const { name, shape } of specs) {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw misfit(`tensor "${name}" is missing`, place, name)
    if (tensor.shape.join() !== shape.join())
      throw misfit(
        `tensor "${name}" has shape [${tensor.shape.join(', ')}], the model [${shape.join(', ')}]`,
        tensor.file,
        name,
      )
  }
  const known = new Set(specs.map(({ name }) => name))
  for (const [name, { file }] of tensors)
    if (!known.has(name)) throw misfit(`tensor "${name}" has no place in the model`, file, name)
}

/**
 * Reads stored tensors block by block without keeping them.
 *
 * @throws {DataError} naming a tensor with a NaN or an infinity
 */
export function checkFinite(specs: readonly ParameterSpec[], { tensors }: StoredTensors): void {
  for (const { name } of specs) {
    const tensor = tensors.get(name)!
    let at = 0
    for (const block of tensor.blocks()) {
      assertFinite(block, at, name, tensor.file)
      at += block.length
    }
  }
}

/**
 * Reads stored tensors to their places in a flat array, which holds part of them when this throws.
 *
 * @param flat [parameters]
 * @throws {DataError} naming a tensor with a NaN or an infinity
 */
export function fillFlat(specs: readonly ParameterSpec[], { tensors }: StoredTensors, flat: Float32Array): void {
  for (const { name, offset, size } of specs) {
    const target = flat.subarray(offset, offset + size)
    const tensor = tensors.get(name)!
    tensor.readInto(target)
    assertFinite(target, 0, name, tensor.file)
  }
}

/** Whether a stored tensor has these values and no others. */
export function holdSame(tensor: StoredTensor, expected: Iterable<Float32Array>): boolean {
  const others = expected[Symbol.iterator]()
  let other: Float32Array = new Float32Array(0)
  let at = 0
  const next = (): number | undefined => {
    while (at === other.length) {
      const block = others.next()
      if (block.done === true) return undefined
      other = block.value
      at = 0
    }
    return other[at++]
  }
  for (const block of tensor.blocks()) if (block.some((value) => value !== next())) return false
  return next() === undefined
}

function assertFinite(values: Float32Array, at: number, name: string, file: string): void {
  const index = firstNonFinite(values)
  if (index < 0) return
  throw new DataError(`tensor "${name}" holds ${values[index]} at ${at + index}`, {
    file,
    field: name,
    hint: 'the weights have diverged or were damaged: use an earlier checkpoint or fetch the file again',
  })
}

function misfit(message: string, file: string, field: string): DataError {
  return new DataError(message, { file, field, hint: 'the file belongs to a model of another configuration' })
}
