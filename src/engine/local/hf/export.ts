import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../../core/errors.ts'
import { formatJson } from '../../../core/json.ts'
import { putAtomic, putBlocksAtomic, removeFile } from '../../../core/store.ts'
import { dtypes, type FloatDtype } from '../safetensors-dtypes.ts'
import { layOutSafetensors, sizeOf, type TensorSource } from '../safetensors-write.ts'
import { INDEX_FILE, WEIGHTS_FILE } from './shards.ts'

const shardFile = /^model-\d{5}-of-\d{5}\.safetensors$/

/**
 * Writes tensors as `model.safetensors` or, beyond `maxBytes`, as shards in their order and an index. Weights of an
 * earlier export in the folder are removed.
 *
 * @param maxBytes of tensors in one file; a tensor beyond it gets a file of its own
 * @throws {ConfigError} when `maxBytes` is not positive
 * @throws {DataError} when a value does not fit the precision
 * @throws {StorageError} when the disk is full or failing
 */
export function putWholeModel(
  dir: string,
  sources: readonly TensorSource[],
  dtype: FloatDtype,
  maxBytes: number,
): void {
  if (!(maxBytes > 0)) throw new ConfigError(`maxShardBytes must be positive, found ${maxBytes}`)
  const shards = planShards(sources, dtype, maxBytes)
  const count = String(shards.length).padStart(5, '0')
  const nameOf = (index: number) =>
    shards.length === 1 ? WEIGHTS_FILE : `model-${String(index + 1).padStart(5, '0')}-of-${count}.safetensors`
  const names = shards.map((_, index) => nameOf(index))
  removeWholeModel(dir, names)
  for (const [index, shard] of shards.entries()) putTensors(join(dir, nameOf(index)), shard, dtype)
  if (shards.length === 1) return
  const shardNames = shards.flatMap((shard, index) => shard.map(({ name }) => [name, nameOf(index)] as const))
  const weightMap = Object.fromEntries(shardNames.sort(([a], [b]) => (a < b ? -1 : 1)))
  putJson(join(dir, INDEX_FILE), {
    metadata: { total_size: sources.reduce((total, source) => total + sizeBytesOf(source, dtype), 0) },
    weight_map: weightMap,
  })
}

function planShards(sources: readonly TensorSource[], dtype: FloatDtype, maxBytes: number): TensorSource[][] {
  const shards: TensorSource[][] = [[]]
  let sizeBytes = 0
  for (const source of sources) {
    const bytes = sizeBytesOf(source, dtype)
    if (sizeBytes > 0 && sizeBytes + bytes > maxBytes) {
      shards.push([])
      sizeBytes = 0
    }
    shards.at(-1)!.push(source)
    sizeBytes += bytes
  }
  return shards
}

function sizeBytesOf({ shape }: TensorSource, dtype: FloatDtype): number {
  return sizeOf(shape) * dtypes[dtype].bytesPerItem
}

/**
 * Removes the weights of a whole model from a folder: those of an earlier save would make a second model there.
 *
 * @param kept names of files that stay, because they are overwritten
 * @throws {StorageError} when the disk is failing
 */
export function removeWholeModel(dir: string, kept: readonly string[] = []): void {
  for (const name of readdirSync(dir)) {
    const isWeights = name === WEIGHTS_FILE || name === INDEX_FILE || shardFile.test(name)
    if (isWeights && !kept.includes(name)) removeFile(join(dir, name))
  }
}

/**
 * Writes tensors as a safetensors file, one after the other as they are made.
 *
 * @throws {DataError} when a value does not fit the precision
 * @throws {StorageError} when the disk is full or failing
 */
export function putTensors(file: string, sources: readonly TensorSource[], dtype: FloatDtype): void {
  const { blocks, sizeBytes } = layOutSafetensors(sources, { dtype })
  putBlocksAtomic(file, blocks(), sizeBytes)
}

function putJson(file: string, value: unknown): void {
  putAtomic(file, `${formatJson(value, { pretty: true })}\n`)
}
