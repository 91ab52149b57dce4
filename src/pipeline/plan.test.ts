import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ensureDir, putAtomic, sealStage } from '../core/store.ts'
import { parseConfig } from './config-file.ts'
import { hoursUnit, type Plan, planRun } from './plan.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-plan-'))
afterAll(() => rmSync(root, { recursive: true }))

const small = ['graph.diseases=16', 'questions.perHop={"1": 60, "2": 60}', 'questions.maxHops=2', 'rl-1.steps=10']
const configOf = (...more: string[]) => parseConfig('', 'none', [...small, 'questions.comparativePerHop={}', ...more])
const plan = await planRun(root, configOf())
const stageOf = (of: Plan, name: string) => of.stages.find(({ stage }) => stage === name)!

describe('a plan', () => {
  test('counts the questions that the run will make, and the weights of its student', () => {
    expect(plan.trainingQuestions).toBeGreaterThan(30)
    expect(plan.trainingQuestions).toBeLessThan(120)
    expect(plan.parameters).toBeGreaterThan(500_000)
    expect(plan.promptTokens).toBeGreaterThan(5)
    expect(plan.promptTokens).toBeLessThan(20)
  })

  test('counts rollouts as steps × prompts × group, prompts once a group', () => {
    const { trained, prefilled, sampled, steps, teacherCalls } = stageOf(plan, 'rl-1')
    expect(steps).toBe(10)
    expect(trained).toBe(Math.round(10 * 32 * 8 * (plan.promptTokens! + 40)))
    expect(prefilled).toBe(Math.round(10 * 32 * plan.promptTokens!))
    expect(sampled).toBe(10 * 32 * 8 * 40)
    expect(teacherCalls).toBe(0)
  })

  test('has no cold start where the epochs are 0, and no pretraining where the steps are', async () => {
    const bare = await planRun(root, configOf('cold-start.epochs=0', 'pretrain.steps=0'))
    expect(stageOf(bare, 'cold-start')).toMatchObject({ steps: 0, trained: 0 })
    expect(stageOf(bare, 'pretrain')).toMatchObject({ steps: 0, trained: 0 })
    expect(stageOf(plan, 'cold-start').steps % 16).toBe(0)
    expect(stageOf(plan, 'cold-start').trained).toBeGreaterThan(0)
  })

  test('costs two thirds of the training with an adapter', async () => {
    const lora = await planRun(root, configOf('engine.lora={}'))
    const tokens = stageOf(plan, 'pretrain')
    const sampling = (2 * plan.parameters! * tokens.sampled) / 25e9 / 3600
    const reading = (2 * plan.parameters! * tokens.prefilled) / 75e9 / 3600
    const training = (of: Plan) => stageOf(of, 'pretrain').hours! - sampling - reading
    expect(training(lora) / training(plan)).toBeCloseTo(2 / 3, 6)
  })

  test('gives no hours for a server whose base has no known size, and GPU hours otherwise', async () => {
    const remote = ['engine.kind=tinker', 'engine.model=hf:Qwen/Qwen3-32B', 'engine.lora={}']
    const unknown = await planRun(root, configOf(...remote))
    expect(unknown.stages.map(({ hours }) => hours)).toEqual(unknown.stages.map(() => null))
    expect(unknown.assumptions.join()).toContain('engine.tinker.parameters')
    expect(unknown.promptTokens).toBeNull()
    const config = configOf(...remote, 'engine.tinker.parameters=32e9')
    expect(hoursUnit(config)).toBe('GPU hours')
    const { hours, trained } = stageOf(await planRun(root, config), 'cold-start')
    expect(hours).toBeCloseTo((4 * 32e9 * trained) / (0.35 * 989e12) / 3600, 9)
  })

  test('tells the stages that are made already from those to do', async () => {
    const dir = join(root, 'default', 'graph')
    ensureDir(dir)
    putAtomic(join(dir, 'entities.jsonl'), '')
    sealStage(dir, { stage: 'graph', inputs: {}, outputs: ['entities.jsonl'], seed: 1 })
    const again = await planRun(root, configOf())
    expect(again.stages.map(({ sealed }) => sealed)).toEqual([true, false, false, false, false, false, false, false])
  })
})
