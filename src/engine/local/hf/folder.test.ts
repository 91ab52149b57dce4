import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { DataError, EngineError } from '../../../core/errors.ts'
import { modelHash, weightsHash } from '../model/hash.ts'
import type { Model } from '../model/model.ts'
import { initParameters } from '../model/parameters.ts'
import { saveWeights } from '../model/weights.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../safetensors.ts'
import { loadBase, readDecoder } from './folder.ts'

const decoder = {
  vocabSize: 6,
  hiddenSize: 4,
  numLayers: 2,
  numHeads: 2,
  numKeyValueHeads: 1,
  headDim: 2,
  intermediateSize: 3,
  maxPositions: 8,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: false,
  attentionBias: 'qkv' as const,
}
const root = mkdtempSync(join(tmpdir(), 'folder-'))
afterAll(() => rmSync(root, { recursive: true }))
const model: Model = { config: decoder, base: initParameters(decoder, 3) }
const hash = modelHash(model)

let count = 0
/** A folder with the model, in one file or in shards. */
function folder(options: { readonly maxShardBytes?: number } = {}): string {
  count += 1
  const dir = join(root, `${count}`)
  saveWeights(dir, model, options)
  return dir
}

function change(file: string, edit: (tensors: Map<string, Tensor>) => void): void {
  const tensors = new Map(decodeSafetensors(readFileSync(file), file).tensors)
  edit(tensors)
  writeFileSync(file, encodeSafetensors(tensors))
}

function changeJson(file: string, edit: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(file, 'utf8'))
  edit(json)
  writeFileSync(file, JSON.stringify(json))
}

const weightsOf = (dir: string) => join(dir, 'model.safetensors')
const shardsOf = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.startsWith('model-'))
    .map((name) => join(dir, name))
const norm = 'model.norm.weight'
const embedding = 'model.embed_tokens.weight'

describe('a base is loaded', () => {
  test('from one file and from shards, with the same weights', () => {
    for (const dir of [folder(), folder({ maxShardBytes: 300 })]) {
      const { decoder: found, parameters } = loadBase(dir)
      expect(found).toEqual(decoder)
      expect(weightsHash(parameters)).toBe(hash)
    }
    expect(shardsOf(folder({ maxShardBytes: 300 })).length).toBeGreaterThan(2)
  })

  test('through symbolic links, as the cache of Hugging Face has them', () => {
    const [from, to] = [folder(), join(root, 'links')]
    mkdirSync(to)
    for (const name of readdirSync(from)) symlinkSync(join(from, name), join(to, name))
    expect(weightsHash(loadBase(to).parameters)).toBe(hash)
  })

  test('with the rotary tables that old exports repeat', () => {
    const dir = folder()
    change(weightsOf(dir), (tensors) =>
      tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', { shape: [1], values: Float32Array.of(1) }),
    )
    expect(weightsHash(loadBase(dir).parameters)).toBe(hash)
  })

  test('with the tied matrix under the name of the head alone', () => {
    const dir = folder()
    change(weightsOf(dir), (tensors) => {
      tensors.set('lm_head.weight', tensors.get(embedding)!)
      tensors.delete(embedding)
    })
    expect(weightsHash(loadBase(dir).parameters)).toBe(hash)
  })

  test('block by block: a tensor of several blocks arrives whole', () => {
    const wide = { ...decoder, vocabSize: 300_000, numLayers: 1 }
    const parameters = initParameters(wide, 4)
    expect(parameters.specs[0]!.size).toBeGreaterThan(1 << 20)
    const dir = join(root, 'wide')
    saveWeights(dir, { config: wide, base: parameters }, { dtype: 'bfloat16' })
    const loaded = loadBase(dir).parameters
    for (const at of [0, (1 << 20) - 1, 1 << 20, 1_199_999])
      expect(loaded.flat[at]).toBeCloseTo(parameters.flat[at]!, 3)
  })
})

describe('a folder that is no model of these families is refused before its weights are opened', () => {
  test('nothing there, or no config', () => {
    expect(() => loadBase(join(root, 'none'))).toThrow('no config.json in this folder')
  })

  test('a kind that the engine does not compute', () => {
    const dir = folder()
    changeJson(join(dir, 'config.json'), (json) => {
      json.architectures = ['GPT2LMHeadModel']
    })
    rmSync(weightsOf(dir))
    expect(() => loadBase(dir)).toThrow('"GPT2LMHeadModel" is not supported')
    expect(() => readDecoder(dir)).toThrow(DataError)
  })

  test.each(['pytorch_model.bin', 'model-q4.gguf', 'model.pt'])('weights in %s', (name) => {
    const dir = folder()
    rmSync(weightsOf(dir))
    writeFileSync(join(dir, name), 'x')
    expect(() => loadBase(dir)).toThrow(`${name} is of a format that is never opened`)
    expect(() => loadBase(dir)).toThrow(expect.objectContaining({ hint: expect.stringContaining('save_pretrained') }))
  })

  test('no weights, or two sets of them', () => {
    const dir = folder({ maxShardBytes: 300 })
    writeFileSync(weightsOf(dir), readFileSync(weightsOf(folder())))
    expect(() => loadBase(dir)).toThrow('two sets of weights')
    const bare = folder()
    rmSync(weightsOf(bare))
    expect(() => loadBase(bare)).toThrow('no model.safetensors in this folder')
  })

  test('more weights than one array can hold', () => {
    vi.stubGlobal(
      'Float32Array',
      class {
        constructor() {
          throw new RangeError('Invalid typed array length')
        }
      },
    )
    try {
      expect(() => loadBase(join(root, '1'))).toThrow(EngineError)
      expect(() => loadBase(join(root, '1'))).toThrow(expect.objectContaining({ code: 'E_MEMORY' }))
    } finally {
      vi.unstubAllGlobals()
    }
  })
})

describe('weights that do not fit the config are refused by name', () => {
  const cases: readonly (readonly [string, (tensors: Map<string, Tensor>) => void, string])[] = [
    ['a missing tensor', (t) => t.delete(norm), `tensor "${norm}" is missing`],
    ['a missing bias', (t) => t.delete('model.layers.1.self_attn.k_proj.bias'), 'k_proj.bias" is missing'],
    [
      'a bias too many',
      (t) => t.set('model.layers.0.self_attn.o_proj.bias', t.get(norm)!),
      'has no place in the model',
    ],
    [
      'a padded vocabulary',
      (t) => t.set(embedding, { shape: [7, 4], values: new Float32Array(28) }),
      'has shape [7, 4]',
    ],
    ['a NaN', (t) => t.get(norm)!.values.set([NaN], 2), `tensor "${norm}" holds NaN at 2`],
    ['a tied head of another shape', (t) => t.set('lm_head.weight', t.get(norm)!), 'differs from'],
  ]
  test.each(cases)('%s', (_title, edit, message) => {
    const dir = folder()
    change(weightsOf(dir), edit)
    expect(() => loadBase(dir)).toThrow(DataError)
    expect(() => loadBase(dir)).toThrow(message)
  })

  test('an untied model without a head', () => {
    const dir = folder()
    changeJson(join(dir, 'config.json'), (json) => {
      json.tie_word_embeddings = false
    })
    expect(() => loadBase(dir)).toThrow('tensor "lm_head.weight" is missing')
  })

  test('a file cut short, at any byte', () => {
    const dir = folder()
    const bytes = readFileSync(weightsOf(dir))
    for (let length = 0; length < bytes.length; length += 37) {
      writeFileSync(weightsOf(dir), bytes.subarray(0, length))
      expect(() => loadBase(dir)).toThrow(DataError)
    }
  })

  test('a header far larger than any model needs is not read', () => {
    const dir = folder()
    const bytes = Buffer.alloc(11_000_000, 0x20)
    bytes.writeBigUInt64LE(10_900_000n)
    writeFileSync(weightsOf(dir), bytes)
    expect(() => loadBase(dir)).toThrow('exceeds the limit of 10000000')
  })
})

describe('an index that lies is found out', () => {
  type Index = { weight_map: Record<string, unknown> }
  const faults: readonly (readonly [string, (index: Index, dir: string) => void, string])[] = [
    ['a shard that is gone', (_, dir) => rmSync(shardsOf(dir)[1]!), 'is missing'],
    [
      'a tensor in another shard than it says',
      ({ weight_map: map }) => {
        map[embedding] = map[norm]
      },
      `says that tensor "${embedding}" is in`,
    ],
    [
      'a tensor that no shard has',
      ({ weight_map: map }) => {
        map.phantom = map[norm]
      },
      'says that tensor "phantom" is in',
    ],
    [
      'a tensor that it does not know',
      ({ weight_map: map }) => {
        delete map[norm]
      },
      `does not know tensor "${norm}"`,
    ],
    [
      'a tensor in two shards',
      (_, dir) =>
        change(shardsOf(dir)[0]!, (tensors) => tensors.set(norm, { shape: [4], values: new Float32Array(4).fill(9) })),
      `says that tensor "${norm}" is in`,
    ],
    [
      'no map',
      (index) => {
        Object.assign(index, { weight_map: undefined })
      },
      'weight_map is missing',
    ],
    [
      'an empty map',
      (index) => {
        index.weight_map = {}
      },
      'weight_map is empty',
    ],
    ...['../1/model.safetensors', '/etc/passwd', '..', 'a\\b.safetensors', '.hidden.safetensors', 'model.bin', 7].map(
      (name) =>
        [
          `the shard name ${name}`,
          ({ weight_map: map }: Index) => {
            map[norm] = name
          },
          typeof name === 'string' ? 'is not a .safetensors file beside the index' : 'is not a text',
        ] as const,
    ),
  ]
  test.each(faults)('%s', (_title, edit, message) => {
    const dir = folder({ maxShardBytes: 300 })
    changeJson(join(dir, 'model.safetensors.index.json'), (json) => edit(json as Index, dir))
    expect(() => loadBase(dir)).toThrow(DataError)
    expect(() => loadBase(dir)).toThrow(message)
  })

  test('a tensor named twice', () => {
    const dir = folder({ maxShardBytes: 300 })
    const file = join(dir, 'model.safetensors.index.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('{', `{"weight_map":{},`))
    expect(() => loadBase(dir)).toThrow('key "weight_map" appears twice')
  })
})
