import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ensureDir, putAtomic, readLog } from '../../core/store.ts'
import { readSuspects } from '../../policy/quarantine.ts'
import { noDecisions } from '../../policy/quarantine-decisions.ts'
import type { GroupRecord } from '../../policy/rollout.ts'
import type { Question } from '../../questions/types.ts'
import { auditChain, auditFolder } from '../../release/verify.ts'
import { type Config, configSchema } from '../config.ts'
import { openReview } from '../data/review.ts'
import { tinyStudent } from '../fixtures/tiny-student.ts'
import { type Observer, silentObserver } from '../observer.ts'
import { runStage, sourcesOf } from '../stage.ts'
import { makeRlTwo, readDecisions } from './rl-2.ts'
import { starterRlData } from './rl-starter.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-rl-2-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const { graph, questions, codec, answering } = tinyStudent()
const training = questions.filter(({ split }) => split === 'train').slice(0, 24)
const [first, second] = training as [Question, Question]
const data = starterRlData({ graph, training, probe: [] }, 40)
const config: Config = configSchema.parse({
  'rl-2': {
    ...{ steps: 4, promptsPerStep: 6, groupSize: 8, sweepSize: 8, resweepEvery: 2, resweepShare: 1, probeEvery: 100 },
    quarantine: { roundShare: 0.5 },
  },
})

/** A policy that is right everywhere but on two questions, to which it always gives the same other answer. */
const completionOf = (question: Question): string => {
  const { gold, options } = question
  const isDoubted = question.id === first.id || question.id === second.id
  const { label } = options[isDoubted ? (gold + 1) % options.length : gold]!
  return ` a thought about it;</think><answer> ${label}</answer>`
}

/** Stage 2 of the run as `runRecipe` makes it. */
async function makeStageTwo(runDir: string): Promise<{ readonly hash: string; readonly notes: readonly string[] }> {
  const client = await answering(completionOf)
  await client.saveState(join(runDir, 'rl-1', 'final'))
  const notes: string[] = []
  const observer: Observer = {
    ...silentObserver,
    note: (text) => notes.push(text),
    stageSkipped: (name) => notes.push(`${name} skipped`),
  }
  const { decisions, input } = readDecisions(runDir, data)
  const manifest = await runStage(runDir, observer, {
    ...{ name: 'rl-2', code: sourcesOf('rl-2'), inputs: { ...input }, seed: 1, config: config['rl-2'] },
    make: (dir) => {
      const student = { get: async () => ({ client, codec }), close: async () => {} }
      return makeRlTwo(dir, config, data, student, observer, decisions)
    },
  })
  return { hash: manifest.hash, notes }
}

const suspectsOf = (runDir: string): string[] =>
  readSuspects(join(runDir, 'rl-2', 'quarantine.jsonl'))
    .map(({ questionId }) => questionId)
    .sort()
const triedIn = (runDir: string): Set<string> => {
  const tried = ['rollouts.jsonl', 'sweeps.jsonl'].flatMap(
    (file) => readLog<Pick<GroupRecord, 'questionId'>>(join(runDir, 'rl-2', file)).records,
  )
  return new Set(tried.map(({ questionId }) => questionId))
}

/** Decides about every open case by what it is about. */
function review(runDir: string, decide: (id: string) => 'accept' | 'remove'): void {
  const { review: sitting, close } = openReview(runDir, 'Ada')
  for (let current = sitting.current; current !== null; current = sitting.current)
    sitting.decide({ kind: decide(current.case.id) }, 'looked it up')
  close()
}

test('what a reviewer decided changes the next stage 2: the kept is no suspect again, the removed is not trained on', async () => {
  const runDir = join(root, 'reviewed')
  ensureDir(runDir)
  putAtomic(join(runDir, 'config.yaml'), '')
  const before = await makeStageTwo(runDir)
  expect(suspectsOf(runDir)).toEqual([first.id, second.id].sort())
  expect(triedIn(runDir)).toContain(second.id)
  expect(await makeStageTwo(runDir)).toEqual({ hash: before.hash, notes: ['rl-2 skipped'] })

  review(runDir, (id) => (id === first.id ? 'accept' : 'remove'))
  expect(readDecisions(runDir, data).decisions).toEqual({ kept: new Set([first.id]), removed: new Set([second.id]) })
  const after = await makeStageTwo(runDir)
  expect(after.notes.slice(0, 2)).toEqual([
    'rl-2: code, configuration or inputs changed; made anew',
    'reviewed: 1 doubted labels kept, 1 questions removed from training',
  ])
  expect(after.hash).not.toBe(before.hash)
  expect(suspectsOf(runDir)).toEqual([])
  expect(triedIn(runDir)).toContain(first.id)
  expect(triedIn(runDir)).not.toContain(second.id)

  expect(await makeStageTwo(runDir)).toEqual({ hash: after.hash, notes: ['rl-2 skipped'] })
  expect(auditChain([auditFolder(join(runDir, 'rl-2'))])).toEqual([])
})

test('a decision that is taken back leaves the run as if nobody had decided', async () => {
  const runDir = join(root, 'undone')
  ensureDir(runDir)
  putAtomic(join(runDir, 'config.yaml'), '')
  const before = await makeStageTwo(runDir)
  const { review: sitting, close } = openReview(runDir, 'Ada')
  sitting.decide({ kind: 'remove' }, 'looked it up')
  sitting.undo()
  close()
  expect(readDecisions(runDir, data)).toEqual({ decisions: noDecisions, input: {} })
  expect((await makeStageTwo(runDir)).hash).toBe(before.hash)
})
