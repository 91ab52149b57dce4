import { afterEach, describe, expect, test } from 'vitest'
import { createRng } from '../../core/rng.ts'
import type { Datum } from '../types.ts'
import { tinyDecoder } from './fixtures/tiny-decoder.ts'
import { initParameters } from './model/parameters.ts'
import { createSessionPool } from './session.ts'
import { createTrainer, type Trainer } from './trainer.ts'

const config = tinyDecoder

const limits = { threads: 2, maxTokensPerMicroBatch: 4096 }
const open: Pick<Trainer, 'close'>[] = []
afterEach(async () => {
  for (const trainer of open.splice(0)) await trainer.close()
})

function makeData(lengths: readonly number[]): readonly Datum[] {
  const rng = createRng(2, 'trainer memory')
  return lengths.map((length) => {
    const list = (draw: () => number) => Array.from({ length }, draw)
    const tokens = () => list(() => rng.int(config.vocabSize))
    return { inputTokens: tokens(), targetTokens: tokens(), weights: list(() => 0.5 + rng.uniform()) }
  })
}

test('a micro-batch that would not fit is refused before it is built, and a smaller one still runs', async () => {
  const availableBytes = () => 300_000
  const model = { config, base: initParameters(config, 1) }
  const [large, small] = [4096, 8].map((maxTokensPerMicroBatch) =>
    createTrainer(model, { threads: 2, maxTokensPerMicroBatch, availableBytes }),
  )
  open.push(large!, small!)
  const call = large!.forwardBackward(makeData([25, 25, 25, 25]), 'cross_entropy')
  await expect(call).rejects.toMatchObject({ code: 'E_MEMORY', exitCode: 1 })
  await expect(call).rejects.toThrow(
    /^training on 4 sequences of 32 tokens needs about \d.\d MB of memory, 0.3 MB are available:\n {2}activations /,
  )
  await expect(call).rejects.toHaveProperty('hint', 'set maxTokensPerMicroBatch below 128, or train an adapter (lora)')
  const { lossSum } = await small!.forwardBackward(makeData([6, 6, 6, 6]), 'cross_entropy')
  expect(lossSum).toBeGreaterThan(10)
})

describe('memory that a session keeps', () => {
  const alike = (count: number) => makeData(Array.from({ length: count }, () => 25))

  function watched(availableBytes: () => number) {
    const pool = createSessionPool({ threads: 2 })
    const trainer = createTrainer({ config, base: initParameters(config, 1) }, { ...limits, pool, availableBytes })
    open.push(pool)
    return { pool, trainer }
  }

  test('serves runs of its size although nothing more is free, and larger ones only as far as it helps', async () => {
    let free = 1e9
    const { pool, trainer } = watched(() => free)
    await trainer.forwardBackward(alike(4), 'cross_entropy')
    const [key = ''] = pool.keys
    const held = pool.heldBytes(key)
    expect(held).toBeGreaterThan(300_000)
    free = 0
    await trainer.forwardBackward(alike(3), 'cross_entropy')
    const call = trainer.forwardBackward(alike(8), 'cross_entropy')
    await expect(call).rejects.toMatchObject({ code: 'E_MEMORY' })
    free = 1.1 * held
    await trainer.forwardBackward(alike(8), 'cross_entropy')
    expect(pool.heldBytes(key)).toBeGreaterThan(1.5 * held)
  })

  test('is given back by idle sessions before a run is refused', async () => {
    const { pool, trainer } = watched(() => (pool.keys.some((key) => key.includes('cross_entropy')) ? 0 : 1e9))
    await trainer.forward(alike(4), 'cross_entropy')
    const [forward] = pool.keys
    await trainer.forwardBackward(alike(4), 'cross_entropy')
    expect(pool.keys.length).toBe(2)
    await trainer.forward(alike(8), 'cross_entropy')
    expect(pool.keys).toEqual([forward])
  })
})

test('one session serves batches of all sizes, and those before leave no trace in the bits', async () => {
  const pool = createSessionPool({ threads: 2 })
  const model = { config, base: initParameters(config, 1) }
  const [used, fresh] = [createTrainer(model, { ...limits, pool }), createTrainer(model, limits)]
  open.push(fresh, pool)
  for (const list of [[3], [30, 30, 29], [12, 4, 5, 5], [17]]) {
    await used.forwardBackward(makeData(list), 'cross_entropy')
    expect(pool.keys.length).toBe(1)
  }
  const data = makeData([9, 4, 17, 6, 6, 25, 3])
  used.clearGradients()
  const expected = await fresh.forwardBackward(data, 'cross_entropy')
  expect(await used.forwardBackward(data, 'cross_entropy')).toEqual(expected)
  expect(used.gradients).toEqual(fresh.gradients)
  expect(Math.hypot(...used.gradients)).toBeGreaterThan(1)
})
