import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ensureDir } from '../../../core/store.ts'
import { createEphemerals } from './ephemerals.ts'
import { freshDir } from './fixtures/tiny-server.ts'

function trial(maxEphemeralSnapshots: number) {
  const dir = join(freshDir(), 'ephemeral')
  ensureDir(join(dir, 'of-an-earlier-server'))
  const dropped: string[] = []
  const removed: string[] = []
  const drop = async (folder: string) => void dropped.push(folder.slice(dir.length + 1))
  const ephemerals = createEphemerals(dir, { maxEphemeralSnapshots }, { drop })
  ephemerals.onRemove((id) => removed.push(id))
  const add = async (id: string, runId = 'run') => {
    ensureDir(ephemerals.dirOf(id))
    await ephemerals.added(id, runId)
  }
  const kept = (...ids: readonly string[]) => ids.filter((id) => ephemerals.has(id))
  return { ...ephemerals, dir, dropped, removed, add, kept }
}

describe('unnamed snapshots', () => {
  test('of an earlier server are gone', () => {
    const { dir } = trial(1)
    expect(existsSync(dir)).toBe(false)
  })

  test('stay while they are among those of their run that were used last', async () => {
    const { add, use, kept, dropped, removed } = trial(2)
    for (const id of ['a', 'b']) await add(id)
    await add('other', 'another run')
    await use('a', async () => {})
    await add('c')
    expect(kept('a', 'b', 'c', 'other')).toEqual(['a', 'c', 'other'])
    expect([dropped, removed]).toEqual([['b'], ['b']])
  })

  test('in use are kept beside the others, until the use has ended', async () => {
    const { add, use, kept } = trial(1)
    await add('a')
    let end = () => {}
    const first = use('a', () => new Promise<void>((resolve) => (end = resolve)))
    for (const id of ['b', 'c']) await add(id)
    expect(kept('a', 'b', 'c')).toEqual(['a', 'c'])
    end()
    await first
    expect(kept('a', 'b', 'c')).toEqual(['c'])
  })

  test('go with their run, those in use when it has ended, well or not', async () => {
    const { add, use, dropRun, kept } = trial(4)
    for (const id of ['a', 'b']) await add(id)
    await add('other', 'another run')
    const failing = use('a', async () => {
      await dropRun('run')
      expect(kept('a', 'b', 'other')).toEqual(['a', 'other'])
      throw new RangeError('engine')
    })
    await expect(failing).rejects.toThrow('engine')
    expect(kept('a', 'b', 'other')).toEqual(['other'])
  })
})
