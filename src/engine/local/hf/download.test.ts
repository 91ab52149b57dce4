import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AuditError, ConfigError, DataError, EngineError, type FlemingError } from '../../../core/errors.ts'
import { type FakeHub, type Fault, startFakeHub } from '../../../core/hub/fixtures/fake-hub.ts'
import { acquireLock } from '../../../core/store.ts'
import { initParameters } from '../model/parameters.ts'
import { saveWeights } from '../model/weights.ts'
import { type DownloadProgress, type ResolveOptions, resolveModelDir } from './download.ts'
import { loadBase } from './folder.ts'

const decoder = {
  vocabSize: 200,
  hiddenSize: 32,
  numLayers: 1,
  numHeads: 2,
  numKeyValueHeads: 1,
  headDim: 16,
  intermediateSize: 64,
  maxPositions: 8,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: false,
}
const root = mkdtempSync(join(tmpdir(), 'download-'))
afterAll(() => rmSync(root, { recursive: true }))
const model = { config: decoder, base: initParameters(decoder, 3) }
const repo = 'owner/tiny'
const weights = 'model.safetensors'
const secret = 'hf_aVerySecretToken'

function filesOf(maxShardBytes?: number): Record<string, Buffer> {
  const dir = mkdtempSync(join(root, 'source-'))
  saveWeights(dir, model, { maxShardBytes })
  const names = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))] as const)
  return {
    ...Object.fromEntries(names),
    'tokenizer.json': Buffer.from('{"model":{}}'),
    'generation_config.json': Buffer.from('{"eos_token_id":2}'),
    'pytorch_model.bin': Buffer.from('pickle'),
    'modeling.py': Buffer.from('import os'),
    'README.md': Buffer.from('# tiny'),
  }
}

let hub: FakeHub
let cacheDir: string
beforeEach(async () => {
  vi.stubEnv('HF_TOKEN', '')
  hub = await startFakeHub(repo, filesOf())
  cacheDir = mkdtempSync(join(root, 'cache-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await hub.close()
})

const resolve = (spec = `hf:${repo}`, options: ResolveOptions = {}) =>
  resolveModelDir(spec, { cacheDir, endpoint: hub.endpoint, retryDelayMs: 5, idleTimeoutMs: 2000, ...options })
const dirOf = () => join(cacheDir, 'owner--tiny', hub.commit)
async function errorOf(promise: Promise<unknown>): Promise<FlemingError> {
  return promise.then(
    () => {
      throw new TypeError('no error')
    },
    (error) => error,
  )
}
const rangesOf = (name: string) => hub.seenByStore.filter(({ path }) => path === `/${name}`).map(({ range }) => range)

describe('a model of the hub', () => {
  test('becomes a folder with what is needed and nothing that runs, and a record of commit and hashes', async () => {
    const progress: DownloadProgress[] = []
    const dir = await resolve(undefined, { onProgress: (step) => progress.push(step) })
    expect(dir).toBe(dirOf())
    expect(readdirSync(dir).sort()).toEqual([
      'config.json',
      'download.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
    ])
    expect(loadBase(dir).parameters.flat).toEqual(model.base.flat)
    const record = JSON.parse(readFileSync(join(dir, 'download.json'), 'utf8'))
    expect(record).toMatchObject({ repo, revision: 'main', commit: hub.commit })
    expect(record.files.map(({ hash }: { hash: { kind: string } }) => hash.kind)).toEqual([
      'gitSha1',
      'gitSha1',
      'sha256',
      'gitSha1',
    ])
    const last = progress.at(-1)!
    expect(last).toMatchObject({ file: weights, doneBytes: last.totalBytes })
    for (const [index, step] of progress.entries())
      expect(step.doneBytes).toBeGreaterThanOrEqual(progress[index - 1]?.doneBytes ?? 0)
  })

  test('that is there already costs one look at the revision, and none at a commit', async () => {
    await resolve()
    const before = hub.seen.length
    await resolve()
    expect(hub.seen.length).toBe(before + 1)
    await hub.close()
    expect(await resolve(`hf:${repo}@${hub.commit}`)).toBe(dirOf())
  })

  test('is found under a revision with a slash', async () => {
    expect(await resolve(`hf:${repo}@refs/pr/1`)).toBe(dirOf())
  })

  test('in shards is fetched as its index says', async () => {
    await hub.close()
    hub = await startFakeHub(repo, { ...filesOf(20_000), 'model-00009-of-00009.safetensors': Buffer.from('stray') })
    const dir = await resolve()
    expect(loadBase(dir).parameters.flat).toEqual(model.base.flat)
    expect(existsSync(join(dir, 'model-00009-of-00009.safetensors'))).toBe(false)
  })

  test('with one file and an index beside it is fetched without the index', async () => {
    await hub.close()
    hub = await startFakeHub(repo, { ...filesOf(), 'model.safetensors.index.json': Buffer.from('{}') })
    expect(loadBase(await resolve()).parameters.flat).toEqual(model.base.flat)
  })

  test('a folder is itself, and what is no folder gets a hint', async () => {
    expect(await resolveModelDir(root)).toBe(root)
    expect(await errorOf(resolve('owner/tiny'))).toMatchObject({ hint: 'for a model of the hub write hf:owner/tiny' })
    expect(await errorOf(resolve(join(root, 'none')))).toBeInstanceOf(DataError)
  })

  test.each(['hf:', 'hf:tiny', 'hf:a/b/c', 'hf:../../etc', 'hf:a/..', 'hf:a/b@', 'hf:a/b@../../x', 'hf:a/b?x=1'])(
    '%s names none',
    async (spec) => {
      expect(await errorOf(resolve(spec))).toBeInstanceOf(ConfigError)
      expect(hub.seen).toEqual([])
    },
  )
})

describe('a download that is interrupted', () => {
  test('by lost connections goes on at the byte where it was', async () => {
    hub.fail(weights, { kind: 'cut', afterBytes: 1000 }, { kind: 'cut', afterBytes: 2000 })
    expect(loadBase(await resolve()).parameters.flat).toEqual(model.base.flat)
    expect(rangesOf(weights)).toEqual([undefined, 'bytes=1000-', 'bytes=3000-'])
  })

  test('for good keeps what it has for the next run', async () => {
    hub.fail(weights, { kind: 'cut', afterBytes: 1000 }, { kind: 'status', status: 403 })
    expect(await errorOf(resolve())).toMatchObject({ status: 403 })
    expect(readdirSync(dirOf()).sort()).toContain('model.safetensors.part')
    expect(existsSync(join(dirOf(), 'download.json'))).toBe(false)
    hub.seenByStore.length = 0
    expect(loadBase(await resolve()).parameters.flat).toEqual(model.base.flat)
    expect(rangesOf(weights)).toEqual(['bytes=1000-'])
    expect(readdirSync(dirOf())).not.toContain('model.safetensors.part')
  })

  test('by a server that stops sending is taken up again', async () => {
    hub.fail(weights, { kind: 'stall', afterBytes: 500 })
    await resolve(undefined, { idleTimeoutMs: 200 })
    expect(rangesOf(weights)).toEqual([undefined, 'bytes=500-'])
  })

  test('starts over where the server ignores the range, or knows none such', async () => {
    hub.fail(weights, { kind: 'cut', afterBytes: 1000 }, { kind: 'ignoreRange' })
    expect(loadBase(await resolve()).parameters.flat).toEqual(model.base.flat)
    rmSync(dirOf(), { recursive: true })
    hub.seenByStore.length = 0
    hub.fail(weights, { kind: 'cut', afterBytes: 1000 }, { kind: 'status', status: 416 })
    expect(loadBase(await resolve()).parameters.flat).toEqual(model.base.flat)
    expect(rangesOf(weights)).toEqual([undefined, 'bytes=1000-', undefined])
  })

  test('over and over, by a server that knows no ranges, ends', async () => {
    const faults = [...Array(30).keys()].flatMap((i): Fault[] => [
      { kind: 'cutWhole', afterBytes: i % 2 ? 1000 : 2000 },
    ])
    hub.fail(weights, ...faults)
    expect(await errorOf(resolve(undefined, { retryDelayMs: 1 }))).toMatchObject({ code: 'E_ENGINE', retryable: true })
    // Two attempts bring bytes that were never there; five in a row bring none.
    expect(rangesOf(weights).length).toBeLessThan(8)
  })

  test('starts over when what was left behind is not the beginning of the file', async () => {
    mkdirSync(dirOf(), { recursive: true })
    writeFileSync(join(dirOf(), 'model.safetensors.part'), Buffer.alloc(1000, 7))
    expect(loadBase(await resolve()).parameters.flat).toEqual(model.base.flat)
    expect(rangesOf(weights)).toEqual(['bytes=1000-', undefined])
  })

  test('by the caller ends with E_ABORTED, at once, and goes on later', async () => {
    hub.fail(weights, { kind: 'stall', afterBytes: 500 })
    const controller = new AbortController()
    const onProgress = ({ file }: DownloadProgress) => file === weights && controller.abort()
    const error = await errorOf(resolve(undefined, { signal: controller.signal, onProgress }))
    expect(error).toMatchObject({ code: 'E_ABORTED' })
    expect(error).toBeInstanceOf(EngineError)
    await resolve()
    expect(rangesOf(weights)).toEqual([undefined, 'bytes=500-'])
    const early = await errorOf(resolve(`hf:${repo}@main`, { signal: AbortSignal.abort() }))
    expect(early).toMatchObject({ code: 'E_ABORTED' })
  })

  test('by 429 and 503 waits as long as it is told and tries again', async () => {
    const started = performance.now()
    hub.fail(
      `/api/models/${repo}/revision/main`,
      { kind: 'status', status: 503 },
      { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    )
    await resolve()
    expect(performance.now() - started).toBeGreaterThan(900)
    expect(hub.seen.filter(({ path }) => path.endsWith('/revision/main'))).toHaveLength(3)
  })
})

describe('a hub that refuses or lies', () => {
  test('an unknown revision', async () => {
    const error = await errorOf(resolve(`hf:${repo}@v9`))
    expect(error).toMatchObject({ status: 404, hint: expect.stringContaining('hf:owner/name@revision') })
    expect(error.message).toContain('RevisionNotFound')
  })

  test('a gated model says how to get in', async () => {
    hub.fail(`/api/models/${repo}/revision/main`, { kind: 'status', status: 401 })
    expect(await errorOf(resolve())).toMatchObject({ status: 401, hint: expect.stringContaining('HF_TOKEN') })
  })

  test('bytes that do not have the listed hash are removed', async () => {
    hub.fail(weights, { kind: 'wrongBytes' })
    const error = await errorOf(resolve())
    expect(error).toBeInstanceOf(AuditError)
    expect(error.message).toMatch(/^model\.safetensors: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}$/)
    expect(readdirSync(dirOf()).filter((name) => name.startsWith('model'))).toEqual([])
    hub.fail('config.json', { kind: 'wrongBytes' })
    rmSync(dirOf(), { recursive: true })
    expect((await errorOf(resolve())).message).toContain('config.json: expected gitSha1')
  })

  test('more bytes than listed, or those of another range', async () => {
    hub.fail(weights, { kind: 'tooMuch' })
    expect((await errorOf(resolve())).message).toContain('sends more than the')
    hub.fail(weights, { kind: 'cut', afterBytes: 1000 }, { kind: 'wrongRange' })
    expect((await errorOf(resolve())).message).toContain('asked for the bytes from 1000 of')
  })

  test('a page in place of an answer', async () => {
    hub.fail(`/api/models/${repo}/revision/main`, { kind: 'html' })
    expect((await errorOf(resolve())).message).toContain('not that of a Hugging Face hub')
  })

  test('nothing there: what to do instead, and what is in the cache', async () => {
    const { endpoint } = hub
    await hub.close()
    const offline = await errorOf(resolve(undefined, { endpoint }))
    expect(offline).toMatchObject({ code: 'E_ENGINE', retryable: true })
    expect(offline.hint).toContain('pass a folder')
    expect(offline.hint).toContain('HF_ENDPOINT')
    hub = await startFakeHub(repo, filesOf())
    await resolve()
    await hub.close()
    expect((await errorOf(resolve())).hint).toBe(`needs no connection: hf:${repo}@${hub.commit}`)
  })

  test('a model that would be refused costs no weights', async () => {
    await hub.close()
    hub = await startFakeHub(repo, {
      ...filesOf(),
      'config.json': Buffer.from('{"architectures":["GPT2LMHeadModel"]}'),
    })
    expect((await errorOf(resolve())).message).toContain('"GPT2LMHeadModel" is not supported')
    expect(hub.seenByStore).toEqual([])
  })

  test.each([
    ['without a config', { 'model.safetensors': Buffer.from('x') }, 'has no config.json'],
    [
      'with pickled weights alone',
      { ...filesOf(), [weights]: undefined },
      'has no model.safetensors, only pytorch_model.bin',
    ],
  ])('a model %s', async (_title, files, message) => {
    await hub.close()
    const present = Object.entries(files).filter(
      (entry): entry is [string, Buffer<ArrayBuffer>] => entry[1] !== undefined,
    )
    hub = await startFakeHub(repo, Object.fromEntries(present))
    expect((await errorOf(resolve())).message).toContain(message)
  })

  test('an index that leads out of the folder', async () => {
    await hub.close()
    const { [weights]: _, ...others } = filesOf()
    const index = Buffer.from('{"weight_map":{"a":"../../../../elsewhere/x.safetensors"}}')
    hub = await startFakeHub(repo, { ...others, 'model.safetensors.index.json': index })
    expect((await errorOf(resolve())).message).toContain('is not a .safetensors file beside the index')
  })

  test('a second process at the same model waits for nobody', async () => {
    mkdirSync(dirOf(), { recursive: true })
    const lock = acquireLock(dirOf())
    expect(await errorOf(resolve())).toMatchObject({ code: 'E_LOCKED' })
    lock.release()
    expect(await resolve()).toBe(dirOf())
  })

  test.each(['{}', '{"schemaVersion":1,"repo":', ''])('a record that was changed to "%s"', async (text) => {
    await resolve()
    writeFileSync(join(dirOf(), 'download.json'), text)
    for (const spec of [`hf:${repo}`, `hf:${repo}@${hub.commit}`]) {
      const error = await errorOf(resolve(spec))
      expect(error).toBeInstanceOf(AuditError)
      expect(error.hint).toContain('remove the folder')
    }
  })

  test('a file that was removed since is fetched again, the others are kept', async () => {
    await resolve()
    rmSync(join(dirOf(), 'tokenizer.json'))
    hub.seenByStore.length = 0
    await resolve()
    expect(existsSync(join(dirOf(), 'tokenizer.json'))).toBe(true)
    expect(hub.seenByStore).toEqual([])
  })
})

describe('the token', () => {
  test('goes to the hub, and not to where it redirects to', async () => {
    vi.stubEnv('HF_TOKEN', secret)
    await resolve()
    expect(new Set(hub.seen.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${secret}`]))
    expect(hub.seenByStore.length).toBeGreaterThan(0)
    expect(new Set(hub.seenByStore.map(({ authorization }) => authorization))).toEqual(new Set([undefined]))
    for (const name of readdirSync(dirOf())) expect(readFileSync(join(dirOf(), name), 'utf8')).not.toContain(secret)
  })

  test('appears in no error', async () => {
    vi.stubEnv('HF_TOKEN', `${secret}\nX-Evil: 1`)
    const broken = await errorOf(resolve())
    expect(broken).toBeInstanceOf(ConfigError)
    vi.stubEnv('HF_TOKEN', secret)
    hub.fail(`/api/models/${repo}/revision/main`, { kind: 'status', status: 403 })
    const errors = [
      broken,
      await errorOf(resolve()),
      await errorOf(resolve(undefined, { endpoint: 'http://hub.test' })),
    ]
    expect(errors[2]).toBeInstanceOf(ConfigError)
    for (const error of errors)
      expect(`${error.stack}${error.message}${error.hint}${error.cause}`).not.toContain('Secret')
  })

  test.each(['ftp://x', 'huggingface.co', 'https://user:pass@x', ''])(
    'the address "%s" is refused',
    async (endpoint) => {
      expect(await errorOf(resolve(undefined, { endpoint }))).toBeInstanceOf(ConfigError)
    },
  )
})
