import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EngineError } from '../errors.ts'
import { type FakeHub, startFakeHub } from './fixtures/fake-hub.ts'
import { listHubFiles, parseHubFileSpec, resolveCommit } from './hub.ts'
import type { HubOptions } from './hub-fetch.ts'

const repo = { kind: 'dataset', repo: 'owner/exam', revision: 'main' } as const
const api = '/api/datasets/owner/exam'
let hub: FakeHub
beforeEach(async () => {
  vi.stubEnv('HF_TOKEN', '')
  hub = await startFakeHub(repo.repo, { 'test.jsonl': Buffer.from('{}\n') }, 'dataset')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await hub.close()
})
const options = (): HubOptions => ({ endpoint: hub.endpoint, retryDelayMs: 1, idleTimeoutMs: 300 })
const asked = () => hub.seen.map(({ path }) => path)

test('an answer of the hub that breaks off in its body is asked for again', async () => {
  const path = `${api}/revision/main`
  hub.fail(path, { kind: 'cut', afterBytes: 10 }, { kind: 'status', status: 503 }, { kind: 'stall', afterBytes: 5 })
  expect(await resolveCommit(repo, options())).toBe(hub.commit)
  expect(asked()).toEqual([path, path, path, path])
})

test('a list of files that breaks off in its body is asked for again', async () => {
  const path = `${api}/tree/${hub.commit}/`
  const list = () => listHubFiles(repo, hub.commit, options())
  const whole = await list()
  expect(whole.map(({ name }) => name)).toEqual(['test.jsonl'])
  const [seen = ''] = asked()
  expect(path.startsWith(seen)).toBe(true)
  hub.fail(seen, { kind: 'cut', afterBytes: 20 })
  expect(await list()).toEqual(whole)
  expect(asked()).toHaveLength(3)
})

test('an answer that breaks off five times is given up, and one that is refused is not asked for twice', async () => {
  const path = `${api}/revision/main`
  hub.fail(path, ...Array(5).fill({ kind: 'cut', afterBytes: 10 }))
  await expect(resolveCommit(repo, options())).rejects.toMatchObject({ retryable: true })
  expect(asked()).toHaveLength(5)
  hub.fail(path, { kind: 'status', status: 403 })
  await expect(resolveCommit(repo, options())).rejects.toBeInstanceOf(EngineError)
  expect(asked()).toHaveLength(6)
})

test('a file of a data set is named by owner, name, revision and path', () => {
  expect(parseHubFileSpec('hf:owner/exam@v1:data/test.jsonl')).toEqual({
    repo: { ...repo, revision: 'v1' },
    path: 'data/test.jsonl',
  })
  expect(parseHubFileSpec('hf:owner/exam')).toEqual({ repo, path: null })
})
