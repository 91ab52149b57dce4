import { z } from 'zod'
import type { Log } from '../core/store.ts'
import type { TrainingClient } from '../engine/types.ts'
import type { Question } from '../questions/types.ts'
import { type GrpoOptions, grpoStep } from './grpo.ts'
import { type LoopResult, type Metrics, runLoop, type StepOutcome } from './loop.ts'
import { type Ledger, type LedgerEntry, type MiningConfig, planMined, planRng, recordVisit } from './mining.ts'
import { detectPlateau, type PlateauRule } from './plateau.ts'
import { rlMetrics } from './rl-metrics.ts'
import { type Group, groupRecord, type PlanItem, type RolloutContext, rollOut } from './rollout.ts'
import { learningRateAt, planBlended, planUniform } from './stages.ts'

export type RlStageConfig = Omit<GrpoOptions, 'learningRate'> & {
  readonly steps: number
  readonly promptsPerStep: number
  readonly groupSize: number
  readonly learningRate: number
  readonly warmup: number
  readonly finalShare: number
  readonly checkpointEvery: number
  readonly probeEvery: number
}

export type StageOneConfig = RlStageConfig & {
  readonly curriculum: 'blended' | 'uniform'
  readonly hardShare: number
  readonly plateau: PlateauRule
}

export type StageTwoConfig = RlStageConfig &
  MiningConfig & {
    readonly mining: boolean
    readonly resweepEvery: number
    readonly resweepShare: number
  }

export type RlStage = {
  readonly dir: string
  readonly seed: number
  readonly client: TrainingClient
  readonly rollouts: RolloutContext
  readonly questions: readonly Question[]
  /** Greedy accuracy on a fixed set, by name: the only honest curve while mining pins the training reward. */
  readonly probe: () => Promise<Metrics>
  readonly onStep?: (step: number, metrics: Metrics) => void
}

/**
 * Stage 1: GRPO on hard and simple questions at 1 : 1 until the training reward plateaus or the steps are used up.
 *
 * @paper Fleming-R1 §3.3 stage 1: consolidate fundamental reasoning, stable updates
 */
export function runStageOne(stage: RlStage, config: StageOneConfig): Promise<LoopResult> {
  const rewards_S: number[] = []
  const plan = (step: number): PlanItem[] => {
    const draw = {
      count: config.promptsPerStep,
      groupSize: config.groupSize,
      rng: planRng(stage.seed, 'rl-1', step + 1),
    }
    return config.curriculum === 'uniform'
      ? planUniform(stage.questions, draw)
      : planBlended(stage.questions, { ...draw, hardShare: config.hardShare })
  }
  return runLoop({
    ...loopBasics(stage, config),
    logs: ['rollouts.jsonl'],
    snapshot: () => rewards_S,
    restore: (state) => rewards_S.splice(0, rewards_S.length, ...z.array(z.number()).parse(state)),
    step: async (step, logs) => {
      const { metrics } = await rlStep(stage, config, 'rl-1', step, plan(step), logs)
      rewards_S.push(metrics['rollout/reward_mean']!)
      const plateau = detectPlateau(rewards_S, config.plateau)
      const probed = await probeWhenDue(stage, config, step)
      const outcome = { metrics: { ...metrics, ...probed, 'plateau/streak': plateau.streak } }
      return plateau.fired
        ? {
            ...outcome,
            stop: `plateau: ${plateau.gain < 0 ? '' : '+'}${plateau.gain.toFixed(4)} reward per ${config.plateau.window} steps`,
          }
        : outcome
    },
  })
}

const ledgerSchema = z.array(
  z.tuple([
    z.string(),
    z.strictObject({ alpha: z.number(), beta: z.number(), seen: z.number(), right: z.number(), lastStep: z.number() }),
  ]),
)

/**
 * Stage 2: sweep the full training set with the policy of stage 1, then GRPO on mined failures, right : wrong 1 : 2,
 * with more rollouts per prompt; the stalest part of the set is swept again from time to time.
 *
 * @paper Fleming-R1 §3.3 stage 2; Fig. 2: right : wrong = 1 : 2
 */
export function runStageTwo(stage: RlStage, config: StageTwoConfig): Promise<LoopResult> {
  const ledger: Ledger = new Map<string, LedgerEntry>()
  const plan = (step: number): PlanItem[] => {
    const draw = {
      count: config.promptsPerStep,
      groupSize: config.groupSize,
      rng: planRng(stage.seed, 'rl-2', step + 1),
    }
    if (!config.mining) return planUniform(stage.questions, draw)
    return planMined(ledger, stage.questions, config, draw).map((item) => ({ ...item, groupSize: config.groupSize }))
  }
  return runLoop({
    ...loopBasics(stage, config),
    logs: ['rollouts.jsonl', 'sweeps.jsonl'],
    snapshot: () => [...ledger],
    restore: (state) => {
      ledger.clear()
      for (const [id, entry] of ledgerSchema.parse(state)) ledger.set(id, entry)
    },
    step: async (step, logs) => {
      const swept =
        config.mining && step % config.resweepEvery === 0
          ? await sweep(stage, config, ledger, step, logs.get('sweeps.jsonl')!)
          : {}
      const { metrics, groups } = await rlStep(stage, config, 'rl-2', step, plan(step), logs)
      for (const group of groups) visit(ledger, group, step, config)
      return { metrics: { ...metrics, ...swept, ...(await probeWhenDue(stage, config, step)) } }
    },
  })
}

function loopBasics(stage: RlStage, config: RlStageConfig) {
  return {
    dir: stage.dir,
    client: stage.client,
    steps: config.steps,
    checkpointEvery: config.checkpointEvery,
    onStep: (step: number, outcome: StepOutcome) => stage.onStep?.(step, outcome.metrics),
  }
}

/** One RL step: sample the plan, score, log, update. */
async function rlStep(
  stage: RlStage,
  config: RlStageConfig,
  name: string,
  step: number,
  plan: readonly PlanItem[],
  logs: ReadonlyMap<string, Log>,
): Promise<{ readonly metrics: Metrics; readonly groups: readonly Group[] }> {
  const groups = await rollOut(stage.rollouts, plan, `${name} ${step + 1}`)
  logs
    .get('rollouts.jsonl')!
    .append(groups.map((group, index) => groupRecord(group, name, step + 1, plan[index]!.reason)))
  const learningRate = learningRateAt(step, { peak: config.learningRate, ...config })
  const update = await grpoStep(stage.client, groups, { ...config, learningRate })
  return { metrics: rlMetrics(groups, update, learningRate), groups }
}

/**
 * Tries the whole training set, or later its stalest share, and enters the outcome into the ledger.
 *
 * @paper Fleming-R1 §3.3: the model of the previous phase is evaluated on the full data set
 */
async function sweep(stage: RlStage, config: StageTwoConfig, ledger: Ledger, step: number, log: Log): Promise<Metrics> {
  const stalest = [...stage.questions].sort(
    (a, b) => lastVisit(ledger, a) - lastVisit(ledger, b) || (a.id < b.id ? -1 : 1),
  )
  const due = step === 0 ? stage.questions : stalest.slice(0, Math.ceil(stage.questions.length * config.resweepShare))
  const plan = due.map((question) => ({ question, groupSize: config.sweepSize, reason: 'sweep' }))
  const groups = await rollOut(stage.rollouts, plan, `sweep ${step + 1}`)
  for (const group of groups) visit(ledger, group, step, config)
  const rights = groups.map((group) => group.rollouts_G.filter((rollout) => rollout.reward.total > 0.5).length)
  log.append(
    groups.map((group, index) => ({
      step: step + 1,
      questionId: group.question.id,
      right: rights[index]!,
      of: group.rollouts_G.length,
    })),
  )
  return {
    'sweep/questions': due.length,
    'sweep/pass_rate': rights.reduce((sum, right) => sum + right, 0) / (due.length * config.sweepSize),
    'sweep/never_right_share': rights.filter((right) => right === 0).length / due.length,
  }
}

const lastVisit = (ledger: Ledger, question: Question): number => ledger.get(question.id)?.lastStep ?? -1

function visit(ledger: Ledger, group: Group, step: number, config: MiningConfig): void {
  const rights = group.rollouts_G.map((rollout) => (rollout.reward.total > 0.5 ? 1 : 0))
  recordVisit(ledger, group.question, rights, { step, halfLife: config.halfLife })
}

async function probeWhenDue(stage: RlStage, config: RlStageConfig, step: number): Promise<Metrics> {
  const due = (step + 1) % config.probeEvery === 0 || step + 1 === config.steps
  return due ? stage.probe() : {}
}
