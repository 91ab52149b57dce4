import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AuditError } from '../core/errors.ts'
import { putAtomic, readLog, readManifest, sealStage } from '../core/store.ts'
import { codeHash } from './code-hash.ts'
import { type Observer, silentObserver } from './observer.ts'
import { runStage, type StageName, type StageWork, sourcesOf, stageNames } from './stage.ts'

const root = mkdtempSync(join(tmpdir(), 'stage-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const freshRun = (): string => join(root, String(++folders))

/** A run with a work that writes one file, counting how often; `changes` to what it is made from. */
function workshop(runDir: string) {
  const told: string[] = []
  const observer: Observer = {
    ...silentObserver,
    stageStarted: (stage) => told.push(`started ${stage}`),
    stageSkipped: (stage) => told.push(`skipped ${stage}`),
    stageDone: (stage) => told.push(`done ${stage}`),
    note: (text) => told.push(text),
  }
  const run = (changes: Partial<StageWork> = {}) =>
    runStage(runDir, observer, {
      name: 'graph',
      code: sourcesOf('graph'),
      inputs: { source: 'abc' },
      seed: 1,
      config: { diseases: 40 },
      make: async (dir) => {
        putAtomic(join(dir, 'a.txt'), 'made')
        return ['a.txt']
      },
      ...changes,
    })
  return { run, told, dir: join(runDir, 'graph') }
}

test('a stage is made once, sealed with what it was made from, and skipped after that', async () => {
  const { run, told, dir } = workshop(freshRun())
  const manifest = await run()
  expect(manifest).toMatchObject({
    stage: 'graph',
    inputs: { source: 'abc' },
    outputs: [expect.objectContaining({ file: 'a.txt', sizeBytes: 4 })],
    seed: 1,
    codeHash: codeHash(sourcesOf('graph')),
  })
  expect(await run({ make: () => Promise.reject(new TypeError('made again')) })).toEqual(manifest)
  expect(told).toEqual(['started graph', 'done graph', 'skipped graph'])
  expect(readdirSync(dir).sort()).toEqual(['a.txt', 'manifest.json'])
})

test.each([
  ['another configuration', { config: { diseases: 41 } }],
  ['other inputs', { inputs: { source: 'abd' } }],
  ['an input more', { inputs: { source: 'abc', more: 'x' } }],
  ['another seed', { seed: 2 }],
] as const)('%s makes it anew, from an empty folder', async (_, changes) => {
  const { run, told, dir } = workshop(freshRun())
  const before = await run()
  writeFileSync(join(dir, 'left-over.txt'), '')
  const after = await run(changes)
  expect(after.hash).not.toBe(before.hash)
  expect(told.slice(2)).toEqual([
    'graph: code, configuration or inputs changed; made anew',
    'started graph',
    'done graph',
  ])
  expect(existsSync(join(dir, 'left-over.txt'))).toBe(false)
})

test('other code makes it anew', async () => {
  const { run, told, dir } = workshop(freshRun())
  const { configHash } = await run()
  rmSync(join(dir, 'manifest.json'))
  const older = { stage: 'graph', inputs: { source: 'abc' }, outputs: ['a.txt'], seed: 1, codeHash: 'older' }
  sealStage(dir, { ...older, configHash: configHash! })
  expect((await run()).codeHash).toBe(codeHash(sourcesOf('graph')))
  expect(told.slice(2)).toContain('graph: code, configuration or inputs changed; made anew')
})

test('a sealed stage that was changed afterwards is an error, not made anew in silence', async () => {
  const { run, dir } = workshop(freshRun())
  await run()
  writeFileSync(join(dir, 'a.txt'), 'mode')
  await expect(run()).rejects.toThrow(AuditError)
  await expect(run()).rejects.toThrow(/a\.txt: expected 4 bytes, sha256 /)
})

const interrupted: Partial<StageWork> = {
  make: async (dir) => {
    putAtomic(join(dir, 'progress.json'), '{}')
    putAtomic(join(dir, 'half.txt'), 'half')
    throw new TypeError('killed')
  },
}

test('an unfinished stage goes on in its folder, and is cleared of what only resuming needs', async () => {
  const { run, told, dir } = workshop(freshRun())
  await expect(run(interrupted)).rejects.toThrow('killed')
  expect(readManifest(dir)).toBeNull()
  let found: string[] = []
  await run({
    make: async (stageDir) => {
      found = readdirSync(stageDir).sort()
      putAtomic(join(stageDir, 'a.txt'), 'made')
      return ['a.txt', 'half.txt']
    },
  })
  expect(found).toEqual(['half.txt', 'pending.json', 'progress.json'])
  expect(readdirSync(dir).sort()).toEqual(['a.txt', 'half.txt', 'manifest.json'])
  expect(told).toEqual(['started graph', 'started graph', 'done graph'])
})

test.each([
  ['another configuration', { config: { diseases: 41 } }],
  ['other inputs', { inputs: { source: 'abd' } }],
  ['another seed', { seed: 2 }],
] as const)('an unfinished stage that was begun with %s is not gone on with', async (_, changes) => {
  const { run, told, dir } = workshop(freshRun())
  await expect(run({ ...interrupted, ...changes })).rejects.toThrow('killed')
  await run()
  expect(readdirSync(dir).sort()).toEqual(['a.txt', 'manifest.json'])
  expect(told).toContain('begun with other code, configuration or inputs; made anew')
})

test('a kill between sealing and clearing leaves nothing behind after the next run', async () => {
  const { run, told, dir } = workshop(freshRun())
  await run()
  writeFileSync(join(dir, 'progress.json'), '{}')
  writeFileSync(join(dir, 'pending.json'), '{}')
  await run()
  expect(told.at(-1)).toBe('skipped graph')
  expect(readdirSync(dir).sort()).toEqual(['a.txt', 'manifest.json'])
})

test('wall times are logged beside the stages, once for each time it was made, and change no hash', async () => {
  const [first, second] = [freshRun(), freshRun()]
  const [a, b] = [workshop(first), workshop(second)]
  const manifest = await a.run()
  await a.run()
  expect(await b.run()).toEqual(manifest)
  const { records } = readLog<{ stage: string; wallSeconds: number }>(join(first, 'timings.jsonl'))
  expect(records).toEqual([
    { stage: 'graph', wallSeconds: expect.any(Number), finishedAt: expect.stringMatching(/Z$/) },
  ])
})

/** Files that a file of `src/` imports when it runs; types alone leave no trace in what is made. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const imports = [...text.matchAll(/^(?:import|export)\s+([\s\S]*?)\s+from\s+'(\.[^']+)'/gm)]
  return imports
    .filter(([, names = '']) => !names.startsWith('type ') && !/^\{(?:\s*type [^,}]+,?)+\s*\}$/.test(names))
    .map(([, , target = '']) => join(dirname(file), target))
}

function closureOf(file: string, met = new Set<string>()): ReadonlySet<string> {
  if (met.has(file)) return met
  met.add(file)
  for (const next of importsOf(file)) closureOf(next, met)
  return met
}

const sourceRoot = join(import.meta.dirname, '..')

test.each(stageNames)(
  'every file that runs while %s is made is in its code hash, or in that of its inputs',
  (stage: StageName) => {
    const earlier = stageNames.slice(0, stageNames.indexOf(stage) + 1)
    const covered = earlier.flatMap((name) => sourcesOf(name))
    const files = [...closureOf(join(sourceRoot, 'pipeline/stages', `${stage}.ts`))].map((file) =>
      relative(sourceRoot, file),
    )
    expect(files.length).toBeGreaterThan(5)
    const isCovered = (file: string): boolean => covered.some((part) => file === part || file.startsWith(`${part}/`))
    expect(files.filter((file) => !isCovered(file))).toEqual([])
  },
)
