import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AuditError, ConfigError } from '../../core/errors.ts'
import { type FakeHub, startFakeHub } from '../../core/hub/fixtures/fake-hub.ts'
import { readManifest } from '../../core/store.ts'
import { silentObserver } from '../observer.ts'
import { type DataConfig, dataConfigSchema } from './config.ts'
import { makeCurated, openSets } from './curated.ts'
import { runData } from './run.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-curated-'))
afterAll(() => rmSync(root, { recursive: true }))
const line = (question: string, more: object = {}): string =>
  `${JSON.stringify({ question, options: { A: 'Liver', B: 'Heart' }, answer_idx: 'B', answer: 'Heart', ...more })}\n`
const rows = line('Which organ pumps?') + line('Which organ has valves?') + line('Which one?', { answer_idx: 'C' })
const path = 'default/train/0000.jsonl'

let hub: FakeHub
beforeEach(async () => {
  vi.stubEnv('HF_TOKEN', '')
  hub = await startFakeHub('owner/exam', { [path]: Buffer.from(rows) }, 'dataset')
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await hub.close()
})

const configOf = (set: object): DataConfig =>
  dataConfigSchema.parse({
    graph: { sources: [{ source: 'starter-tables', files: ['data/starter'] }] },
    curated: { sets: [{ source: 'medqa', ...set }] },
    synthesis: { count: 20 },
  })
const onHub = configOf({ from: `hf:owner/exam:${path}`, split: 'train' })

/** All files below a folder with their content. */
function contents(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}

test('a set of the hub is named by its place there in every file that is written, and items of it may be trained on', async () => {
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache-a'))
  const place = `hf:owner/exam@${hub.commit}:${path}`
  const sets = await openSets(onHub)
  expect(sets).toMatchObject([{ place, revision: hub.commit, use: 'train' }])
  const dir = mkdtempSync(join(root, 'stage-'))
  const files = await makeCurated(dir, sets, () => {})
  const written = files.map((name) => readFileSync(join(dir, name), 'utf8'))
  for (const text of written) expect(text).not.toContain(root)
  const [items = '', , , dropped = '', census = ''] = written
  const records = items.trimEnd().split('\n')
  expect(records.map((record) => (JSON.parse(record) as { origin: object }).origin)).toMatchObject([
    { file: place, line: 1, split: 'train' },
    { file: place, line: 2, split: 'train' },
  ])
  expect(JSON.parse(dropped)).toMatchObject({ file: place, line: 3, reason: 'gold is not an option' })
  expect(JSON.parse(census)).toMatchObject({ sets: [{ file: place, rows: 3, kept: 2 }] })
})

test('two people with different caches make the same stage, and their folders are in no file of the run', async () => {
  const hashes: (string | undefined)[] = []
  for (const person of ['ada', 'ben']) {
    vi.stubEnv('XDG_CACHE_HOME', join(root, person, 'cache'))
    const dir = await runData(join(root, person, 'runs'), onHub, silentObserver)
    hashes.push(readManifest(join(dir, 'curated'))?.hash)
    for (const content of contents(dir)) expect(content).not.toContain(join(root, person, 'cache'))
  }
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/)
  expect(hashes[1]).toBe(hashes[0])
}, 40_000)

test('a test file of the hub cannot be declared as training data, nor a file that is not the one pinned be read', async () => {
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache-b'))
  await hub.close()
  hub = await startFakeHub('owner/exam', { 'default/test/0000.jsonl': Buffer.from(rows) }, 'dataset')
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  const set = { from: 'hf:owner/exam:default/test/0000.jsonl', split: 'train' }
  const sets = await openSets(configOf(set))
  await expect(makeCurated(mkdtempSync(join(root, 'stage-')), sets, () => {})).rejects.toMatchObject({
    message: expect.stringContaining('default/test/0000.jsonl: declared as training data, but its name says test'),
  })
  const pinned = openSets(configOf({ ...set, sha256: '0'.repeat(64) }))
  await expect(pinned).rejects.toBeInstanceOf(AuditError)
  await expect(pinned).rejects.toThrow(`hf:owner/exam@${hub.commit}:default/test/0000.jsonl: expected sha256 0000`)
})

test('a file of one’s own keeps the name that it was given; a benchmark is no set to train on', async () => {
  const file = join(root, 'train.jsonl')
  writeFileSync(file, rows)
  expect(await openSets(configOf({ from: file }))).toMatchObject([{ file, place: file }])
  await expect(openSets(configOf({ source: 'careqa', from: file }))).rejects.toBeInstanceOf(ConfigError)
})
