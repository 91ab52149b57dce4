import { join } from 'node:path'
import { readManifest } from '../core/store.ts'
import type { Config, RlConfig } from './config.ts'
import { ASSUMED_PROMPT_TOKENS, countRun, type RunCounts } from './plan-counts.ts'
import { type StageName, stageNames } from './stage.ts'
import { rehearsalDocuments } from './stages/cold-start.ts'

/** What a stage will do, at most: completions are counted at their longest. */
export type StagePlan = {
  readonly stage: StageName
  /** Whether a finished stage of this name is there; it is only made anew when something it depends on has changed. */
  readonly sealed: boolean
  readonly steps: number
  /** Tokens of forward and backward passes. */
  readonly trained: number
  /** Prompt tokens read for sampling, once a group. */
  readonly prefilled: number
  readonly sampled: number
  readonly teacherCalls: number
  readonly hours: number | null
}

export type Plan = {
  readonly name: string
  readonly engine: string
  /** Weights of the model; null where nothing says how many. */
  readonly parameters: number | null
  readonly trainingQuestions: number
  readonly testQuestions: number
  /** Mean tokens of a prompt, counted with the tokenizer that will be used; null when it is not on this computer. */
  readonly promptTokens: number | null
  readonly stages: readonly StagePlan[]
  /** How the hours were computed, one statement each. */
  readonly assumptions: readonly string[]
}

/** Floating-point operations a second that a device reaches, and what that rests on. */
const devices = {
  tinker: {
    unit: 'GPU hours',
    train: 0.35 * 989e12,
    sample: 0.1 * 989e12,
    basis: 'one H100: 35 % of 989 TFLOP/s (bf16, dense) in training, 10 % in sampling; chosen by us, measure your own',
  },
  local: {
    unit: 'CPU hours',
    train: 75e9,
    sample: 25e9,
    basis: '75 GFLOP/s in training, 25 in sampling: two cores of the computer of docs/benchmarks.md',
  },
} as const

/** Unit of a plan's hours. */
export const hoursUnit = (config: Config): string => devices[config.engine.kind].unit

/**
 * What a run of this configuration will do, without doing it: the questions are synthesised in memory and counted, tokens
 * are counted with the run's tokenizer, and nothing is written.
 *
 * @throws {ConfigError | DataError} whatever the run would be refused for before its first step
 */
export async function planRun(root: string, config: Config): Promise<Plan> {
  const counts = await countRun(config)
  const { parameters, promptTokens } = counts
  const stages = stageNames.map((stage): StagePlan => {
    const work = { ...idle, ...workOf(stage, config, counts) }
    const sealed = readManifest(join(root, config.name, stage)) !== null
    return { stage, sealed, ...work, hours: parameters === null ? null : hoursOf(config, parameters, work) }
  })
  return {
    name: config.name,
    engine: describeEngine(config),
    parameters,
    trainingQuestions: counts.training,
    testQuestions: counts.test,
    promptTokens,
    stages,
    assumptions: [
      'completions are counted at their longest, so tokens and hours are upper bounds',
      `hours: ${config.engine.lora === null ? '6' : '4'} operations a weight and trained token, 2 a weight and token read or sampled; ${devices[config.engine.kind].basis}`,
      ...(promptTokens === null ? [`prompts of ${ASSUMED_PROMPT_TOKENS} tokens: the tokenizer is not here`] : []),
      ...(parameters === null ? ['no hours: set engine.tinker.parameters to the number of weights of the base'] : []),
    ],
  }
}

/** What a language model is asked as teacher if no chain of any question passes; the graph teacher asks nobody. */
function teachingOf(config: Config, { trajectories, perPrompt }: RunCounts): Partial<Work> {
  const { teacher, attempts, mode, strategies, depth, replyTokens } = config['cold-start']
  if (teacher === 'graph') return {}
  const calls = trajectories * (attempts + (mode === 'blind-first' ? 1 : 0) + strategies.length * depth)
  if (teacher === 'endpoint') return { teacherCalls: calls }
  return { teacherCalls: calls, prefilled: Math.round(calls * perPrompt), sampled: calls * replyTokens }
}

type Work = Omit<StagePlan, 'stage' | 'sealed' | 'hours'>

const idle: Work = { steps: 0, trained: 0, prefilled: 0, sampled: 0, teacherCalls: 0 }

function workOf(stage: StageName, config: Config, counts: RunCounts): Partial<Work> {
  const { perPrompt } = counts
  if (stage === 'pretrain') {
    const { steps, documentsPerStep } = config.pretrain
    const trained = Math.round(steps * documentsPerStep * counts.perDocument)
    return { steps, trained, prefilled: Math.round(counts.facts * counts.perFact), sampled: counts.facts }
  }
  if (stage === 'cold-start') {
    const { batch, epochs, rehearsal } = config['cold-start']
    const steps = Math.ceil(counts.trajectories / batch) * epochs
    const trained = epochs * counts.trajectories * (perPrompt + counts.perTrajectory)
    const rehearsed = rehearsal > 0 ? steps * rehearsalDocuments * counts.perDocument : 0
    return { steps, trained: Math.round(trained + rehearsed), ...teachingOf(config, counts) }
  }
  if (stage === 'rl-1' || stage === 'rl-2') {
    const rl = config[stage]
    const groups = rl.steps * rl.promptsPerStep + probes(rl) * counts.probe
    const rollouts = rl.steps * rl.promptsPerStep * rl.groupSize
    const swept = stage === 'rl-2' ? sweptQuestions(config, counts.training) : 0
    const greedy = probes(rl) * counts.probe * config.evaluation.maxTokens
    return {
      steps: rl.steps,
      trained: Math.round(rollouts * (perPrompt + rl.maxTokens)),
      prefilled: Math.round((groups + swept) * perPrompt),
      sampled: (rollouts + swept * config['rl-2'].sweepSize) * rl.maxTokens + greedy,
    }
  }
  if (stage === 'evaluation') {
    // Four rungs, the first also with the form forced where there is one to force, and each asked for its facts.
    const answers = (config.questions.items === null ? 5 : 4) * counts.test
    return {
      prefilled: Math.round(answers * perPrompt + 4 * counts.facts * counts.perFact),
      sampled: answers * config.evaluation.maxTokens + 4 * counts.facts,
    }
  }
  return {}
}

const probes = ({ steps, probeEvery }: RlConfig): number => Math.floor(steps / probeEvery)

/** Questions that the sweeps of stage 2 try: all at first, a share at each later one. */
function sweptQuestions(config: Config, training: number): number {
  const { mining, steps, resweepEvery, resweepShare } = config['rl-2']
  if (!mining) return 0
  return Math.round(training * (1 + resweepShare * Math.max(0, Math.ceil(steps / resweepEvery) - 1)))
}

function hoursOf(config: Config, parameters: number, { trained, prefilled, sampled }: Work): number {
  const { train, sample } = devices[config.engine.kind]
  const perTrained = config.engine.lora === null ? 6 : 4
  const seconds = (perTrained * parameters * trained + 2 * parameters * prefilled) / train
  return (seconds + (2 * parameters * sampled) / sample) / 3600
}

function describeEngine({ engine }: Config): string {
  const trains = engine.lora === null ? 'every weight' : `LoRA of rank ${engine.lora.rank}`
  return engine.kind === 'tinker'
    ? `tinker at ${engine.tinker.url}, base ${engine.tinker.baseModel ?? engine.model ?? 'not named'}, ${trains}`
    : `local, ${engine.model ?? 'a student from scratch'}, ${trains}`
}
