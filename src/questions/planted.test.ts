import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { canonicalJson } from '../core/json.ts'
import { readJsonl } from '../core/jsonl.ts'
import { ensureDir } from '../core/store.ts'
import { starterSchema } from '../graph/schema.ts'
import { readTables } from '../graph/sources/tables.ts'
import { subsetByDiseases } from '../graph/subset.ts'
import { configSchema } from '../pipeline/config.ts'
import { makeQuestions, readQuestions } from '../pipeline/stages/questions.ts'
import { buildLexicon } from '../text/lexicon.ts'
import { createDraftChecker } from '../trajectories/check-draft.ts'
import { teachFromGraph } from '../trajectories/graph-teacher.ts'
import { taskOfQuestion } from '../trajectories/task.ts'
import { graphTeacherActions } from '../trajectories/teachers/graph.ts'
import { plantWrongLabels } from './planted.ts'
import { proveQuestion } from './proof.ts'
import { synthesise } from './synthesis.ts'

const root = mkdtempSync(join(tmpdir(), 'planted-'))
afterAll(() => rmSync(root, { recursive: true }))

const config = configSchema.parse({
  questions: { perHop: { 1: 60, 2: 120, 3: 60, 4: 0 }, comparativePerHop: { 2: 20, 3: 0 }, maxHops: 3 },
})
const graph = subsetByDiseases(readTables(join(import.meta.dirname, '../../data/starter'), starterSchema), {
  ...{ diseases: 40, seed: 1 },
})
const { questions } = synthesise(graph, config.questions, 1)
const training = questions.filter(({ split }) => split === 'train')
const { questions: noisy, planted } = plantWrongLabels(questions, { share: 0.1, seed: 1 })
const plantedIds = new Set<string>(planted.map(({ questionId }) => questionId))

test('the share is exact, of the training questions alone, and says what was and what is', () => {
  expect(planted).toHaveLength(Math.round(training.length * 0.1))
  expect(planted.length).toBeGreaterThan(5)
  for (const { questionId, was, is } of planted) {
    const [before, after] = [questions, noisy].map((all) => all.find(({ id }) => id === questionId)!)
    expect(before!.split).toBe('train')
    expect(was).toEqual(before!.acceptedEntityIds)
    expect(after!.acceptedEntityIds).toEqual([is])
    expect(after!.options[after!.gold]!.entityId).toBe(is)
    expect(was).not.toContain(is)
    expect(after!.refutations.map(({ entityId }) => entityId)).not.toContain(is)
  }
})

test('all else stays: ids, stems, options and walks of the planted, every byte of the others', () => {
  expect(noisy.map(({ id }) => id)).toEqual(questions.map(({ id }) => id))
  for (const [index, question] of noisy.entries()) {
    const before = questions[index]!
    const { acceptedEntityIds: _, gold: __, refutations: ___, ...rest } = question
    expect(before).toMatchObject(plantedIds.has(question.id) ? rest : question)
  }
})

test('what was planted is what the graph refutes: a proof fails on these questions and on no other', () => {
  const unproved = noisy.filter((question) => !proveQuestion(graph, question).holds).map(({ id }) => id)
  expect(new Set<string>(unproved)).toEqual(plantedIds)
})

test('the same seed plants the same, another seed another set, a larger share a larger one around it', () => {
  expect(plantWrongLabels(questions, { share: 0.1, seed: 1 })).toEqual({ questions: noisy, planted })
  const other = plantWrongLabels(questions, { share: 0.1, seed: 2 }).planted
  expect(other.filter(({ questionId }) => plantedIds.has(questionId)).length).toBeLessThan(planted.length / 2)
  const more = plantWrongLabels(questions, { share: 0.3, seed: 1 }).planted
  expect(more).toEqual(expect.arrayContaining([...planted]))
  expect(more).toHaveLength(Math.round(training.length * 0.3))
})

test('a share of none gives the questions as they are, and of one every training label', () => {
  expect(plantWrongLabels(questions, { share: 0, seed: 1 })).toEqual({ questions, planted: [] })
  expect(plantWrongLabels(questions, { share: 1, seed: 1 }).planted).toHaveLength(training.length)
})

test('the graph teacher arrives elsewhere than a planted label, so its chain is dropped as a wrong answer', () => {
  const lexicon = buildLexicon(graph.entities)
  const checker = createDraftChecker(graphTeacherActions, null)
  const verdicts = noisy.map((question) => {
    const draft = teachFromGraph(graph, question, { seed: 1, backtrackShare: 0 })
    const { reasons } = checker.check(taskOfQuestion(question, graph, lexicon), draft)
    return { isPlanted: plantedIds.has(question.id), reasons }
  })
  expect(verdicts.filter(({ isPlanted }) => isPlanted).length).toBeGreaterThan(5)
  for (const { isPlanted, reasons } of verdicts) expect(reasons).toEqual(isPlanted ? ['answer: wrong'] : [])
})

test('a teacher that is told the gold is told the wrong one: it has no other', () => {
  const lexicon = buildLexicon(graph.entities)
  const [first] = planted
  const question = noisy.find(({ id }) => id === first!.questionId)!
  const task = taskOfQuestion(question, graph, lexicon)
  expect(task.gold).toBe(graph.entity(first!.is).label)
  expect(task.goldNames).toContain(task.gold)
  expect(task.otherOptions).toContain(graph.entity(question.path.maskedEntity).label)
})

test('the stage writes which labels it planted, and nothing of it without the option', () => {
  const made = (name: string, wrongLabels: number) => {
    const dir = join(root, name)
    ensureDir(dir)
    const { outputs } = makeQuestions(dir, { ...config, questions: { ...config.questions, wrongLabels } }, graph, graph)
    return { dir, outputs }
  }
  const clean = made('clean', 0)
  const wrong = made('wrong', 0.1)
  expect(clean.outputs).toEqual(['questions.jsonl', 'census.json'])
  expect(existsSync(join(clean.dir, 'planted.jsonl'))).toBe(false)
  expect(wrong.outputs).toEqual(['questions.jsonl', 'census.json', 'planted.jsonl'])
  expect(readJsonl(join(wrong.dir, 'planted.jsonl'), (value) => value)).toEqual(planted)
  const heldOut = (dir: string) => readQuestions(dir).filter(({ split }) => split !== 'train')
  expect(heldOut(wrong.dir).length).toBeGreaterThan(50)
  expect(canonicalJson(heldOut(wrong.dir))).toBe(canonicalJson(heldOut(clean.dir)))
})
