import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AuditError, ConfigError, DataError, EngineError } from '../../core/errors.ts'
import { type FakeHub, startFakeHub } from '../../core/hub/fixtures/fake-hub.ts'
import { parquetGolden } from './fixtures/parquet-golden.ts'
import { readAll } from './fixtures/read-all.ts'
import { medmcqa } from './medmcqa.ts'
import { type OpenOptions, resolveQuestionFile } from './open.ts'

const root = mkdtempSync(join(tmpdir(), 'open-'))
afterAll(() => rmSync(root, { recursive: true }))
const repo = 'owner/exam'
const train = 'data/train-00000-of-00001.parquet'
const files = {
  [train]: Buffer.from(parquetGolden.medmcqa, 'base64'),
  'data/validation-00000-of-00001.parquet': Buffer.from('PAR1 validation'),
  'extra/en/test.jsonl': Buffer.from('{"question":"q"}\n'),
  'extra/zh/test.jsonl': Buffer.from('{"question":"w"}\n'),
  'dataset_infos.json': Buffer.from('{}'),
  'README.md': Buffer.from('# exam'),
}

let hub: FakeHub
let cacheDir: string
beforeEach(async () => {
  vi.stubEnv('HF_TOKEN', '')
  hub = await startFakeHub(repo, files, 'dataset')
  cacheDir = mkdtempSync(join(root, 'cache-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await hub.close()
})
const open = (spec: string, options: OpenOptions = {}) =>
  resolveQuestionFile(spec, { cacheDir, endpoint: hub.endpoint, retryDelayMs: 5, idleTimeoutMs: 2000, ...options })
const fault = (spec: string, options: OpenOptions = {}) => open(spec, options).catch((cause: unknown) => cause)

describe('a file of a data set on the hub', () => {
  test('is fetched at the commit of its revision and read by its source', async () => {
    const { file, place, revision } = await open(`hf:${repo}@main:${train}`)
    expect([file, revision]).toEqual([join(cacheDir, 'owner--exam', hub.commit, train), hub.commit])
    expect(place).toBe(`hf:${repo}@${hub.commit}:${train}`)
    expect((await readAll(medmcqa, file)).items).toHaveLength(4)
    expect(JSON.parse(readFileSync(`${file}.origin.json`, 'utf8'))).toMatchObject({
      ...{ repo, revision: 'main', commit: hub.commit, name: train, hash: { kind: 'sha256' } },
    })
    expect(hub.seenByStore).toHaveLength(1)
  })

  test('that is there costs one look at the revision, and none at a commit', async () => {
    const first = await open(`hf:${repo}:${train}`)
    const before = hub.seenByStore.length
    expect(await open(`hf:${repo}:${train}`)).toEqual(first)
    expect(hub.seenByStore).toHaveLength(before)
    await hub.close()
    expect(await open(`hf:${repo}@${hub.commit}:${train}`)).toEqual(first)
    expect(await fault(`hf:${repo}:${train}`)).toBeInstanceOf(EngineError)
  })

  test('goes on where a lost connection ended', async () => {
    hub.fail(train, { kind: 'cut', afterBytes: 100 })
    const { file } = await open(`hf:${repo}:${train}`)
    expect(readFileSync(file)).toEqual(files[train])
    expect(hub.seenByStore.map(({ range }) => range)).toEqual([undefined, 'bytes=100-'])
  })

  test('that is not what the hub listed is removed and refused', async () => {
    hub.fail(train, { kind: 'wrongBytes' })
    expect(await fault(`hf:${repo}:${train}`)).toBeInstanceOf(AuditError)
    expect(existsSync(join(cacheDir, 'owner--exam', hub.commit, train))).toBe(false)
    expect((await open(`hf:${repo}:${train}`)).revision).toBe(hub.commit)
  })

  test('whose record or size is not whole is fetched again', async () => {
    const { file } = await open(`hf:${repo}:${train}`)
    writeFileSync(file, 'shorter')
    await open(`hf:${repo}:${train}`)
    expect(readFileSync(file)).toEqual(files[train])
  })

  test('that was changed since, or whose record is none, is not taken from the cache', async () => {
    const atCommit = `hf:${repo}@${hub.commit}:${train}`
    const { file } = await open(atCommit)
    const changed = Buffer.from(readFileSync(file))
    changed[100] = (changed[100] ?? 0) ^ 1
    writeFileSync(file, changed)
    await open(atCommit)
    expect(readFileSync(file)).toEqual(files[train])
    for (const record of ['{}', '[]', `{"sizeBytes":${changed.length}}`]) {
      writeFileSync(file, changed)
      writeFileSync(`${file}.origin.json`, record)
      await open(atCommit)
      expect(readFileSync(file)).toEqual(files[train])
    }
    writeFileSync(file, changed)
    await hub.close()
    expect(await fault(atCommit)).toBeInstanceOf(EngineError)
  })

  test('is named in items, dropped rows and faults by its place on the hub, never by that in the cache', async () => {
    const { file, place } = await open(`hf:${repo}:${train}`)
    const { items, dropped } = await readAll(medmcqa, file, { place })
    expect(items.map(({ origin }) => 'file' in origin && origin.file)).toEqual(Array(4).fill(place))
    expect(dropped.map((row) => row.file)).toEqual([place])
    writeFileSync(file, '{"a":1}\n')
    await expect(readAll(medmcqa, file, { place })).rejects.toMatchObject({ file: place })
  })

  test('that is not there is an error that shows what is', async () => {
    expect(await fault(`hf:${repo}:data/none.parquet`)).toMatchObject({
      name: 'ConfigError',
      hint: expect.stringContaining(`hf:${repo}@main:${train}`),
    })
    expect(await fault('hf:owner/other')).toMatchObject({ name: 'EngineError', status: 404 })
  })
})

describe('a data set without a file', () => {
  test('means the one of the split', async () => {
    expect((await open(`hf:${repo}`, { split: 'train' })).file.endsWith(train)).toBe(true)
  })

  test('means the one of the split among those of the source', async () => {
    const { file } = await open(`hf:${repo}`, { split: 'test', source: { hubConfig: 'extra/zh' } })
    expect(file.endsWith('extra/zh/test.jsonl')).toBe(true)
  })

  test('is an error that lists them where several or none fit', async () => {
    const several = await fault(`hf:${repo}`, { split: 'test' })
    expect(several).toBeInstanceOf(ConfigError)
    expect(several).toMatchObject({
      message: `${repo} has 2 files of the split test: name the one you mean`,
      hint: `there are hf:${repo}@main:extra/en/test.jsonl, hf:${repo}@main:extra/zh/test.jsonl`,
    })
    expect(await fault(`hf:${repo}`)).toMatchObject({ message: expect.stringContaining('4 files of data') })
    expect(await fault(`hf:${repo}`, { split: 'train', source: { hubConfig: 'extra' } })).toMatchObject({
      message: expect.stringContaining('0 files of the split train'),
    })
  })
})

describe('a file of one’s own', () => {
  test('has the hash of its content as revision', async () => {
    const file = join(root, 'own.jsonl')
    writeFileSync(file, 'abc')
    expect(await open(file)).toEqual({
      file,
      place: file,
      revision: 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    })
    expect(hub.seen).toEqual([])
  })

  test('that is not there gets a hint', async () => {
    expect(await fault('owner/exam')).toMatchObject({ hint: 'for a data set of the hub write hf:owner/exam' })
    expect(await fault(join(root, 'none.json'))).toBeInstanceOf(DataError)
    expect(await fault(root)).toMatchObject({ message: `${root}: is not a file` })
  })
})

test.each([
  ...['hf:', 'hf:exam', 'hf:a/b/c', 'hf:a/b:', 'hf:a/b:../x', 'hf:a/b:/etc/passwd', 'hf:a/b:x/../../y'],
  ...['hf:a/b@:x', 'hf:a/b@../x:y', 'hf:a/b:.git/config', 'hf:a/b:x\\y', 'hf:a/b:x?y', 'hf:a/b:x//y', 'hf:a/b:x\0'],
])('%j names no file', async (spec) => {
  expect(await fault(spec)).toBeInstanceOf(ConfigError)
  expect(hub.seen).toEqual([])
})
