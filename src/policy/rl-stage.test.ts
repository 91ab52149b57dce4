import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createRng } from '../core/rng.ts'
import { readLog } from '../core/store.ts'
import type { ScriptedClient } from '../engine/scripted/index.ts'
import type { TrainingClient } from '../engine/types.ts'
import { tinyStudent } from '../pipeline/fixtures/tiny-student.ts'
import type { Question } from '../questions/types.ts'
import { verifiableJudge } from './judge.ts'
import type { Metrics } from './loop.ts'
import { replayPlateau } from './plateau-switch.ts'
import { readSuspects } from './quarantine.ts'
import { replaySuspects, type SweptRecord } from './quarantine-replay.ts'
import { type RlStage, runStageOne, runStageTwo, type StageOneConfig, type StageTwoConfig } from './rl-stage.ts'
import type { GroupRecord } from './rollout.ts'
import { learningRateAt } from './stages.ts'
import { fromQuestion } from './training-question.ts'

const root = mkdtempSync(join(tmpdir(), 'rl-stage-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const freshDir = (): string => join(root, String(++folders))

const student = tinyStudent()
const training = student.questions.filter(({ split }) => split === 'train').filter((_, index) => index % 4 === 0)
const answer = (question: Question, label: string): string =>
  ` a thought about ${question.hop} hops;</think><answer> ${label}</answer>`
const gold = (question: Question): string => student.graph.entity(question.path.maskedEntity).label

/** How often the scripted policy answers a question right. */
const passRate = (question: Question): number => [1, 0.8, 0.5, 0.2, 0][Number.parseInt(question.id.slice(-4), 16) % 5]!

const luck = (): Promise<ScriptedClient> =>
  student.answering((question, sample, { key }) => {
    const isRight = createRng('luck', key, sample).uniform() < passRate(question)
    return answer(question, isRight ? gold(question) : 'cirrhosis')
  })

const common = {
  steps: 6,
  promptsPerStep: 6,
  groupSize: 4,
  learningRate: 0.001,
  warmup: 2,
  finalShare: 0.5,
  checkpointEvery: 2,
  probeEvery: 4,
  loss: 'importance_sampling',
  clipLow: 0.8,
  clipHigh: 1.2,
  gradClipNorm: 1,
} as const
const one: StageOneConfig = {
  ...common,
  curriculum: 'blended',
  hardShare: 0.5,
  plateau: { window: 2, minGain: 0.01, checkEvery: 1, checks: 1, minSteps: 100 },
}
const two: StageTwoConfig = {
  ...common,
  mining: true,
  sweepSize: 3,
  resweepEvery: 4,
  resweepShare: 0.1,
  halfLife: 40,
  rightShare: 1 / 3,
  focus: 3,
}

const asTrained = (questions: readonly Question[]) =>
  questions.map((question) => fromQuestion(question, student.lexicon))

function stageIn(dir: string, client: TrainingClient): RlStage {
  return {
    dir,
    seed: 1,
    client,
    rollouts: { client, codec: student.codec, judge: verifiableJudge('gated'), maxTokens: 60 },
    questions: asTrained(training),
    probe: async () => ({ 'probe/accuracy': 0.25 }),
  }
}

const logOf = <T>(dir: string, name: string): T[] => readLog<T>(join(dir, name)).records
const bytesOf = (dir: string, names: readonly string[]): string[] =>
  names.map((name) => readFileSync(join(dir, name), 'utf8'))

const dirOne = freshDir()
const clientOne = await luck()
const seen: (readonly [number, Metrics])[] = []
const resultOne = await runStageOne(
  { ...stageIn(dirOne, clientOne), onStep: (step, metrics) => seen.push([step, metrics]) },
  one,
)

test('stage 1 samples hard and simple questions 1 : 1 in every step, and logs each group with its reason', () => {
  expect(resultOne).toEqual({ steps: 6, stopped: null })
  const groups = logOf<GroupRecord>(dirOne, 'rollouts.jsonl')
  expect(groups).toHaveLength(36)
  for (let step = 0; step < 6; step++) {
    const reasons = groups.filter((group) => group.step === step + 1).map(({ reason }) => reason)
    expect(reasons).toEqual(['moderate', 'moderate', 'moderate', 'easy', 'easy', 'easy'])
  }
  const tierOf = new Map(training.map(({ id, difficulty }) => [id, difficulty]))
  expect(groups.every(({ questionId, reason }) => tierOf.get(questionId) === reason)).toBe(true)
  expect(groups.every(({ stage, rollouts }) => stage === 'rl-1' && rollouts.length === 4)).toBe(true)
})

test('each step updates once, at the rate of the schedule', () => {
  const rates = clientOne.calls.flatMap((call) => (call.method === 'optimStep' ? [call.params.learningRate] : []))
  const schedule = { peak: 0.001, warmup: 2, steps: 6, finalShare: 0.5 }
  expect(rates).toEqual([0, 1, 2, 3, 4, 5].map((step) => learningRateAt(step, schedule)))
  expect(seen.map(([step, metrics]) => [step, metrics['optim/learning_rate']])).toEqual(
    rates.map((rate, index) => [index + 1, rate]),
  )
})

test('the reward that is logged is that of the rollouts that are logged', () => {
  const groups = logOf<GroupRecord>(dirOne, 'rollouts.jsonl')
  logOf<{ step: number; 'rollout/reward_mean': number }>(dirOne, 'metrics.jsonl').forEach((metrics, step) => {
    const totals = groups.filter((group) => group.step === step + 1).flatMap(({ rollouts }) => rollouts)
    const mean = totals.reduce((sum, { reward }) => sum + reward.total, 0) / totals.length
    expect(metrics['rollout/reward_mean']).toBeCloseTo(mean, 12)
  })
})

test('the probe is asked when due and at the end', () => {
  const probed = logOf<Metrics>(dirOne, 'metrics.jsonl').flatMap((metrics) =>
    metrics['probe/accuracy'] === undefined ? [] : [metrics.step],
  )
  expect(probed).toEqual([4, 6])
})

test('a reward that no longer rises ends stage 1 with the reason', async () => {
  const always = await student.answering((question) => answer(question, gold(question)))
  const dir = freshDir()
  const result = await runStageOne(stageIn(dir, always), { ...one, plateau: { ...one.plateau, minSteps: 4 } })
  expect(result).toEqual({ steps: 4, stopped: 'plateau: +0.0000 reward per 2 steps' })
  // Every group is all right: nothing to learn from, so nothing was sent.
  expect(always.calls.filter(({ method }) => method === 'optimStep')).toEqual([])
})

test('when stage 1 ended and by which clause follows from its metrics.jsonl alone', async () => {
  const always = await student.answering((question) => answer(question, gold(question)))
  const plateau = { ...one.plateau, window: 20, minSteps: 3, sparsity: { mixedBelow: 0.35, span: 20 } }
  const dir = freshDir()
  const { steps, stopped } = await runStageOne(stageIn(dir, always), { ...one, plateau })
  expect([steps, stopped]).toEqual([3, 'sparsity: few groups hold a signal, and most of the others are all right'])
  expect(replayPlateau(logOf<Metrics>(dir, 'metrics.jsonl'), plateau)).toEqual({ step: 3, clause: 'sparsity' })
  expect(replayPlateau(logOf<Metrics>(dirOne, 'metrics.jsonl'), one.plateau)).toBeNull()
})

test('the size of the probe is logged where it is known', async () => {
  const dir = freshDir()
  await runStageOne({ ...stageIn(dir, await luck()), probeSize: 240 }, { ...one, steps: 4 })
  expect(logOf<Metrics>(dir, 'metrics.jsonl').map((line) => line['plateau/probe_questions'])).toEqual([
    ...[undefined, undefined, undefined],
    240,
  ])
})

test('without a curriculum stage 1 draws from all tiers', async () => {
  const dir = freshDir()
  await runStageOne(stageIn(dir, await luck()), { ...one, curriculum: 'uniform', steps: 2 })
  const reasons = new Set(logOf<GroupRecord>(dir, 'rollouts.jsonl').map(({ reason }) => reason))
  expect(reasons).toEqual(new Set(['uniform']))
})

type Sweep = { readonly step: number; readonly questionId: string; readonly right: number; readonly of: number }
const dirTwo = freshDir()
await runStageTwo(stageIn(dirTwo, await luck()), two)

test('stage 2 tries the whole training set before its first step, and its stalest tenth when due', () => {
  const sweeps = logOf<Sweep>(dirTwo, 'sweeps.jsonl')
  const first = sweeps.filter(({ step }) => step === 1)
  expect(new Set(first.map(({ questionId }) => questionId))).toEqual(new Set(training.map(({ id }) => id)))
  expect(first.every(({ of }) => of === 3)).toBe(true)
  const again = sweeps.filter(({ step }) => step === 5)
  expect(again).toHaveLength(Math.ceil(training.length / 10))
  // What was visited since is not stale.
  const visited = logOf<GroupRecord>(dirTwo, 'rollouts.jsonl').filter(({ step }) => step > 1 && step < 5)
  const visitedIds = new Set<string>(visited.map(({ questionId }) => questionId))
  expect(again.filter(({ questionId }) => visitedIds.has(questionId))).toEqual([])
  expect(sweeps).toHaveLength(first.length + again.length)
})

test('the pass rate of a sweep is that of its records', () => {
  const sweeps = logOf<Sweep>(dirTwo, 'sweeps.jsonl').filter(({ step }) => step === 1)
  const [metrics] = logOf<Metrics>(dirTwo, 'metrics.jsonl')
  const right = sweeps.reduce((sum, item) => sum + item.right, 0)
  expect(metrics!['sweep/questions']).toBe(training.length)
  expect(metrics!['sweep/pass_rate']).toBeCloseTo(right / (3 * training.length), 12)
  expect(metrics!['sweep/never_right_share']).toBeCloseTo(
    sweeps.filter((item) => item.right === 0).length / training.length,
    12,
  )
})

test('the steps of stage 2 hold failures and successes of the sweep at 2 : 1', () => {
  const groups = logOf<GroupRecord>(dirTwo, 'rollouts.jsonl')
  for (let step = 0; step < 6; step++) {
    const reasons = groups.filter((group) => group.step === step + 1).map(({ reason }) => reason)
    expect(reasons).toEqual(['wrong', 'wrong', 'wrong', 'wrong', 'right', 'right'])
  }
  const rightOf = new Map(logOf<Sweep>(dirTwo, 'sweeps.jsonl').map(({ questionId, right }) => [questionId, right]))
  const first = groups.filter(({ step }) => step === 1)
  // Three tries and a prior worth two: three right are a success in every tier, none is a failure in every tier.
  expect(first.filter(({ reason, questionId }) => reason === 'wrong' && rightOf.get(questionId) === 3)).toEqual([])
  expect(first.filter(({ reason, questionId }) => reason === 'right' && rightOf.get(questionId) === 0)).toEqual([])
})

test('without mining stage 2 goes on uniformly and sweeps nothing', async () => {
  const dir = freshDir()
  await runStageTwo(stageIn(dir, await luck()), { ...two, mining: false, steps: 3 })
  expect(logOf(dir, 'sweeps.jsonl')).toEqual([])
  const reasons = new Set(logOf<GroupRecord>(dir, 'rollouts.jsonl').map(({ reason }) => reason))
  expect(reasons).toEqual(new Set(['uniform']))
})

const quarantine: NonNullable<StageTwoConfig['quarantine']> = {
  mode: 'report',
  rule: 'thresholds',
  ...{ minBelief: 0.9, minSeen: 4, minShare: 0.6, minCompetence: 0.2, every: 100, roundShare: 0.1 },
}
const everything: StageTwoConfig = {
  ...two,
  ...{ steps: 8, resweepShare: 0.3, failure: 'repeated', priors: 'fitted', finalSweep: true },
  solved: { mean: 0.8, minSeen: 6, replayShare: 0.2, reopenBelow: 0.6 },
  ladder: { moreAfter: 4, maxGroup: 8, freezeAfter: 8, maxBackOff: 2 },
  allocation: { minGroup: 2, maxGroup: 8, chunk: 2, budget: null },
  quarantine: { ...quarantine, mode: 'isolate' },
}
const dirAll = freshDir()
await runStageTwo(stageIn(dirAll, await luck()), everything)

test('with every option on, what is solved, frozen or quarantined is logged, and the last sweep tries what does not rest', () => {
  const metrics = logOf<Metrics>(dirAll, 'metrics.jsonl')
  const last = metrics.at(-1)!
  for (const state of ['active', 'solved', 'frozen', 'quarantined'])
    expect([state, last[`curriculum/${state}`]! > 0]).toEqual([state, true])
  const final = logOf<Sweep>(dirAll, 'sweeps.jsonl').filter(({ step }) => step === 9)
  expect(final.length).toBe(last['final_sweep/questions'])
  expect(final.length).toBeGreaterThan(training.length / 2)
  const suspects = readSuspects(join(dirAll, 'quarantine.jsonl'))
  expect(suspects.length).toBe(metrics.reduce((sum, line) => sum + (line['quarantine/raised'] ?? 0), 0))
  const groups = logOf<GroupRecord>(dirAll, 'rollouts.jsonl')
  expect(new Set(groups.map(({ reason }) => reason)).has('replay')).toBe(true)
  // 6 prompts of 4 rollouts: shared out otherwise, but no more.
  for (let step = 1; step <= 8; step++) {
    const sizes = groups.filter((group) => group.step === step).map(({ rollouts }) => rollouts.length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(24)
  }
})

test('the logs of a stage that only reports give its suspects again, and those of other settings', async () => {
  const dir = freshDir()
  const rule = { ...quarantine, every: 3 }
  await runStageTwo(stageIn(dir, await luck()), { ...two, steps: 8, quarantine: rule })
  const logged = {
    ...{
      questions: training.map((question) => fromQuestion(question, student.lexicon)),
      steps: 8,
      halfLife: two.halfLife,
    },
    sweeps: logOf<SweptRecord>(dir, 'sweeps.jsonl'),
    groups: logOf<GroupRecord>(dir, 'rollouts.jsonl'),
  }
  const suspects = readSuspects(join(dir, 'quarantine.jsonl'))
  expect(suspects.length).toBeGreaterThan(1)
  expect(new Set(suspects.map(({ step }) => step)).size).toBeGreaterThan(1)
  expect(replaySuspects({ ...logged, quarantine: rule })).toEqual(suspects)
  expect(replaySuspects({ ...logged, quarantine: { ...rule, minSeen: 1000 } })).toEqual([])
})

test('a question in quarantine is trained on no more', () => {
  const groups = logOf<GroupRecord>(dirAll, 'rollouts.jsonl')
  const suspects = readSuspects(join(dirAll, 'quarantine.jsonl'))
  const early = suspects.filter(({ step }) => step < 8)
  expect(early.length).toBeGreaterThan(0)
  for (const { questionId, step } of early) {
    expect(groups.filter((group) => group.questionId === questionId && group.step > step)).toEqual([])
  }
})

test('a quarantine that only reports changes nothing that is trained', async () => {
  const dir = freshDir()
  await runStageTwo(stageIn(dir, await luck()), { ...two, quarantine })
  expect(readSuspects(join(dir, 'quarantine.jsonl')).length).toBeGreaterThan(0)
  const files = ['rollouts.jsonl', 'sweeps.jsonl', 'final/state.json']
  expect(bytesOf(dir, files)).toEqual(bytesOf(dirTwo, files))
})

test('no plan of stage 2 depends on the probe', async () => {
  const dir = freshDir()
  let calls = 0
  const probe = async (): Promise<Metrics> => ({ 'probe/accuracy': ++calls / 100, 'probe/hop3/accuracy': 0 })
  await runStageTwo({ ...stageIn(dir, await luck()), probe, probeSize: 7 }, { ...everything, probeEvery: 1 })
  expect(calls).toBe(8)
  const files = ['rollouts.jsonl', 'sweeps.jsonl', 'quarantine.jsonl', 'final/state.json']
  expect(bytesOf(dir, files)).toEqual(bytesOf(dirAll, files))
})

test('when everything rests, stage 2 ends and says so', async () => {
  const never = await student.answering((question) => answer(question, 'cirrhosis'))
  const dir = freshDir()
  const hopeless = { ...two, ladder: { moreAfter: 1, maxGroup: 4, freezeAfter: 3, maxBackOff: 1 } }
  const result = await runStageTwo(
    { ...stageIn(dir, never), questions: asTrained(training.filter((question) => gold(question) !== 'cirrhosis')) },
    hopeless,
  )
  expect(result).toEqual({ steps: 1, stopped: 'nothing is left to train on' })
  expect(logOf<Metrics>(dir, 'metrics.jsonl')[0]!['curriculum/active']).toBe(0)
})

class Killed extends Error {}

/** The lucky client, killed before its call number `at` of the engine (from 1). */
async function mortal(at: number): Promise<TrainingClient> {
  const client = await luck()
  let calls = 0
  const tick = (): void => {
    calls += 1
    if (calls === at) throw new Killed()
  }
  return {
    ...client,
    sample: async (...args) => {
      tick()
      return client.sample(...args)
    },
    optimStep: async (params) => {
      tick()
      return client.optimStep(params)
    },
    saveState: async (dir) => {
      tick()
      return client.saveState(dir)
    },
  }
}

const updatesAll = logOf<Metrics>(dirAll, 'metrics.jsonl').filter((line) => line['group/mixed_share']! > 0).length
const stages = [
  {
    name: 'stage 1',
    logs: ['metrics.jsonl', 'rollouts.jsonl', 'final/state.json'],
    run: (dir: string, client: TrainingClient) => runStageOne(stageIn(dir, client), one),
    expected: dirOne,
    // A sampling and an update a step, two checkpoints and the end.
    calls: 6 * 2 + 3,
  },
  {
    name: 'stage 2',
    logs: ['metrics.jsonl', 'rollouts.jsonl', 'sweeps.jsonl', 'final/state.json'],
    run: (dir: string, client: TrainingClient) => runStageTwo(stageIn(dir, client), two),
    expected: dirTwo,
    // And two sweeps.
    calls: 6 * 2 + 3 + 2,
  },
  {
    name: 'stage 2 with every option',
    logs: ['metrics.jsonl', 'rollouts.jsonl', 'sweeps.jsonl', 'quarantine.jsonl', 'final/state.json'],
    run: (dir: string, client: TrainingClient) => runStageTwo(stageIn(dir, client), everything),
    expected: dirAll,
    // A sampling a step, an update where a group has a signal, three checkpoints and the end, two sweeps and the last.
    calls: 8 + updatesAll + 4 + 3,
  },
] as const

test.each(stages)(
  '$name, killed before any call of the engine and run again, ends in the same bytes',
  async (stage) => {
    const expected = bytesOf(stage.expected, stage.logs)
    for (let at = 1; at <= stage.calls; at++) {
      const dir = freshDir()
      await expect(stage.run(dir, await mortal(at))).rejects.toThrow(Killed)
      await stage.run(dir, await luck())
      expect([at, ...bytesOf(dir, stage.logs)]).toEqual([at, ...expected])
    }
    await expect(stage.run(freshDir(), await mortal(stage.calls + 1))).resolves.toBeDefined()
  },
)
