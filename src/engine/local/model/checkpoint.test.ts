import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { AuditError, DataError, StorageError } from '../../../core/errors.ts'
import { hashFile } from '../../../core/hash.ts'
import type { DecoderConfig, LoraConfig } from '../../types.ts'
import { createAdamState } from './adamw.ts'
import { loadState, saveState, type TrainingState } from './checkpoint.ts'
import type { Model } from './model.ts'
import { createParameters, initAdapter, initParameters } from './parameters.ts'

const decoder: DecoderConfig = {
  vocabSize: 5,
  hiddenSize: 4,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 1,
  headDim: 2,
  intermediateSize: 3,
  maxPositions: 8,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}
const root = mkdtempSync(join(tmpdir(), 'checkpoint-'))
afterAll(() => rmSync(root, { recursive: true }))
let dir = ''
let count = 0
beforeEach(() => {
  count += 1
  dir = join(root, `${count}`)
})

/** A state in which every number is different. */
function fresh(fill: number, config = decoder): TrainingState {
  const parameters = createParameters(config)
  const adam = createAdamState(parameters.flat.length)
  for (const [index, array] of [parameters.flat, adam.first, adam.second].entries())
    array.forEach((_, i) => {
      array[i] = fill * (i + 1 + index / 4)
    })
  adam.step = 7 * fill
  return { model: { config, base: parameters }, adam }
}

const numbers = ({ model, adam }: TrainingState) => [
  adam.step,
  [...(model.adapter?.parameters ?? model.base).flat],
  [...adam.first],
  [...adam.second],
]

describe('round trip', () => {
  test('weights, moments and step come back bit for bit', () => {
    saveState(dir, fresh(1))
    const target = fresh(2)
    loadState(dir, target, true)
    expect(numbers(target)).toEqual(numbers(fresh(1)))
  })

  test('without the optimizer, moments and step start at zero', () => {
    saveState(dir, fresh(1))
    const target = fresh(2)
    loadState(dir, target, false)
    expect([...target.model.base.flat]).toEqual([...fresh(1).model.base.flat])
    expect(target.adam).toEqual(createAdamState(target.model.base.flat.length))
  })

  test('equal states give equal bytes, and saving over an older state replaces it', () => {
    saveState(dir, fresh(2))
    saveState(dir, fresh(1))
    saveState(join(dir, 'again'), fresh(1))
    const files = ['model.safetensors', 'optimizer.safetensors', 'state.json']
    expect(readdirSync(dir).sort()).toEqual(['again', ...files])
    for (const file of files) expect(readFileSync(join(dir, file))).toEqual(readFileSync(join(dir, 'again', file)))
  })
})

test('checkpoints of the first release are written byte for byte', () => {
  // Hashes of the files that commit 24c5b60 wrote for the same state.
  const expected = {
    true: ['e3f90920d9f2df99', 'decfa2472f0ffbfe', '9f7a16bde4bbad9f'],
    false: ['3f1bb4d08751357e', 'e10c5214cb25cb3f', '0ae4cbb84077a26f'],
  }
  for (const qkNorm of [true, false]) {
    const config = { ...decoder, numLayers: 2, tieEmbeddings: qkNorm, qkNorm }
    const base = initParameters(config, 1)
    const adam = createAdamState(base.flat.length)
    adam.step = 3
    for (const [index, value] of base.flat.entries()) {
      adam.first[index] = value / 2
      adam.second[index] = value * value
    }
    saveState(join(dir, `${qkNorm}`), { model: { config, base }, adam })
    const files = ['model.safetensors', 'optimizer.safetensors', 'state.json']
    const hashes = files.map((file) => hashFile(join(dir, `${qkNorm}`, file)).sha256.slice(0, 16))
    expect(hashes).toEqual(expected[`${qkNorm}`])
  }
})

test('a save that fails half-way leaves no checkpoint, not one of mixed files', () => {
  saveState(dir, fresh(1))
  // a directory in the place of the second file makes its write fail
  rmSync(join(dir, 'optimizer.safetensors'))
  mkdirSync(join(dir, 'optimizer.safetensors', 'occupied'), { recursive: true })
  expect(() => saveState(dir, fresh(2))).toThrow(StorageError)
  expectRefusal(DataError, 'state.json')
})

/** Loads and expects the error, the file it names, and a target that was left alone. */
function expectRefusal(errorClass: typeof AuditError | typeof DataError, file: string, config = decoder): void {
  const target = fresh(3, config)
  const load = () => loadState(dir, target, true)
  expect(load).toThrow(errorClass)
  expect(load).toThrow(expect.objectContaining({ file: join(dir, file), hint: expect.any(String) }))
  expect(numbers(target)).toEqual(numbers(fresh(3, config)))
}

describe('damage is named and changes nothing', () => {
  test.each(['model.safetensors', 'optimizer.safetensors', 'state.json'])('one flipped bit anywhere in %s', (file) => {
    saveState(dir, fresh(1))
    const good = readFileSync(join(dir, file))
    const stride = Math.ceil(good.length / 150)
    for (let at = 0; at < good.length; at += stride) {
      const bad = Buffer.from(good)
      bad[at]! ^= 1 << (at % 8)
      writeFileSync(join(dir, file), bad)
      const isBlank =
        file === 'state.json' && [0x20, 0x0a].includes(good[at]!) && [0x20, 0x0a, 0x0d, 0x09].includes(bad[at]!)
      if (!isBlank) expectRefusal(AuditError, file)
    }
  })

  test.each(['model.safetensors', 'optimizer.safetensors', 'state.json'])('%s cut short', (file) => {
    saveState(dir, fresh(1))
    writeFileSync(join(dir, file), readFileSync(join(dir, file)).subarray(0, -2))
    expectRefusal(AuditError, file)
  })

  test('the weights of another checkpoint', () => {
    saveState(dir, fresh(1))
    saveState(join(dir, 'other'), fresh(2))
    copyFileSync(join(dir, 'other', 'model.safetensors'), join(dir, 'model.safetensors'))
    expectRefusal(AuditError, 'model.safetensors')
  })

  test('a file that is gone', () => {
    saveState(dir, fresh(1))
    rmSync(join(dir, 'optimizer.safetensors'))
    expectRefusal(AuditError, 'optimizer.safetensors')
  })
})

describe('what is no checkpoint of this model', () => {
  test('a directory that does not exist', () => expectRefusal(DataError, 'state.json'))

  test('an interrupted save, which has no state.json', () => {
    saveState(dir, fresh(1))
    rmSync(join(dir, 'state.json'))
    expectRefusal(DataError, 'state.json')
  })

  test.each([{ hiddenSize: 6 }, { ropeTheta: 5000 }, { qkNorm: false }])('a decoder of another %o', (change) => {
    saveState(dir, fresh(1))
    const field = Object.keys(change)[0]!
    expectRefusal(DataError, 'state.json', { ...decoder, ...change })
    expect(() => loadState(dir, fresh(3, { ...decoder, ...change }), true)).toThrow(`decoder.${field}`)
  })
})

describe('a checkpoint of an adapter', () => {
  const lora: LoraConfig = { rank: 2, alpha: 4, targets: ['q_proj', 'lm_head'] }
  const biased: DecoderConfig = {
    ...decoder,
    qkNorm: false,
    attentionBias: 'qkv',
    ropeScaling: {
      kind: 'yarn',
      factor: 4,
      originalMaxPositions: 8,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 1.1,
      truncate: true,
    },
  }

  function adapted(seed: number, settings: LoraConfig = lora, baseSeed = 1): TrainingState {
    const model: Model = {
      config: biased,
      base: initParameters(biased, baseSeed),
      adapter: { lora: settings, parameters: initAdapter(biased, settings, seed) },
    }
    const adam = createAdamState(model.adapter!.parameters.flat.length)
    adam.first.fill(seed)
    adam.second.fill(seed / 2)
    adam.step = seed
    return { model, adam }
  }

  test('holds the adapter and its moments alone, and comes back bit for bit', () => {
    saveState(dir, adapted(3))
    expect(readdirSync(dir).sort()).toEqual(['adapter_model.safetensors', 'optimizer.safetensors', 'state.json'])
    const target = adapted(4)
    loadState(dir, target, true)
    expect(numbers(target)).toEqual(numbers(adapted(3)))
    expect([...target.model.base.flat]).toEqual([...adapted(4).model.base.flat])
  })

  test('over another base is refused, naming both', () => {
    saveState(dir, adapted(3))
    const target = adapted(4, lora, 2)
    const load = () => loadState(dir, target, true)
    expect(load).toThrow(AuditError)
    const { baseSha256 } = JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8'))
    expect(load).toThrow(
      expect.objectContaining({ expected: baseSha256, found: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    )
    expect(numbers(target)).toEqual(numbers(adapted(4, lora, 2)))
  })

  test.each([
    ['rank', { rank: 3 }],
    ['alpha', { alpha: 8 }],
    ['targets', { targets: ['q_proj'] }],
  ] as const)('with another %s is refused by name', (field, change) => {
    saveState(dir, adapted(3))
    const load = () => loadState(dir, adapted(4, { ...lora, ...change }), true)
    expect(load).toThrow(expect.objectContaining({ code: 'E_DATA', field: `lora.${field}` }))
  })

  test('and one of a whole model are not taken for each other', () => {
    saveState(dir, adapted(3))
    expect(() => loadState(dir, fresh(1, biased), true)).toThrow(
      'a checkpoint of an adapter, the model is a whole model',
    )
    saveState(join(dir, 'whole'), fresh(1, biased))
    expect(() => loadState(join(dir, 'whole'), adapted(3), true)).toThrow(
      'a checkpoint of a whole model, the model is an adapter',
    )
  })

  test('of another scaling of positions is refused by name', () => {
    saveState(dir, fresh(1, biased))
    const { ropeScaling: _, ...unscaled } = biased
    expect(() => loadState(dir, fresh(1, unscaled), true)).toThrow('the model has not set')
    const other = { ...biased, ropeScaling: { kind: 'linear', factor: 4 } as const }
    expect(() => loadState(dir, fresh(1, other), true)).toThrow(
      expect.objectContaining({ field: 'decoder.ropeScaling' }),
    )
  })

  test('with a NaN is refused and changes nothing', () => {
    const broken = adapted(3)
    broken.adam.second[4] = Number.NaN
    saveState(dir, broken)
    const target = adapted(4)
    expect(() => loadState(dir, target, true)).toThrow('holds NaN at')
    expect(numbers(target)).toEqual(numbers(adapted(4)))
  })
})
