import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRng, type Rng } from '../core/rng.ts'
import type { Difficulty } from '../questions/types.ts'
import {
  type Curriculum,
  createCurriculum,
  fitPriors,
  type Replies,
  recordVisit,
  restoreCurriculum,
  snapshotCurriculum,
  stateOf,
} from './ledger.ts'
import { updateStates } from './ledger-states.ts'
import { divide, planMined } from './mining.ts'
import { findSuspects, quarantine } from './quarantine.ts'
import { dueForSweep, type SweepConfig } from './sweep.ts'
import type { TrainingQuestion } from './types.ts'

/** A question whose pass rate is known and drifts, answered as a policy would answer it. */
type Simulated = {
  readonly question: TrainingQuestion
  p: number
  readonly isMislabelled: boolean
  /** Share of its wrong answers that are one and the same; the others are three more. */
  readonly habit: number
}

const everything: SweepConfig = {
  ...{ sweepSize: 4, halfLife: 40, rightShare: 1 / 3, focus: 3, resweepShare: 0.25 },
  ...{ failure: 'repeated', priors: 'fitted' },
  solved: { mean: 0.9, minSeen: 16, replayShare: 0.05, reopenBelow: 0.75 },
  ladder: { moreAfter: 16, maxGroup: 64, freezeAfter: 64, maxBackOff: 4 },
  allocation: { minGroup: 8, maxGroup: 64, chunk: 8, budget: null },
  quarantine: {
    mode: 'isolate',
    rule: 'thresholds',
    ...{ minBelief: 0.9, minSeen: 16, minShare: 0.6, minCompetence: 0.5, every: 1000, roundShare: 0.02 },
  },
}

const tiers = ['easy', 'moderate', 'difficult'] as const
const simulated = (index: number, p: number, more: Partial<Simulated> = {}): Simulated => ({
  question: {
    ...{ id: `q${index}`, difficulty: tiers[index % 3] as Difficulty },
    ...{ acceptedAnswers: ['gold'], clusters: [`relation ${index % 8}`, '2 hops'] },
  } as unknown as TrainingQuestion,
  ...{ p, isMislabelled: false, habit: 0.25, ...more },
})

/** A mislabelled question is answered as it should be at its pass rate, which its label calls wrong. */
function reply({ p, isMislabelled, habit }: Simulated, of: number, rng: Rng): Replies {
  let right = 0
  const wrongAnswers: string[] = []
  for (let rollout = 0; rollout < of; rollout++) {
    const knows = rng.uniform() < p
    if (knows && !isMislabelled) right += 1
    else wrongAnswers.push(knows ? 'truth' : rng.uniform() < habit ? 'habit' : `miss ${rng.int(3)}`)
  }
  return { of, right, wrongAnswers }
}

function runSweep(curriculum: Curriculum, items: readonly Simulated[], config: SweepConfig, step: number): number {
  const byId = new Map(items.map((item) => [item.question.id, item]))
  const questions = items.map(({ question }) => question)
  const due = dueForSweep(curriculum, questions, config.resweepShare)
  curriculum.sweeps += 1
  for (const question of due) {
    const replies = reply(byId.get(question.id)!, config.sweepSize, createRng('sweep', step, question.id))
    recordVisit(curriculum.ledger, question, replies, { step, halfLife: config.halfLife, isSweep: true })
  }
  updateStates(curriculum, due, config)
  if (curriculum.sweeps === 1 && config.priors === 'fitted') curriculum.priors = fitPriors(curriculum.ledger, questions)
  if (config.quarantine) {
    const suspects = findSuspects(curriculum, questions, config.quarantine, { step })
    quarantine(curriculum, suspects, config.quarantine.mode === 'isolate')
  }
  return due.length * config.sweepSize
}

function runStep(curriculum: Curriculum, items: readonly Simulated[], config: SweepConfig, step: number) {
  const byId = new Map(items.map((item) => [item.question.id, item]))
  const draw = { step, count: 24, groupSize: 16, rng: createRng('plan', step) }
  const plan = planMined(
    curriculum,
    items.map(({ question }) => question),
    config,
    draw,
  )
  for (const { question, groupSize } of plan) {
    const replies = reply(byId.get(question.id)!, groupSize, createRng('train', step, question.id))
    recordVisit(curriculum.ledger, question, replies, { step, halfLife: config.halfLife, isSweep: false })
  }
  updateStates(
    curriculum,
    plan.map(({ question }) => question),
    config,
  )
  return plan
}

test('with drifting pass rates, repeated failures hold 85 % of what is right in a tenth, and under 5 % of what is right in 60 %', () => {
  const rng = createRng('drift')
  const items = Array.from({ length: 600 }, (_, index) => simulated(index, rng.uniform() ** 1.5))
  const curriculum = createCurriculum()
  const config: SweepConfig = { ...everything, solved: null, ladder: null, quarantine: null, resweepShare: 1 }
  for (let step = 0; step < 60; step++) {
    if (step % 20 === 0) runSweep(curriculum, items, config, step)
    runStep(curriculum, items, config, step)
    for (const item of items) item.p = Math.min(1, Math.max(0, item.p + 0.01 * rng.normal()))
  }
  runSweep(curriculum, items, config, 60)
  const wrong = new Set(
    divide(
      curriculum,
      items.map(({ question }) => question),
      'repeated',
    ).wrong,
  )
  const shareWrong = (part: readonly Simulated[]): number =>
    part.filter(({ question }) => wrong.has(question)).length / part.length
  const [hard, easy] = [items.filter(({ p }) => p <= 0.1), items.filter(({ p }) => p > 0.6)]
  expect(Math.min(hard.length, easy.length)).toBeGreaterThan(80)
  expect(shareWrong(hard)).toBeGreaterThanOrEqual(0.85)
  expect(shareWrong(easy)).toBeLessThan(0.05)
})

/**
 * Six rounds over a population with planted wrong labels, of eight relation paths; the policy can do the first `able`.
 *
 * @param outOfReach share of the questions of a path it can do that it never gets right all the same
 */
function plant(noise: number, able: number, outOfReach = 0, seed = 0) {
  const rng = createRng(seed, 'planted', String(noise), able)
  const isAble = (index: number): boolean => index % 8 < able
  const items = Array.from({ length: 800 }, (_, index) => {
    // A competent policy is Beta(2.5, 1); the other is right in a twentieth at most. Wrong answers are often habits.
    const reached = rng.uniform() < outOfReach ? 0 : rng.uniform() ** 0.4
    const p = isAble(index) ? reached : 0.05 * rng.uniform()
    return simulated(index, p, { isMislabelled: rng.uniform() < noise, habit: rng.uniform() })
  })
  const curriculum = createCurriculum()
  for (let step = 0; step < 120; step++) {
    if (step % 20 === 0) runSweep(curriculum, items, everything, step)
    runStep(curriculum, items, everything, step)
  }
  runSweep(curriculum, items, everything, 120)
  const isCaught = ({ question }: Simulated): boolean => stateOf(curriculum.ledger, question) === 'quarantined'
  const [known, unknown] = [items.filter((_, index) => isAble(index)), items.filter((_, index) => !isAble(index))]
  return {
    caughtUnable: unknown.filter(isCaught).length,
    caught: known.filter(isCaught).length,
    hits: known.filter((item) => isCaught(item) && item.isMislabelled).length,
    planted: known.filter(({ isMislabelled }) => isMislabelled).length,
  }
}

test.each([0.05, 0.1])(
  'of wrong labels planted at a share of %d, quarantine finds 60 % with a precision of 80 %, and doubts none where the policy is at a loss',
  (noise) => {
    const { caught, hits, planted, caughtUnable } = plant(noise, 7)
    expect(planted).toBeGreaterThan(25)
    expect(hits / caught).toBeGreaterThanOrEqual(0.8)
    expect(hits / planted).toBeGreaterThanOrEqual(0.6)
    expect(caughtUnable).toBe(0)
  },
)

test('what is out of reach among what the policy can do passes for mislabelled when it is answered by habit: a known limit', () => {
  const runs = [1, 2, 3].map((seed) => plant(0.05, 7, 0.02, seed))
  const sum = (key: 'caught' | 'hits'): number => runs.reduce((total, run) => total + run[key], 0)
  // Expected: 0.05 · 0.7 planted and found, and 0.02 · 0.4 out of reach whose habit holds 60 %, makes 0.82.
  expect(sum('hits') / sum('caught')).toBeGreaterThan(0.7)
  expect(sum('hits') / sum('caught')).toBeLessThan(0.95)
})

test('a policy that can do none of the questions puts nothing in quarantine, whatever its habits', () => {
  expect(plant(0.1, 0)).toMatchObject({ caughtUnable: 0 })
})

test('the ladder stops spending on what is never right: under a tenth of the rollouts after three rounds', () => {
  const rng = createRng('ladder')
  const items = Array.from({ length: 120 }, (_, index) => simulated(index, index < 40 ? 0 : 0.2 + 0.6 * rng.uniform()))
  const spent = (config: SweepConfig): number => {
    const curriculum = createCurriculum()
    let [hopeless, all] = [0, 0]
    for (let step = 0; step < 120; step++) {
      if (step % 30 === 0) runSweep(curriculum, items, config, step)
      for (const { question, groupSize } of runStep(curriculum, items, config, step)) {
        if (step < 90) continue
        all += groupSize
        if (Number(question.id.slice(1)) < 40) hopeless += groupSize
      }
    }
    return hopeless / all
  }
  const config: SweepConfig = { ...everything, quarantine: null, allocation: null }
  expect(spent(config)).toBeLessThan(0.1)
  expect(spent({ ...config, ladder: null, focus: 0 })).toBeGreaterThan(0.3)
})

const anyConfig = fc.record({
  failure: fc.constantFrom('posterior' as const, 'repeated' as const),
  priors: fc.constantFrom('fixed' as const, 'fitted' as const),
  solved: fc.constantFrom(null, everything.solved!),
  ladder: fc.constantFrom(null, { moreAfter: 8, maxGroup: 32, freezeAfter: 16, maxBackOff: 2 }),
  allocation: fc.constantFrom(null, everything.allocation!),
  quarantine: fc.constantFrom(null, { ...everything.quarantine!, minShare: 0.2, minCompetence: 0.1 }),
  resweepShare: fc.constantFrom(0.1, 0.5, 1),
})

test('killed at any step, whatever the options, the next batches are those of a run that was not killed', () => {
  fc.assert(
    fc.property(anyConfig, fc.integer({ min: 0, max: 1000 }), (options, seed) => {
      const config = { ...everything, ...options }
      const rng = createRng('kill', seed)
      const items = Array.from({ length: 60 }, (_, index) => simulated(index, rng.uniform(), { habit: 1 }))
      const play = (curriculum: Curriculum, step: number) => {
        if (step % 4 === 0) runSweep(curriculum, items, config, step)
        return runStep(curriculum, items, config, step).map(({ question: { id }, reason, groupSize }) => [
          id,
          reason,
          groupSize,
        ])
      }
      const whole = createCurriculum()
      let killed = createCurriculum()
      for (let step = 0; step < 12; step++) {
        const revived = createCurriculum()
        restoreCurriculum(revived, JSON.parse(JSON.stringify(snapshotCurriculum(killed))))
        killed = revived
        expect(play(killed, step)).toEqual(play(whole, step))
      }
      expect(snapshotCurriculum(killed)).toEqual(snapshotCurriculum(whole))
    }),
    { numRuns: 25, seed: 5 },
  )
})
