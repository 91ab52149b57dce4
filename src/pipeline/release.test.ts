import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import { ensureDir, removeDir, sealStage } from '../core/store.ts'
import { type ScriptedRun, writeScriptedRun } from './fixtures/scripted-run.ts'
import { makeRelease } from './stages/release.ts'
import { assertVerified, verifyTarget } from './verify.ts'

let run: ScriptedRun
let outputs: readonly string[]
beforeAll(async () => {
  run = await writeScriptedRun(join(mkdtempSync(join(tmpdir(), 'fleming-release-')), 'miniature'))
  const dir = join(run.dir, 'release')
  ensureDir(dir)
  outputs = await makeRelease(dir, run.config, run.student(() => '')())
  sealStage(dir, { stage: 'release', inputs: {}, outputs, seed: 7 })
}, 60_000)

const copy = (): string => {
  const dir = join(mkdtempSync(join(tmpdir(), 'fleming-copy-')), 'run')
  cpSync(run.dir, dir, { recursive: true })
  return dir
}

function flipByte(file: string): void {
  const bytes = readFileSync(file)
  bytes[bytes.length - 3]! ^= 1
  writeFileSync(file, bytes)
}

describe('a release', () => {
  test('holds everything that a reader of models expects, and says what it wrote', () => {
    expect([...outputs].sort()).toEqual(
      [
        'README.md',
        'chat_template.jinja',
        'config.json',
        'generation_config.json',
        'manifest.json',
        'model.safetensors',
        'provenance.json',
        'scores.json',
        'tokenizer.json',
        'tokenizer_config.json',
      ].map((file) => `model/${file}`),
    )
  })

  test('carries the tokenizer and the scores of its run byte for byte', () => {
    const same = (a: string, b: string): void =>
      expect(readFileSync(join(run.dir, a), 'utf8')).toBe(readFileSync(join(run.dir, b), 'utf8'))
    same('release/model/tokenizer.json', 'pretrain/tokenizer.json')
    same('release/model/scores.json', 'evaluation/scores.json')
  })

  test('names its sources with licence, the counts and the manifests it was made from', () => {
    const file = join(run.dir, 'release', 'model', 'provenance.json')
    const stages = ['graph', 'questions', 'pretrain', 'cold-start', 'rl-1', 'rl-2', 'evaluation']
    const hashOf = (stage: string) =>
      (parseJson(readFileSync(join(run.dir, stage, 'manifest.json'), 'utf8'), { file: stage }) as { hash: string }).hash
    expect(parseJson(readFileSync(file, 'utf8'), { file })).toMatchObject({
      run: { name: 'miniature', seed: 7, dataSeed: 3 },
      released: 'rl-2',
      sources: [{ source: 'miniature', revision: '1', license: 'CC0-1.0', triples: 27 }],
      graph: { entities: 36, triples: 27, diseases: { common: 3, rare: 3, uncommon: 3 } },
      questions: { total: run.questions.length, byHop: { '1': 9, '2': 27, '3': 27, '4': 27 } },
      trajectories: { kept: 3, backtracking: 1, byTeacher: { 'graph-teacher': 3 } },
      stages: stages.map((stage) => ({ stage, manifest: hashOf(stage) })),
    })
  })

  test('is the same bytes when it is made again', async () => {
    const again = join(mkdtempSync(join(tmpdir(), 'fleming-again-')), 'miniature')
    cpSync(run.dir, again, { recursive: true })
    removeDir(join(again, 'release'))
    ensureDir(join(again, 'release'))
    await makeRelease(join(again, 'release'), run.config, run.student(() => '')())
    const manifest = (dir: string): string => readFileSync(join(dir, 'release', 'model', 'manifest.json'), 'utf8')
    expect(manifest(again)).toBe(manifest(run.dir))
  })
})

describe('verification', () => {
  test('of an untouched run passes over every stage and the release inside', () => {
    const { folders, problems, unfinished, kind } = verifyTarget(run.dir)
    expect(problems).toEqual([])
    expect(unfinished).toEqual([])
    expect(kind).toBe('run')
    expect(folders.map(({ stage }) => stage)).toEqual([
      ...['graph', 'questions', 'pretrain', 'cold-start', 'rl-1', 'rl-2', 'evaluation', 'release', 'model'],
    ])
  })

  test('of a model folder that was copied elsewhere needs nothing beside it', () => {
    const elsewhere = join(mkdtempSync(join(tmpdir(), 'fleming-elsewhere-')), 'model')
    cpSync(join(run.dir, 'release', 'model'), elsewhere, { recursive: true })
    expect(verifyTarget(elsewhere)).toMatchObject({ kind: 'folder', problems: [] })
    flipByte(join(elsewhere, 'model.safetensors'))
    expect(() => assertVerified(verifyTarget(elsewhere))).toThrow(join(elsewhere, 'model.safetensors'))
  })

  test('of a run with one flipped byte names the file and ends with the exit code of corruption', () => {
    const dir = copy()
    flipByte(join(dir, 'questions', 'questions.jsonl'))
    const verification = verifyTarget(dir)
    expect(verification.problems.map(({ file }) => file)).toEqual([join(dir, 'questions', 'questions.jsonl')])
    expect(() => assertVerified(verification)).toThrow(
      expect.objectContaining({ code: 'E_INTEGRITY', exitCode: 3, file: join(dir, 'questions', 'questions.jsonl') }),
    )
  })

  test('of a run whose stage was exchanged for another sealed one finds it out', () => {
    const dir = copy()
    sealStage(join(dir, 'graph'), { stage: 'graph', inputs: {}, outputs: ['entities.jsonl'], seed: 7 })
    const { problems } = verifyTarget(dir)
    expect(problems[0]?.file).toBe(join(dir, 'questions', 'manifest.json'))
    expect(problems[0]?.expected).toContain('input "graph"')
  })

  test('of a run that is not finished says so, and is no error', () => {
    const dir = copy()
    removeDir(join(dir, 'release'))
    removeDir(join(dir, 'evaluation'))
    expect(verifyTarget(dir)).toMatchObject({ problems: [], unfinished: ['evaluation', 'release'] })
  })

  test('of a folder without anything sealed points to one that has', () => {
    expect(() => verifyTarget('/nowhere')).toThrow('no such folder')
    expect(() => verifyTarget(join(run.dir, 'rl-2', 'final'))).toThrow('holds neither a manifest nor a finished stage')
  })
})
