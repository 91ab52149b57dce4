import { z } from 'zod'
import type { TrainingClient } from '../engine/types.ts'
import type { Warning } from './detectors/types.ts'
import type { GrpoOptions } from './grpo.ts'
import type { ReferenceLogprobs } from './grpo-start.ts'
import { createCurriculum, restoreCurriculum, snapshotCurriculum } from './ledger.ts'
import { type LoopResult, type Metrics, runLoop } from './loop.ts'
import { planMined, planRng } from './mining.ts'
import { detectPlateau } from './plateau.ts'
import { judgeSwitch, type StepSignal, type SwitchClause, type SwitchRule, signalOf } from './plateau-switch.ts'
import { loopBasics, probeWhenDue, rlStep } from './rl-stage-step.ts'
import type { PlanItem, RolloutContext } from './rollout.ts'
import { planBlended, planUniform } from './stages.ts'
import { curriculumMetrics, quarantineRound, type SweepConfig, sweep, visit } from './sweep.ts'
import type { TrainingQuestion } from './types.ts'
import { createWarner, WARNINGS_LOG } from './warnings.ts'

export type RlStageConfig = Omit<GrpoOptions, 'learningRate'> & {
  readonly steps: number
  readonly promptsPerStep: number
  readonly groupSize: number
  readonly learningRate: number
  readonly warmup: number
  readonly finalShare: number
  readonly checkpointEvery: number
  readonly probeEvery: number
  /** Samples on for groups without a signal, in so many rounds at most; off unless given. */
  readonly dynamicSampling?: { readonly maxRounds: number } | null
}

export type StageOneConfig = RlStageConfig & {
  readonly curriculum: 'blended' | 'uniform'
  readonly hardShare: number
  readonly plateau: SwitchRule
}

export type StageTwoConfig = RlStageConfig &
  SweepConfig & {
    readonly mining: boolean
    readonly resweepEvery: number
    /** Sweeps the whole set once more after the last step, to compare failures before and after. Off unless given. */
    readonly finalSweep?: boolean | undefined
  }

export type RlStage = {
  readonly dir: string
  readonly seed: number
  readonly client: TrainingClient
  readonly rollouts: RolloutContext
  readonly questions: readonly TrainingQuestion[]
  /** Greedy accuracy on a fixed set, by name: the only honest curve while mining pins the training reward. */
  readonly probe: () => Promise<Metrics>
  /** Questions of the probe; the probe clause of the stage switch needs it. */
  readonly probeSize?: number
  /** Ids of questions whose label a person decided to keep: they are never suspects again. */
  readonly cleared?: ReadonlySet<string>
  /** Log-probabilities of the reference policy; needed with a KL term. */
  readonly referenceLogprobs?: ReferenceLogprobs
  /** Proves the verifier on the questions of a batch before their rollouts are scored. */
  readonly verify?: (questions: readonly TrainingQuestion[]) => void
  readonly onStep?: (step: number, metrics: Metrics) => void
  readonly onWarning?: (warning: Warning) => void
  readonly onTiming?: (timing: StepTiming) => void
}

/** Milliseconds that a step spent on sampling (scoring included) and on its updates. */
export type StepTiming = { readonly step: number; readonly sampleMs: number; readonly trainMs: number }

const signalsSchema = z.array(
  z.strictObject({
    ...{ reward: z.number(), mixed: z.number(), allRight: z.number(), allWrong: z.number() },
    probe: z.strictObject({ accuracy: z.number(), size: z.number().nullable() }).optional(),
  }),
)

/**
 * Stage 1: GRPO on hard and simple questions at 1 : 1 until the training reward plateaus or the steps are used up.
 *
 * @paper Fleming-R1 §3.3 stage 1: consolidate fundamental reasoning, stable updates
 */
export function runStageOne(stage: RlStage, config: StageOneConfig): Promise<LoopResult> {
  const signals_S: StepSignal[] = []
  const warn = createWarner(stage.dir, 'rl-1', stage.onWarning)
  const plan = (step: number, round = 1, count = config.promptsPerStep): PlanItem[] => {
    const draw = { count, groupSize: config.groupSize, rng: planRng(stage.seed, roundName('rl-1', round), step + 1) }
    return config.curriculum === 'uniform'
      ? planUniform(stage.questions, draw)
      : planBlended(stage.questions, { ...draw, hardShare: config.hardShare })
  }
  return runLoop({
    ...loopBasics(stage, config),
    logs: ['rollouts.jsonl', WARNINGS_LOG],
    snapshot: () => signals_S,
    restore: (state) => signals_S.splice(0, signals_S.length, ...signalsSchema.parse(state)),
    step: async (step, logs) => {
      const { metrics } = await rlStep(stage, config, 'rl-1', step, plan(step), logs, (count, round) =>
        plan(step, round, count),
      )
      const probed = await probeWhenDue(stage, config, step)
      const isSized = probed['probe/accuracy'] !== undefined && stage.probeSize !== undefined
      const seen = { ...metrics, ...probed, ...(isSized && { 'plateau/probe_questions': stage.probeSize! }) }
      signals_S.push(signalOf(seen))
      const verdict = judgeSwitch(signals_S, config.plateau)
      const outcome = { metrics: { ...seen, ...verdict.metrics } }
      warn(outcome.metrics, logs.get(WARNINGS_LOG)!)
      return verdict.clause === null
        ? outcome
        : { ...outcome, stop: stopText(verdict.clause, signals_S, config.plateau) }
    },
  })
}

function stopText(clause: SwitchClause, signals_S: readonly StepSignal[], rule: SwitchRule): string {
  if (clause === 'sparsity') return 'sparsity: few groups hold a signal, and most of the others are all right'
  const { gain } = detectPlateau(
    signals_S.map(({ reward }) => reward),
    rule,
  )
  return `plateau: ${gain < 0 ? '' : '+'}${gain.toFixed(4)} reward per ${rule.window} steps`
}

/**
 * Stage 2: sweep the full training set with the policy of stage 1, then GRPO on mined failures, right : wrong 1 : 2,
 * with more rollouts per prompt; the stalest part of the set is swept again from time to time. What decides the next
 * batch is part of the checkpoint; the probe is not part of it.
 *
 * @paper Fleming-R1 §3.3 stage 2; Fig. 2: right : wrong = 1 : 2
 */
export function runStageTwo(stage: RlStage, config: StageTwoConfig): Promise<LoopResult> {
  const curriculum = createCurriculum()
  const warn = createWarner(stage.dir, 'rl-2', stage.onWarning)
  const plan = (step: number, round = 1, count = config.promptsPerStep): PlanItem[] => {
    const draw = {
      ...{ step, count, groupSize: config.groupSize },
      rng: planRng(stage.seed, roundName('rl-2', round), step + 1),
    }
    return config.mining ? planMined(curriculum, stage.questions, config, draw) : planUniform(stage.questions, draw)
  }
  return runLoop({
    ...loopBasics(stage, config),
    logs: ['rollouts.jsonl', 'sweeps.jsonl', 'quarantine.jsonl', WARNINGS_LOG],
    snapshot: () => snapshotCurriculum(curriculum),
    restore: (state) => restoreCurriculum(curriculum, state),
    step: async (step, logs) => {
      const sweepNow = (at: number, share: number): Promise<Metrics> =>
        sweep(stage, config, curriculum, { step: at, share }, logs.get('sweeps.jsonl')!)
      const doubt = (at: number): Metrics =>
        quarantineRound(stage, config, curriculum, at, logs.get('quarantine.jsonl')!)
      const isDue = config.mining && step % config.resweepEvery === 0
      const isRound = isDue || (config.mining && config.quarantine && step % config.quarantine.every === 0)
      const swept = { ...(isDue && (await sweepNow(step, config.resweepShare))), ...(isRound && doubt(step)) }
      const planned = plan(step)
      if (planned.length === 0) {
        return { metrics: { ...swept, ...curriculumMetrics(curriculum) }, stop: 'nothing is left to train on' }
      }
      const { metrics, groups } = await rlStep(stage, config, 'rl-2', step, planned, logs, (count, round) =>
        plan(step, round, count),
      )
      visit(curriculum, groups, config, { step, isSweep: false })
      const outcome = { ...metrics, ...swept, ...(await probeWhenDue(stage, config, step)) }
      const isLast = step + 1 === config.steps
      const final = isLast && config.finalSweep === true ? renameFinal(await sweepNow(step + 1, 1)) : {}
      const mined = { ...final, ...(isLast && doubt(step + 1)), ...curriculumMetrics(curriculum) }
      const seen = config.mining ? { ...outcome, ...mined } : outcome
      warn(seen, logs.get(WARNINGS_LOG)!)
      return { metrics: seen }
    },
  })
}

/** Rounds of dynamic sampling after the first draw from streams of their own. */
const roundName = (stage: string, round: number): string => (round === 1 ? stage : `${stage} round ${round}`)

/** The last step may be one with a sweep before it: the numbers of the sweep after it have names of their own. */
const renameFinal = (metrics: Metrics): Metrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`final_${name}`, value]))
