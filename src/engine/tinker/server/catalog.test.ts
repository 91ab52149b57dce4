import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import { type Catalog, openCatalog } from './catalog.ts'
import { freshDir } from './fixtures/tiny-server.ts'
import type { RunRecord } from './records.ts'

const run: RunRecord = {
  runId: 'session_1:train:0',
  sessionId: 'session_1',
  baseModel: 'tiny',
  baseHash: null,
  lora: { rank: 4, alpha: 32, targets: ['q_proj', 'lm_head'] },
  seed: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  lastRequestAt: '2026-01-01T00:00:00.000Z',
  usage: { trained: 1, scored: 2, prefilled: 3, sampled: 4 },
  corrupted: false,
  userMetadata: { study: 'a' },
}
const id = { runId: run.runId, kind: 'weights', name: 'step-1' } as const

async function save(catalog: Catalog, text: string, options: Parameters<Catalog['save']>[1] = {}) {
  return catalog.save(id, options, async (dir) => writeFileSync(join(dir, 'x'), text))
}

describe('checkpoints', () => {
  test('and runs are found again by the next server', async () => {
    const dir = freshDir()
    const first = openCatalog(dir)
    first.putRun(run)
    const saved = await save(first, 'weights', { userMetadata: { note: 'n' } })
    const second = openCatalog(dir)
    expect(second.runs()).toEqual([run])
    expect(second.checkpoints()).toEqual([saved])
    expect(saved.record.sizeBytes).toBe(7)
    expect(readFileSync(join(second.find(id)!.dir, 'x'), 'utf8')).toBe('weights')
  })

  test('keep a name for the first, unless it may be overwritten', async () => {
    const catalog = openCatalog(freshDir())
    catalog.putRun(run)
    const old = await save(catalog, 'old')
    await expect(save(catalog, 'new')).rejects.toThrow('exists')
    await save(catalog, 'new', { overwrite: true })
    expect(readFileSync(join(catalog.find(id)!.dir, 'x'), 'utf8')).toBe('new')
    expect(existsSync(old.dir)).toBe(false)
  })

  test('that could not be written leave nothing, and an old one as it was', async () => {
    const catalog = openCatalog(freshDir())
    catalog.putRun(run)
    const fail = () => catalog.save(id, { overwrite: true }, () => Promise.reject(new DataError('disk')))
    await expect(fail()).rejects.toThrow('disk')
    expect(catalog.find(id)).toBe(undefined)
    await save(catalog, 'old')
    await expect(fail()).rejects.toThrow('disk')
    expect(readFileSync(join(catalog.find(id)!.dir, 'x'), 'utf8')).toBe('old')
  })

  test('never share a folder with one that was there before, under any name', async () => {
    const dir = freshDir()
    const catalog = openCatalog(dir)
    catalog.putRun(run)
    const first = await save(catalog, 'a')
    expect(catalog.remove(id)).toBe(true)
    const second = await save(catalog, 'b')
    expect(second.dir).not.toBe(first.dir)
    const next = openCatalog(dir)
    const other = await next.save({ ...id, name: 'step-2' }, {}, async () => {})
    expect(other.record.folder).not.toBe(second.record.folder)
  })

  test('deleted while they are replaced give way to the new one', async () => {
    const dir = freshDir()
    const catalog = openCatalog(dir)
    catalog.putRun(run)
    await save(catalog, 'old')
    const replaced = await catalog.save(id, { overwrite: true }, async (folder) => {
      expect(catalog.remove(id)).toBe(true)
      await expect(save(catalog, 'between')).rejects.toThrow('exists')
      writeFileSync(join(folder, 'x'), 'new')
    })
    for (const each of [catalog, openCatalog(dir)]) expect(each.checkpoints()).toEqual([replaced])
    expect(readFileSync(join(replaced.dir, 'x'), 'utf8')).toBe('new')
    expect(readdirSync(join(replaced.dir, '..')).sort()).toEqual(['checkpoint.json', replaced.record.folder])
  })

  test('with a time beyond the calendar are refused before anything is written', async () => {
    const catalog = openCatalog(freshDir())
    catalog.putRun(run)
    let writes = 0
    const endless = catalog.save(id, { ttlSeconds: 9e15 }, async () => {
      writes += 1
    })
    await expect(endless).rejects.toMatchObject({ status: 400, message: expect.stringContaining('9000000000000000 s') })
    expect(writes).toBe(0)
    const kept = await save(catalog, 'x', { ttlSeconds: 3_153_600_000 })
    expect(() => catalog.setTtl(id, 9e15)).toThrow('beyond the calendar')
    expect(catalog.find(id)).toEqual(kept)
  })

  test('half written by a killed server are removed', async () => {
    const dir = freshDir()
    const first = openCatalog(dir)
    first.putRun(run)
    const { dir: folder } = await save(first, 'good')
    const unfinished = join(folder, '..', '..', 'step-2', 'data-0')
    mkdirSync(unfinished, { recursive: true })
    mkdirSync(join(folder, '..', 'data-1'))
    mkdirSync(join(dir, 'runs', 'never-described'))
    const second = openCatalog(dir)
    expect(second.checkpoints().map(({ name }) => name)).toEqual(['step-1'])
    expect(existsSync(unfinished)).toBe(false)
    expect(readdirSync(join(folder, '..')).sort()).toEqual(['checkpoint.json', 'data-0'])
    expect(readdirSync(join(dir, 'runs'))).toEqual(['session_1.train.0'])
  })

  test('expire when their time is over', async () => {
    const catalog = openCatalog(freshDir())
    catalog.putRun(run)
    await save(catalog, 'x', { ttlSeconds: 3600 })
    expect(catalog.expired()).toEqual([])
    catalog.setTtl(id, -1)
    expect(catalog.expired().map(({ name }) => name)).toEqual(['step-1'])
    catalog.setTtl(id, null)
    expect(catalog.expired()).toEqual([])
  })

  test.each(['', '.', '..', '../x', 'a/b', '-rf', 'a..b', 'a b', 'ä', 'x'.repeat(300)])(
    'are not called "%s"',
    async (name) => {
      const catalog = openCatalog(freshDir())
      await expect(catalog.save({ ...id, name }, {}, async () => {})).rejects.toMatchObject({ status: 400 })
    },
  )

  test('with a record that was changed are refused by file', async () => {
    const dir = freshDir()
    const catalog = openCatalog(dir)
    catalog.putRun(run)
    const { dir: folder } = await save(catalog, 'x')
    writeFileSync(join(folder, '..', 'checkpoint.json'), '{"folder":"../../.."}')
    expect(() => openCatalog(dir)).toThrow('checkpoint.json')
  })
})
