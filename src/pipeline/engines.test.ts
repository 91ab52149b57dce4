/** One recipe, three engines: from scratch, from a given folder, and at a Tinker server. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLog } from '../core/store.ts'
import { readAdapter } from '../engine/local/hf/adapter.ts'
import { readDecoder } from '../engine/local/hf/folder.ts'
import { parseConfig } from './config-file.ts'
import { initBase } from './engine-init.ts'
import { silentObserver } from './observer.ts'
import { runRecipe } from './run.ts'
import { type Served, serveEngine } from './serve.ts'
import { verifyTarget } from './verify.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-engines-'))
const base = join(root, 'base')
const KEY = 'tml-secret-of-this-test'

const settings = [
  'graph.diseases=8',
  'engine.hiddenSize=16',
  'engine.layers=1',
  'engine.heads=2',
  'engine.keyValueHeads=1',
  'engine.headDim=8',
  'engine.intermediateSize=24',
  'questions.perHop={"1": 40, "2": 60}',
  'questions.maxHops=2',
  'questions.comparativePerHop={}',
  'pretrain={steps: 6, documentsPerStep: 4, checkpointEvery: 2}',
  'cold-start={items: 6, epochs: 1, maxHops: 2, checkpointEvery: 1}',
  'rl-1={steps: 2, promptsPerStep: 2, groupSize: 2, checkpointEvery: 1, probeEvery: 2}',
  'rl-2={steps: 2, promptsPerStep: 2, groupSize: 2, checkpointEvery: 1, probeEvery: 2, resweepEvery: 1}',
  'evaluation={perHop: 3, maxTokens: 12}',
]
const run = (...more: string[]) =>
  runRecipe(join(root, 'runs'), parseConfig('', 'none', [...settings, ...more]), silentObserver)
const weightsOf = (dir: string, stage: string) => readFileSync(join(dir, stage, 'final', 'model.safetensors'))

let served: Served
let scratch: string

beforeAll(async () => {
  process.env.TINKER_API_KEY = KEY
  await initBase(parseConfig('', 'none', settings), base)
  scratch = await run('name=scratch')
  served = await serveEngine({
    model: base,
    hostname: '127.0.0.1',
    port: 0,
    dir: join(root, 'server'),
    seed: 1,
    log: () => {},
  })
}, 60_000)

afterAll(async () => {
  await served.close()
  delete process.env.TINKER_API_KEY
  rmSync(root, { recursive: true })
})

test('a run from the written base is the run from scratch, byte by byte', async () => {
  const given = await run('name=given', `engine.model=${base}`)
  for (const stage of ['pretrain', 'cold-start', 'rl-1', 'rl-2'])
    expect(weightsOf(given, stage).equals(weightsOf(scratch, stage)), stage).toBe(true)
}, 60_000)

describe('at a Tinker server', () => {
  const remote = () => ['engine.kind=tinker', `engine.model=${base}`, `engine.tinker.url=${served.url}`]

  test('the same recipe runs with only the engine section changed, and ends in a whole model', async () => {
    const dir = await run('name=remote', ...remote())
    expect(verifyTarget(dir).problems).toEqual([])
    expect(readDecoder(join(dir, 'release', 'model')).hiddenSize).toBe(16)
    expect(readdirSync(join(dir, 'rl-2', 'final'))).toEqual(['state.json'])
    const [opened, closed] = readLog<{ event: string; facts: { serverKind: string }; usage: { sampled: number } }>(
      join(dir, 'engine.jsonl'),
    ).records
    expect(opened).toMatchObject({ event: 'opened', facts: { serverKind: 'fleming', gradClipNorm: 'obeyed' } })
    expect(closed!.usage.sampled).toBeGreaterThan(100)
  }, 60_000)

  test('an adapter is trained and released as one, and the key is written nowhere', async () => {
    const dir = await run('name=adapter', ...remote(), 'engine.lora={rank: 4}')
    const model = join(dir, 'release', 'model')
    expect(readAdapter(model, readDecoder(base)).lora).toMatchObject({ rank: 4, alpha: 32 })
    expect(existsSync(join(model, 'config.json'))).toBe(false)
    expect(readFileSync(join(model, 'README.md'), 'utf8')).toContain(`base_model: ${base}`)
    const texts = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    expect(texts.length).toBeGreaterThan(50)
    expect(texts.filter((text) => text.includes(KEY))).toEqual([])
  }, 60_000)
})
