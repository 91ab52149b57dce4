import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../../core/errors.ts'
import { parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import { openSafetensors, type SafetensorsReader } from '../safetensors.ts'
import { readFields } from './fields.ts'
import { type StoredTensors, storedTensors } from './stored.ts'

/** Weights of a model in one file. */
export const WEIGHTS_FILE = 'model.safetensors'
/** Says in which of several files each tensor is. */
export const INDEX_FILE = 'model.safetensors.index.json'

/** Formats that can run code or hold quantised weights; never opened. */
const otherFormats = /\.(bin|pt|pth|ckpt|pkl|gguf|ggml|h5|msgpack|onnx)$/

/** A shard is a plain file beside the index: no folder, no parent, nothing hidden. */
const shardName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors$/

/**
 * What `use` returns for all tensors of a model folder, in one file or in shards, which are open meanwhile.
 *
 * @throws {DataError} when the folder has no safetensors weights or two sets of them, a file is malformed, or the index
 *   does not say the truth
 */
export function withModelTensors<Result>(dir: string, use: (stored: StoredTensors) => Result): Result {
  const stored = openModelTensors(dir)
  try {
    return use(stored)
  } finally {
    stored.close()
  }
}

function openModelTensors(dir: string): StoredTensors {
  const [weightsFile, indexFile] = [join(dir, WEIGHTS_FILE), join(dir, INDEX_FILE)]
  const isSharded = existsSync(indexFile)
  if (existsSync(weightsFile)) {
    if (isSharded)
      throw new DataError(`lies beside ${INDEX_FILE}: two sets of weights`, {
        file: weightsFile,
        hint: 'remove the one that does not belong to the model',
      })
    const reader = openSafetensors(weightsFile)
    return { place: weightsFile, tensors: storedTensors(reader), close: reader.close }
  }
  if (!isSharded) throw noWeights(dir)
  return openShards(dir, indexFile)
}

/**
 * The shard of each tensor, as an index says.
 *
 * @throws {DataError} when it is malformed, or a shard is not a file beside it
 */
export function readShardIndex(indexFile: string): ReadonlyMap<string, string> {
  const index = readFields(parseJson(readText(indexFile), { file: indexFile }), indexFile)
  const weightMap = index.object('weight_map') ?? index.refuse('weight_map', 'is missing')
  const names = weightMap.names()
  if (names.length === 0) index.refuse('weight_map', 'is empty')
  return new Map(
    names.map((name) => {
      const shard = weightMap.text(name) ?? weightMap.refuse(name, 'names no file')
      return shardName.test(shard)
        ? [name, shard]
        : weightMap.refuse(name, `names "${shard.slice(0, 80)}", which is not a .safetensors file beside the index`)
    }),
  )
}

function openShards(dir: string, indexFile: string): StoredTensors {
  const shardOf = readShardIndex(indexFile)
  const readers: SafetensorsReader[] = []
  const close = () => {
    for (const reader of readers) reader.close()
  }
  try {
    for (const shard of [...new Set(shardOf.values())].sort()) {
      if (!existsSync(join(dir, shard)))
        throw new DataError(`shard ${shard} is missing`, {
          file: indexFile,
          field: shard,
          hint: 'the download or the copy is not complete: fetch the model again',
        })
      readers.push(openSafetensors(join(dir, shard)))
    }
    for (const reader of readers) checkShard(reader, shardOf, indexFile, dir)
    const tensors = new Map(readers.flatMap((reader) => [...storedTensors(reader)]))
    for (const [name, shard] of shardOf)
      if (!tensors.has(name)) throw lie(indexFile, name, `says that tensor "${name}" is in ${shard}, it is in no shard`)
    return { place: indexFile, tensors, close }
  } catch (cause) {
    close()
    throw cause
  }
}

/** Each tensor of a shard must be the one the index means: then none is there twice, and none is unknown. */
function checkShard(
  reader: SafetensorsReader,
  shardOf: ReadonlyMap<string, string>,
  indexFile: string,
  dir: string,
): void {
  for (const name of reader.entries.keys()) {
    const shard = shardOf.get(name)
    if (shard === undefined) throw lie(indexFile, name, `does not know tensor "${name}" of ${reader.file}`)
    if (join(dir, shard) !== reader.file)
      throw lie(indexFile, name, `says that tensor "${name}" is in ${shard}, it is in ${reader.file}`)
  }
}

function lie(file: string, field: string, message: string): DataError {
  return new DataError(message, {
    file,
    field,
    hint: 'index and shards are of different exports: fetch the model again',
  })
}

function noWeights(dir: string): DataError {
  const found = existsSync(dir) ? readdirSync(dir).filter((name) => otherFormats.test(name)) : []
  if (found.length === 0)
    return new DataError(`no ${WEIGHTS_FILE} in this folder`, {
      file: dir,
      hint: 'name a folder in the Hugging Face layout: config.json and safetensors weights',
    })
  return new DataError(`${found.sort()[0]} is of a format that is never opened: only safetensors is read`, {
    file: dir,
    hint: 'convert it once with transformers: AutoModelForCausalLM.from_pretrained(folder).save_pretrained(new_folder)',
  })
}
