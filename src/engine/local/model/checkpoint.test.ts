import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { AuditError, DataError, StorageError } from '../../../core/errors.ts'
import { createAdamState } from './adamw.ts'
import { loadState, saveState, type TrainingState } from './checkpoint.ts'
import { createParameters } from './parameters.ts'

const decoder = {
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
  return { decoder: config, parameters, adam }
}

const numbers = ({ parameters, adam }: TrainingState) => [
  adam.step,
  [...parameters.flat],
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
    expect([...target.parameters.flat]).toEqual([...fresh(1).parameters.flat])
    expect(target.adam).toEqual(createAdamState(target.parameters.flat.length))
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
