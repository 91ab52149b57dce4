import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { scriptedEngine } from '../engine/scripted/index.ts'
import { createBestKeeper } from './sft-best.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-best-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const open = async (name: string, patience: number | null = 2) => {
  const dir = join(root, name)
  const client = await scriptedEngine.create({ respond: () => ({ tokens: [1] }) })
  return { dir, client, keeper: createBestKeeper(dir, client, patience) }
}
const kept = (dir: string): string[] => readdirSync(join(dir, 'checkpoints')).sort()

test('training stops after so many looks without a lower loss, and the lowest is what is loaded', async () => {
  const { dir, client, keeper } = await open('stop')
  const stops: (string | null)[] = []
  for (const [step, loss] of [
    [10, 2],
    [20, 1],
    [30, 1.5],
    [40, 1.1],
  ] as const)
    stops.push((await keeper.see(step, loss)).stop)
  expect(stops).toEqual([null, null, null, 'held-out loss has not fallen in 2 looks'])
  expect(keeper.best()).toEqual({ step: 20, loss: 1 })
  expect(kept(dir)).toEqual(['best-000020'])
  await keeper.load()
  expect(client.calls.at(-1)).toEqual({
    method: 'loadState',
    dir: join(dir, 'checkpoints', 'best-000020'),
    optimizer: true,
  })
})

test('a lower loss starts the waiting anew, an equal one does not, and null waits for ever', async () => {
  const { keeper } = await open('anew')
  for (const [step, loss] of [
    [1, 3],
    [2, 3],
    [3, 2],
    [4, 2],
  ] as const)
    expect((await keeper.see(step, loss)).stop).toBeNull()
  expect((await keeper.see(5, 2)).stop).not.toBeNull()
  const patient = (await open('patient', null)).keeper
  for (let step = 1; step < 50; step++) expect((await patient.see(step, step)).stop).toBeNull()
})

test('a loss that is no number is never the best', async () => {
  const { keeper } = await open('nan')
  expect(await keeper.see(1, Number.NaN)).toEqual({ isBest: false, stop: null })
  expect(keeper.best()).toBeNull()
  await keeper.load()
})

test('a checkpoint that the loop’s last record may name stays until a later record is out', async () => {
  const { dir, keeper } = await open('kept')
  await keeper.see(10, 5)
  keeper.snapshot()
  await keeper.see(20, 4)
  expect(kept(dir)).toEqual(['best-000010', 'best-000020'])
  keeper.snapshot()
  await keeper.see(30, 3)
  expect(kept(dir)).toEqual(['best-000010', 'best-000020', 'best-000030'])
  keeper.snapshot()
  await keeper.see(40, 2)
  expect(kept(dir)).toEqual(['best-000020', 'best-000030', 'best-000040'])
})

test('a restored keeper goes on where the snapshot was', async () => {
  const first = await open('restored')
  await first.keeper.see(10, 5)
  await first.keeper.see(20, 6)
  const state = JSON.parse(JSON.stringify(first.keeper.snapshot())) as unknown
  const again = createBestKeeper(first.dir, first.client, 2)
  again.restore(state)
  expect(again.best()).toEqual({ step: 10, loss: 5 })
  expect((await again.see(30, 7)).stop).not.toBeNull()
  await again.load()
  expect(existsSync(join(first.dir, 'checkpoints', 'best-000010'))).toBe(true)
  expect(() => again.restore({ best: 3 })).toThrow()
})
