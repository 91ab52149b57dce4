import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { readManifest } from '../../core/store.ts'
import { readDisputes } from '../../questions/refine/disputes.ts'
import { type DataStageName, dataStageNames } from '../stage.ts'
import { disputesFile } from './shared.ts'

const project = fileURLToPath(new URL('../../..', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'fleming-data-kill-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const exam = (stem: string, gold: 'A' | 'B') => ({
  ...{ question: stem, options: { A: 'Propranolol', B: 'Warfarin', C: 'Metformin', D: 'Cetirizine' } },
  ...{ answer_idx: gold, answer: gold === 'A' ? 'Propranolol' : 'Warfarin' },
})
const rows = [
  exam('A woman of 40 years has a tremor of both hands when she holds a cup. Which drug helps her?', 'A'),
  // The same question with another answer: a dispute, which is written outside of the stages.
  exam('A woman of 40 years has a tremor of both hands when she holds a cup. Which drug helps her?', 'B'),
  exam('After a long flight a man has a swollen calf, and a clot is seen in a deep vein. Which drug comes next?', 'B'),
]
const benchmark = [exam('A student who must give a speech has a racing heart. Which drug slows it?', 'A'), rows[2]]
const jsonl = (records: readonly unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('')
writeFileSync(join(dir, 'train.jsonl'), jsonl(rows))
writeFileSync(join(dir, 'test.jsonl'), jsonl(benchmark))
const config = join(dir, 'data.yaml')
writeFileSync(
  config,
  `name: small
graph: { sources: [{ source: starter-tables, files: [${join(project, 'data/starter')}] }] }
curated:
  sets: [{ source: medqa, from: ${join(dir, 'train.jsonl')} }]
  benchmarks: [{ source: medqa, from: ${join(dir, 'test.jsonl')} }]
synthesis: { count: 300, shardSize: 60 }
`,
)

/** Runs the command in a process of its own; with `until`, it gets SIGKILL as soon as that file of the run is there. */
function run(root: string, until?: string): Promise<'done' | 'killed'> {
  const args = ['--import', 'tsx', 'src/cli/main.ts', 'data', '--config', config, '--root', root, '--quiet']
  const child = spawn(process.execPath, args, { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const watch =
    until === undefined
      ? undefined
      : setInterval(() => {
          if (existsSync(join(root, 'small', until))) child.kill('SIGKILL')
        }, 1)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      if (code === 0) resolve('done')
      else if (signal === 'SIGKILL') resolve('killed')
      else reject(new Error(`the run ended with code ${code}: ${stderr}`))
    })
  })
}

/** Hashes of the manifests, and the disputes, which stand beside the stages. */
function stateOf(root: string): Record<string, string> {
  const runDir = join(root, 'small')
  const hashes = dataStageNames.map((stage) => [stage, readManifest(join(runDir, stage))?.hash ?? 'none'])
  return Object.fromEntries([...hashes, ['disputes', [...readDisputes(disputesFile(runDir)).keys()].join(' ')]])
}

test('a data run that is killed in any stage and started again has the manifests of an undisturbed one', async () => {
  const undisturbed = join(dir, 'undisturbed')
  const killAndResume = async (stage: DataStageName, until: string): Promise<Record<string, string>> => {
    const root = join(dir, until.replaceAll('/', '-'))
    expect(await run(root, until)).toBe('killed')
    expect(readManifest(join(root, 'small', stage))).toBeNull()
    expect(await run(root)).toBe('done')
    return stateOf(root)
  }
  // Two at a time: as many as small computers have cores.
  const [, inGraph] = await Promise.all([run(undisturbed), killAndResume('graph', 'graph/pending.json')])
  const between = await Promise.all([
    killAndResume('synthesis', 'synthesis/items-1-0001.jsonl.part'),
    killAndResume('refinement', 'refinement/ready.jsonl.part'),
  ])
  const afterDispute = await killAndResume('refinement', 'disputes.jsonl')
  const expected = stateOf(undisturbed)
  expect(Object.values(expected)).not.toContain('none')
  expect(expected.disputes).toMatch(/^question_[0-9a-f]{24}$/)
  for (const found of [inGraph, ...between, afterDispute]) expect(found).toEqual(expected)
}, 120_000)
