import { dirname, join } from 'node:path'
import { openLog } from '../../core/store.ts'
import { referenceOf } from '../../policy/grpo.ts'
import { checkJudge, randomJudge, verifiableJudge } from '../../policy/judge.ts'
import type { Metrics } from '../../policy/loop.ts'
import type { Suspect } from '../../policy/quarantine.ts'
import type { RlStage, RlStageConfig, StepTiming } from '../../policy/rl-stage.ts'
import type { TrainingQuestion } from '../../policy/types.ts'
import type { DisputeCase } from '../../questions/refine/disputes.ts'
import type { Config, RlConfig } from '../config.ts'
import { rolloutOptions, updateOptions } from '../config-grpo.ts'
import type { Observer } from '../observer.ts'
import { openEngine, openText, type Student, type StudentSource } from '../student.ts'
import { startFrom } from './shared.ts'

/** What both RL stages are made from, whatever the questions were made from. */
export type RlData = {
  readonly training: readonly TrainingQuestion[]
  /** Greedy answers of a student to held-out questions that no test uses, as metrics; nothing where there are none. */
  readonly probe: (student: Student) => Promise<Metrics>
  readonly probeSize: number
  /** A suspect of quarantine as a case for review. */
  readonly disputeOf: (suspect: Suspect) => DisputeCase
  /** Hash of what a training question asks and how it is labelled, as a case for review holds it. */
  readonly labelContent: (questionId: string) => string
}

/** A stage ready to run; `close` gives back what only it needed. */
export type PreparedRl = { readonly stage: RlStage; readonly close: () => Promise<void> }

/** Where the stages of a run write how long their steps took: outside of the stages, since no two runs take the same. */
const timingsFile = (runDir: string): string => join(runDir, 'step-timings.jsonl')

/** What both RL stages stand on: the student where `from` left it, the judge, the training questions and the probe. */
export async function prepareRl(
  dir: string,
  name: 'rl-1' | 'rl-2',
  config: Config,
  rl: RlConfig,
  data: RlData,
  source: StudentSource,
  observer: Observer,
): Promise<PreparedRl> {
  const runDir = dirname(dir)
  const before = name === 'rl-1' ? 'cold-start' : 'rl-1'
  const { client, codec } = await source.get()
  await startFrom({ client, codec }, runDir, before)
  const verifiable = verifiableJudge(rl.rewardRule)
  const judge = rl.reward === 'random' ? randomJudge(verifiable, config.seed) : verifiable
  const reference = rl.kl === null ? null : await openReference(config, runDir, before)
  const timings = openLog(timingsFile(runDir))
  const stage: RlStage = {
    dir,
    seed: config.seed,
    client,
    rollouts: { client, codec, judge, maxTokens: rl.maxTokens, ...rolloutOptions(rl) },
    questions: data.training,
    probe: () => data.probe({ client, codec }),
    probeSize: data.probeSize,
    verify: (questions) => checkJudge(verifiable, questions),
    ...(reference !== null && { referenceLogprobs: referenceOf(reference) }),
    onStep: (step, metrics) => observer.progress(name, step, rl.steps, metrics),
    onWarning: ({ detector, step, message, response }) =>
      observer.note(`step ${step}: ${detector}: ${message}; ${response}`),
    onTiming: (timing: StepTiming) => timings.append([{ stage: name, ...rounded(timing) }]),
  }
  const close = async (): Promise<void> => {
    timings.close()
    await reference?.close()
  }
  return { stage, close }
}

/** The settings of a stage as its loop takes them. */
export const stageSettings = <Settings extends RlConfig>(
  settings: Settings,
): Settings & Pick<RlStageConfig, keyof ReturnType<typeof updateOptions>> => ({
  ...settings,
  ...updateOptions(settings),
})

/** The policy that the stage starts from, in a client of its own: it must not move while the student does. */
async function openReference(config: Config, runDir: string, stage: string) {
  const { tokenizer } = openText(runDir, config)
  const client = await openEngine(config, tokenizer.vocabSize)
  await client.loadState(join(runDir, stage, 'final'), { optimizer: false })
  return client
}

const rounded = ({ step, sampleMs, trainMs }: StepTiming): StepTiming => ({
  step,
  sampleMs: Math.round(sampleMs),
  trainMs: Math.round(trainMs),
})
