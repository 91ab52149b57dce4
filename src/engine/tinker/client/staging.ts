import { existsSync, statfsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { DataError, StorageError } from '../../../core/errors.ts'
import { formatJson, parseJson } from '../../../core/json.ts'
import { openReader, readText } from '../../../core/read.ts'
import { ensureDir, openPart, type Part, putAtomic, removeDir, removeFile } from '../../../core/store.ts'
import { parseBody } from '../wire/json.ts'
import type { TarTarget } from './tar.ts'

/** Files that say that the rest is whole, so they get their names last. */
const LAST_FILES = ['adapter_config.json', 'config.json']

const WEIGHT_FILES = ['adapter_model.safetensors', 'model.safetensors', 'model.safetensors.index.json']
const ADAPTER_CONFIG = 'adapter_config.json'
const MAX_HEADER_BYTES = 10_000_000

/** A folder beside the one that files are meant for: they move there when all of them have come. */
export type Staging = TarTarget & {
  /** Throws away what has come. */
  restart(): void
  /** @throws {DataError} when there are no weights among the files */
  commit(): void
  /** Removes what was not committed. */
  discard(): void
}

/**
 * @param dir where the files shall lie
 * @param onBytes told how many bytes of files have come
 */
export function openStaging(dir: string, onBytes: (sizeBytes: number) => void): Staging {
  const target = resolve(dir)
  const staged = join(dirname(target), `.${basename(target)}.unpacked`)
  let names: string[] = []
  let part: Part | undefined
  let sizeBytes = 0
  const drop = (): void => {
    part?.close()
    removeDir(staged)
  }
  return {
    restart() {
      drop()
      ensureDir(staged)
      names = []
      sizeBytes = 0
    },
    begin(name, fileBytes) {
      const file = join(staged, name)
      assertRoom(file, staged, fileBytes)
      ensureDir(dirname(file))
      names.push(name)
      part = openPart(file)
    },
    write(block) {
      part?.append(block)
      sizeBytes += block.length
      onBytes(sizeBytes)
    },
    end: () => part?.close(),
    commit() {
      if (!names.some((name) => WEIGHT_FILES.includes(name))) {
        throw new DataError(`the archive holds no weights: ${names.slice(0, 10).join(', ')}`)
      }
      completeAdapter(staged)
      ensureDir(target)
      for (const name of LAST_FILES) removeFile(join(target, name))
      for (const name of [...names].sort((a, b) => Number(LAST_FILES.includes(a)) - Number(LAST_FILES.includes(b)))) {
        ensureDir(dirname(join(target, name)))
        openPart(join(staged, name)).finish(join(target, name))
      }
    },
    discard: drop,
  }
}

/** @throws {StorageError} E_NOSPACE when the disk cannot take so much: better now than when it is full */
function assertRoom(file: string, dir: string, needBytes: number): void {
  const { bavail, bsize } = statfsSync(dir)
  const haveBytes = bavail * bsize
  if (needBytes <= haveBytes) return
  throw new StorageError(`${file}: no space to unpack it: need ${needBytes} bytes, have ${haveBytes} bytes`, {
    code: 'E_NOSPACE',
    file,
    needBytes,
    haveBytes,
    hint: 'free some space and run the same command again; finished work is kept',
  })
}

const adapterSchema = z.looseObject({ target_modules: z.union([z.string(), z.array(z.string())]).nullish() })

/** Names the layers of an adapter where a server leaves them out: PEFT and vLLM do not load it without. */
function completeAdapter(dir: string): void {
  const file = join(dir, ADAPTER_CONFIG)
  const weights = join(dir, 'adapter_model.safetensors')
  if (!existsSync(file) || !existsSync(weights)) return
  const config = parseBody(adapterSchema, parseJson(readText(file), { file: ADAPTER_CONFIG }), ADAPTER_CONFIG)
  if (config.target_modules && config.target_modules.length > 0) return
  const names = tensorNames(weights).flatMap((name) => /([^.]+)\.lora_[AB]\./.exec(name)?.[1] ?? [])
  putAtomic(file, `${formatJson({ ...config, target_modules: [...new Set(names)].sort() }, { pretty: true })}\n`)
}

/** Names of the tensors in a safetensors file: its header is JSON behind an 8-byte length. */
function tensorNames(path: string): readonly string[] {
  const file = basename(path)
  const reader = openReader(path)
  try {
    const head = Buffer.alloc(8)
    if (reader.sizeBytes >= 8) reader.read(head, 0)
    const length = reader.sizeBytes < 8 ? Number.NaN : Number(head.readBigUInt64LE())
    if (!(length <= Math.min(reader.sizeBytes - 8, MAX_HEADER_BYTES))) {
      throw new DataError('the header is longer than the file', { file })
    }
    const bytes = Buffer.alloc(length)
    reader.read(bytes, 8)
    const header = parseJson(bytes.toString('utf8'), { file })
    return Object.keys(parseBody(z.record(z.string(), z.unknown()), header, file))
  } finally {
    reader.close()
  }
}
