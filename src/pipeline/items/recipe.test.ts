import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { formatJson } from '../../core/json.ts'
import { readJsonl } from '../../core/jsonl.ts'
import { ensureDir, putAtomic, readLog, readManifest } from '../../core/store.ts'
import { huggingFaceConfig } from '../../engine/local/hf/config.ts'
import { scriptedEngine } from '../../engine/scripted/index.ts'
import type { TrainingClient } from '../../engine/types.ts'
import { disputeOfItem } from '../../policy/quarantine-item.ts'
import type { GroupRecord } from '../../policy/rollout.ts'
import { openDisputes } from '../../questions/refine/disputes.ts'
import { readItemScores } from '../../release/item-scores.ts'
import { compactChatTemplate } from '../../text/chat.ts'
import { openTextModel } from '../../text/text-model.ts'
import { trainTokenizer } from '../../text/tokenizer-trainer.ts'
import { ask } from '../ask.ts'
import type { Config } from '../config.ts'
import { parseConfig } from '../config-file.ts'
import { loadDataConfig } from '../data/config.ts'
import { runData } from '../data/run.ts'
import { disputesFile } from '../data/shared.ts'
import { withWeights } from '../fixtures/scripted-run.ts'
import { silentObserver } from '../observer.ts'
import { planRun } from '../plan.ts'
import { writeReport } from '../report/write-report.ts'
import { rescore } from '../rescore.ts'
import { runRecipe } from '../run.ts'
import { decoderConfig } from '../student.ts'
import { verifyTarget } from '../verify.ts'
import { openDataRun } from './data-run.ts'
import { iterateStoredItems } from './stored-items.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-items-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A data run of a few items, and a base model that is a tokenizer and a shape. */
const dataYaml =
  'name: data\ngraph: { sources: [{ source: starter-tables, files: [data/starter] }] }\nsynthesis: { count: 40 }'
const dataFile = join(root, 'data.yaml')
putAtomic(dataFile, dataYaml)
const dataDir = await runData(root, loadDataConfig(dataFile), silentObserver)
const model = join(root, 'base')
ensureDir(model)
const { json, tokenizer } = trainTokenizer({
  corpus: ['Which one is right, A or B? Think first.'],
  merges: 10,
  addedTokens: [],
})
const shape = decoderConfig(parseConfig('', 'none', ['engine.contextLength=4000']), tokenizer.vocabSize)
putAtomic(join(model, 'tokenizer.json'), formatJson(json))
putAtomic(join(model, 'config.json'), formatJson(huggingFaceConfig(shape, 'float32')))
const tokens = { chat_template: compactChatTemplate, eos_token: '<|im_end|>' }
putAtomic(join(model, 'tokenizer_config.json'), formatJson(tokens))

const configOf = (name: string, ...more: string[]): Config =>
  parseConfig(
    `
name: ${name}
engine: { model: ${model} }
questions: { items: { from: ${dataDir}, heldOut: 0.2, probe: 3 } }
cold-start:
  { teacher: engine, items: 20, epochs: 1, batch: 4, attempts: 1, strategies: [], checks: { length: report }, replyTokens: 300 }
rl-1: { steps: 2, promptsPerStep: 3, groupSize: 2, maxTokens: 300, checkpointEvery: 1, probeEvery: 2 }
rl-2: { steps: 2, promptsPerStep: 3, groupSize: 2, maxTokens: 300, checkpointEvery: 1, probeEvery: 2, sweepSize: 2 }
evaluation: { maxTokens: 300 }`,
    'run.yaml',
    more,
  )

const said = ' One option fits what is given better than each of the others does.</think><answer>'

class Killed extends Error {}

/** A student that answers A, and B in every second sample; it dies before its call number `at` of the sampler. */
const student =
  (at = Number.POSITIVE_INFINITY) =>
  () => {
    const { codec } = openTextModel(model)
    let calls = 0
    const client = scriptedEngine
      .create({
        contextLength: 4000,
        respond: (_, sample) => ({ tokens: codec.completion(`${said}${sample % 2 === 0 ? 'A' : 'B'}</answer>`) }),
      })
      .then(
        (scripted): TrainingClient =>
          withWeights({
            ...scripted,
            sample: async (...given) => {
              calls += 1
              if (calls === at) throw new Killed()
              return scripted.sample(...given)
            },
          }),
      )
    return { get: async () => ({ client: await client, codec }), close: async () => (await client).close() }
  }

const dir = await runRecipe(root, configOf('whole'), silentObserver, student())
const stored = [...iterateStoredItems(join(dir, 'questions'))]
const heldOut = stored.filter(({ split }) => split === 'test')

test('the trace from model to source holds: every stage is sealed over the one before, the first over the data run', () => {
  expect(verifyTarget(dir).problems).toEqual([])
  const { manifests } = openDataRun(dataDir)
  expect(readManifest(join(dir, 'graph'))!.inputs).toEqual({ source: manifests.graph.hash })
  expect(readManifest(join(dir, 'questions'))!.inputs.source).toBe(manifests.refinement.hash)
  const provenance = JSON.parse(readFileSync(join(dir, 'release', 'model', 'provenance.json'), 'utf8'))
  const stage = provenance.items.dataRun.find((found: { stage: string }) => found.stage === 'refinement')
  expect([stage.hash, provenance.items.bySource]).toEqual([manifests.refinement.hash, { synthetic: stored.length }])
  expect(readFileSync(join(dir, 'release', 'model', 'README.md'), 'utf8')).toContain(
    `${stored.length} items of a data run`,
  )
})

test('held-out items are never rolled out, and training items are, with options as the policy saw them', () => {
  const held = new Set<string>(stored.filter(({ split }) => split !== 'train').map(({ item }) => item.id))
  const groups = ['rl-1', 'rl-2'].flatMap((stage) => readLog<GroupRecord>(join(dir, stage, 'rollouts.jsonl')).records)
  expect(groups.length).toBe(12)
  expect(groups.filter(({ questionId }) => held.has(questionId))).toEqual([])
  expect(groups.some(({ rollouts }) => rollouts[0]!.reward.total !== rollouts[1]!.reward.total)).toBe(true)
})

test('each checkpoint answers the held-out items, with interval, unread answers and paired tests', () => {
  const { rows, paired } = readItemScores(join(dir, 'evaluation', 'item-scores.json'))
  const pooled = rows.filter(({ axis }) => axis === 'all')
  expect(pooled.map(({ stage, n }) => [stage, n])).toEqual(
    ['base', 'cold-start', 'rl-1', 'rl-2'].map((stage) => [stage, heldOut.length]),
  )
  const answers = readJsonl(
    join(dir, 'evaluation', 'item-answers-rl-2.jsonl'),
    (value) => value as { correct: boolean },
  )
  expect(pooled[3]!.correct).toBe(answers.filter(({ correct }) => correct).length)
  expect(paired.filter(({ axis }) => axis === 'all').map(({ gained, lost, p }) => [gained, lost, p])).toEqual(
    new Array(4).fill([0, 0, 1]),
  )
})

test('killed while it trains and while it is scored, and run again, it ends with the same bytes', async () => {
  const files = [
    ...['questions/items.jsonl', 'cold-start/trajectories.jsonl', 'rl-1/rollouts.jsonl', 'rl-2/rollouts.jsonl'],
    ...['rl-2/sweeps.jsonl', 'evaluation/item-answers-rl-2.jsonl', 'evaluation/item-scores.json'],
  ]
  for (const at of [4, 3, 4]) {
    await expect(runRecipe(join(root, 'again'), configOf('whole'), silentObserver, student(at))).rejects.toThrow(Killed)
  }
  const again = await runRecipe(join(root, 'again'), configOf('whole'), silentObserver, student())
  for (const file of files) expect(readFileSync(join(again, file), 'utf8')).toBe(readFileSync(join(dir, file), 'utf8'))
})

test('an item that a reviewer removed is neither swept nor trained on in the next stage 2', async () => {
  const other = join(root, 'reviewed')
  const runDir = await runRecipe(other, configOf('whole'), silentObserver, student())
  const tried = (): Set<string> =>
    new Set(
      readLog<{ questionId: string }>(join(runDir, 'rl-2', 'sweeps.jsonl')).records.map((line) => line.questionId),
    )
  const { item } = stored.find(({ split, item: { id } }) => split === 'train' && tried().has(id))!
  const suspect = {
    step: 2,
    questionId: item.id,
    gold: [],
    majorityAnswer: 'A',
    share: 1,
    cluster: 'all',
    clusterItems: 9,
  }
  const queue = openDisputes(disputesFile(runDir))
  queue.add([disputeOfItem({ ...suspect, clusterAccuracy: 1, rollouts: 9, right: 0, belief: 1 }, item, item)])
  queue.decide(item.id, { kind: 'remove' }, { who: 'Ada', why: 'two options are right' })
  queue.close()
  const notes: string[] = []
  await runRecipe(other, configOf('whole'), { ...silentObserver, note: (text) => notes.push(text) }, student())
  expect(notes).toContain('reviewed: 0 doubted labels kept, 1 questions removed from training')
  expect(tried()).not.toContain(item.id)
  expect(tried().size).toBe(stored.filter(({ split }) => split === 'train').length - 1)
  expect(verifyTarget(runDir).problems).toEqual([])
})

test('scored anew it says the same, its plan counts its items, and its report has them', async () => {
  const { items, sameAsSealed } = await rescore(dir, ['rl-2'], () => {}, student())
  expect([sameAsSealed, items!.rows[0]!.n]).toEqual([true, heldOut.length])
  const plan = await planRun(root, configOf('whole'))
  expect([plan.trainingQuestions, plan.testQuestions]).toEqual([
    stored.filter(({ split }) => split === 'train').length,
    heldOut.length,
  ])
  const page = readFileSync(await writeReport(dir, configOf('whole'), { wallSeconds: 1 }), 'utf8')
  expect(page).toContain('href="#items"')
  for (const [, target] of page.matchAll(/href="#([^"]*)"/g)) expect(page).toContain(`id="${target}"`)
  expect(page).not.toContain('on any hop count')
  await expect(ask(dir, 'rl-2', 'What?')).rejects.toThrow('only runs on the starter graph can be asked')
})

test.each([
  ['no base model', ['engine.model=null'], 'needs engine.model'],
  ['the graph teacher', ['cold-start.teacher=graph'], 'cannot teach the items'],
  ['facts to learn', ['pretrain.steps=3'], 'a run on items has none'],
  ['no data run', [`questions.items.from=${model}`], 'no finished stage "graph"'],
])('%s is refused before anything is made', async (_, settings, message) => {
  await expect(runRecipe(root, configOf('refused', ...settings), silentObserver, student())).rejects.toThrow(message)
})

test('a data run that was changed after it was sealed is refused', async () => {
  const file = join(dataDir, 'refinement', 'questions.jsonl')
  const before = readFileSync(file, 'utf8')
  putAtomic(file, before.replace('"id"', '"ID"'))
  await expect(runRecipe(root, configOf('forged'), silentObserver, student())).rejects.toMatchObject({
    code: 'E_INTEGRITY',
  })
  putAtomic(file, before)
})
