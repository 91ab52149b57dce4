import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { formatJson, parseJson } from '../../core/json.ts'
import { readJsonl } from '../../core/jsonl.ts'
import { readText } from '../../core/read.ts'
import { createRng } from '../../core/rng.ts'
import { ensureDir, putAtomic } from '../../core/store.ts'
import { type FaultName, type ServedRequest, startFaultyServer } from '../../endpoint/fixtures/faulty-server.ts'
import { type ScriptedClient, scriptedEngine } from '../../engine/scripted/index.ts'
import type { Datum, TrainingClient } from '../../engine/types.ts'
import type { EntityId } from '../../graph/types.ts'
import { supervisedDatum } from '../../policy/datum.ts'
import { factDocument } from '../../policy/documents.ts'
import { scaleWeights } from '../../policy/sft.ts'
import { drawSentences, factsOf } from '../../questions/facts.ts'
import type { Question } from '../../questions/types.ts'
import { teachFromGraph } from '../../trajectories/graph-teacher.ts'
import { chooseForColdStart } from '../../trajectories/select.ts'
import type { AttemptRecord, TeachReport } from '../../trajectories/teach.ts'
import type { Trajectory } from '../../trajectories/types.ts'
import type { Config } from '../config.ts'
import { configSchema } from '../config.ts'
import { endpointsSchema } from '../config-endpoints.ts'
import { coldStartSchema } from '../config-teacher.ts'
import { tinyStudent } from '../fixtures/tiny-student.ts'
import { silentObserver } from '../observer.ts'
import { makeColdStart, rehearsalDocuments } from './cold-start.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-cold-start-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const { graph, questions, codec, answering } = tinyStudent()

/** A configuration with settings of the cold start that the lead has yet to merge. */
const configOf = (coldStart: Record<string, unknown> = {}): Config => {
  const config = configSchema.parse({})
  const section = coldStartSchema.parse({ items: 12, maxHops: 2, epochs: 2, batch: 5, ...coldStart })
  return { ...config, 'cold-start': section }
}

/** Runs the stage with a client that trains nothing; `losses` are what its held-out data come to, look by look. */
const run = async (name: string, config: Config, losses: readonly number[] = [], own?: ScriptedClient) => {
  const dir = join(root, name, 'cold-start')
  ensureDir(dir)
  ensureDir(join(root, name, 'questions'))
  putAtomic(join(root, name, 'questions', 'census.json'), formatJson({ heldOutDiseases: [] }))
  const base = own ?? (await answering(() => ''))
  const pretrained = join(root, name, 'pretrain', 'final')
  if (!existsSync(pretrained)) await base.saveState(pretrained)
  let look = 0
  const client: TrainingClient = {
    ...base,
    forward: async (data) => {
      const loss = losses[look] ?? 9
      look += 1
      return { lossSum: 0, logprobs_DT: data.map(({ weights }) => weights!.map(() => -loss)) }
    },
  }
  const student = { get: async () => ({ client, codec }), close: async () => {} }
  const files = await makeColdStart(dir, config, graph, questions, student, silentObserver)
  const trained = base.calls.flatMap((call) => (call.method === 'forwardBackward' ? [call.data] : []))
  const trajectories = readJsonl(join(dir, 'trajectories.jsonl'), (value) => value as Trajectory)
  return { dir, files, trained, trajectories, base }
}

test('by default it trains, byte for byte, on what it always trained on', async () => {
  const config = configOf()
  const { files, trained, trajectories } = await run('default', config)
  const { items, maxHops, backtrackShare } = config['cold-start']
  const taught = chooseForColdStart(questions, { count: items, maxHops, seed: config.dataSeed })
  const chains = taught.map((question) => {
    const settings = { seed: config.dataSeed, backtrackShare, avoid: new Set<never>() }
    return { question, completion: teachFromGraph(graph, question, settings).completion }
  })
  expect(trajectories.map(({ questionId, completion }) => [questionId, completion])).toEqual(
    chains.map(({ question, completion }) => [question.id, completion]),
  )
  const data = chains.map(({ question, completion }) =>
    supervisedDatum(codec.prompt(question.stem), codec.completion(completion), 1),
  )
  const facts = factsOf(graph)
  const { batch, rehearsal } = config['cold-start']
  const { sentencesPerDocument: count, contextWeight } = config.pretrain
  const batches = Math.ceil(data.length / batch)
  const expected = Array.from({ length: batches * 2 }, (_, step): Datum[] => {
    const order = createRng(config.seed, 'cold-start-order', Math.floor(step / batches)).shuffle(data)
    const chosen = order.slice((step % batches) * batch, (step % batches) * batch + batch)
    const documents = Array.from({ length: rehearsalDocuments }, (_, index) => {
      const position = (step * rehearsalDocuments + index) * count
      const sentences = drawSentences(graph, facts, { seed: `${config.seed} rehearsal`, position, count })
      return factDocument(codec, sentences, contextWeight)
    })
    return [...scaleWeights(chosen), ...scaleWeights(documents, rehearsal)]
  })
  expect(trained).toEqual(expected)
  expect(files).toEqual([
    ...['trajectories.jsonl', 'dropped.json', 'teaching.json'],
    ...['dataset/README.md', 'dataset/trajectories.jsonl', 'dataset/trajectories.parquet'],
    ...['metrics.jsonl', 'final/state.json'],
  ])
})

test('with a held-out share it stops early and ends with the checkpoint of least loss', async () => {
  const settings = { epochs: 20, holdOut: 0.25, evaluateEvery: 2, patience: 2 }
  const { dir, trained, base } = await run('early', configOf(settings), [3, 1, 2, 2])
  expect(trained.length).toBe(8)
  const metrics = readJsonl(join(dir, 'metrics.jsonl'), (value) => value as Record<string, number>)
  expect(metrics.flatMap((line) => line['eval/held_out_loss'] ?? [])).toEqual([3, 1, 2, 2])
  expect(metrics.length).toBe(8)
  const final = parseJson(readText(join(dir, 'final', 'state.json')), {}) as { updates: number }
  expect(final.updates).toBe(4)
  expect(base.calls.filter(({ method }) => method === 'loadState').length).toBe(2)
  expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['best-000004'])
})

test('what is held out is not trained on', async () => {
  const { trained, trajectories } = await run('held', configOf({ holdOut: 0.25, rehearsal: 0 }), [1])
  const seen = new Set(trained.flat().map(({ inputTokens }) => inputTokens.join(' ')))
  expect(seen.size).toBe(trajectories.length - Math.round(trajectories.length * 0.25))
})

test('a graph teacher that errs is revised, every attempt is written down, and what is never right is not taught', async () => {
  const settings = { mistakes: 0.5, attempts: 1 }
  const { dir, files, trajectories } = await run('fallible', configOf(settings))
  const bare = await run('unrefined', configOf({ ...settings, strategies: [] }))
  expect(files).toContain('attempts.jsonl')
  const attempts = readJsonl(join(dir, 'attempts.jsonl'), (value) => value as AttemptRecord)
  const drafts = attempts.filter(({ strategy }) => strategy === null)
  expect(drafts.length).toBe(12)
  const right = drafts.filter(({ verdict }) => verdict === 'kept').map(({ questionId }) => questionId)
  expect(bare.trajectories.map(({ questionId }) => questionId)).toEqual(right)
  expect(right.length).toBeLessThan(12)
  const rescued = trajectories.filter(({ strategy }) => strategy !== null)
  expect(rescued.length).toBe(trajectories.length - right.length)
  expect(rescued.length).toBeGreaterThan(0)
  const { rounds } = parseJson(readText(join(dir, 'teaching.json')), {}) as TeachReport
  expect(rounds.map(({ strategy }) => strategy).slice(0, 2)).toEqual([null, 'backtracking'])
  expect(rounds.reduce((sum, { solved }) => sum + solved, 0)).toBe(trajectories.length)
})

/** The question whose stem stands in a text. */
const askedIn = (text: string): Question => questions.find(({ stem }) => text.includes(`\n${stem}\n`))!

const reasoned = (question: Question): string => {
  const [first, ...rest] = question.path.triples.map((id) => graph.triple(id))
  const name = (id: EntityId): string => graph.entity(id).label
  const steps = [first!, ...rest].map(({ head, tail }) => `In ${name(head)} one thinks of ${name(tail)}.`)
  return steps.join(' ')
}

test('the student can be its own teacher: blind, checked, recorded, and asked for nothing twice', async () => {
  const config = configOf({ teacher: 'engine', attempts: 2, checks: { length: 'off' }, replyTokens: 400 })
  const client = await scriptedEngine.create({
    contextLength: 8_192,
    respond: ({ promptTokens }) => {
      const question = askedIn(codec.completionText(promptTokens))
      const label = graph.entity(question.path.maskedEntity).label
      return { tokens: codec.completion(` ${reasoned(question)}</think><answer> ${label}</answer>`) }
    },
  })
  const first = await run('own', config, [], client)
  expect(first.trajectories.length).toBe(12)
  expect(first.trajectories[0]).toMatchObject({ sawGold: false, origin: 'blind', attempts: 2, strategy: null })
  expect(first.trajectories[0]!.teacher).toBe('the student of default')
  expect(first.files).toContain('attempts.jsonl')
  const attempts = readJsonl(join(first.dir, 'attempts.jsonl'), (value) => value as AttemptRecord)
  expect(attempts.length).toBe(24)
  expect(attempts[0]!.messages[1]!.content).toContain('<question>')
  const samples = (): number => client.calls.filter(({ method }) => method === 'sample').length
  const before = samples()
  const again = await run('own', config, [], client)
  expect(samples()).toBe(before)
  expect(again.trajectories).toEqual(first.trajectories)
})

test('a teacher behind an address that fails 40 % of the time teaches what a calm one does', async () => {
  const answer = ({ messages }: ServedRequest): { text: string; reasoning: string } => {
    const question = askedIn(messages.map(({ content }) => content).join('\n'))
    const isRevision = messages[1]!.content.includes('<earlier>')
    const isRight = question.hop === 1 || isRevision
    const label = isRight ? graph.entity(question.path.maskedEntity).label : 'nothing at all'
    return { text: `<answer>${label}</answer>`, reasoning: reasoned(question) }
  }
  const faults: FaultName[] = ['429-bare', '500', 'reset', 'html', 'truncated-json', 'garbage', 'length']
  const results = []
  for (const [name, faultRate] of [
    ['faulty', 0.4],
    ['calm', 0],
  ] as const) {
    const server = await startFaultyServer({ seed: 3, faultRate, faults, answer })
    const base = { model: 'strong', timeoutSeconds: 5, retrySeconds: 0.001 }
    const section = { teacher: 'endpoint', endpoint: 'teacher', attempts: 2, checks: { length: 'off' } }
    const endpoints = endpointsSchema.parse({ teacher: { ...base, url: server.url } })
    const config = { ...configOf(section), endpoints }
    const { dir, trajectories } = await run(name, config)
    const named = trajectories.map((one) => ({ ...one, teacher: one.teacher.replace(server.url, '') }))
    const attempts = readText(join(dir, 'attempts.jsonl'))
    const report = parseJson(readText(join(dir, 'teaching.json')), {}) as TeachReport
    results.push({ named, attempts, rounds: report.rounds, unsolved: report.unsolved })
    await server.close()
  }
  expect(results[0]).toEqual(results[1])
  expect(results[0]!.rounds.map(({ strategy, questions: count, solved }) => [strategy, count, solved])).toEqual([
    [null, 12, 6],
    ['backtracking', 6, 6],
  ])
})
