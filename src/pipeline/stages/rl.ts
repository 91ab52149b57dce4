import { dirname, join } from 'node:path'
import { openLog } from '../../core/store.ts'
import { answerQuestions } from '../../evaluation/run.ts'
import type { Graph } from '../../graph/graph.ts'
import { createGrounder } from '../../graph/grounding.ts'
import { referenceOf } from '../../policy/grpo.ts'
import { checkJudge, randomJudge, verifiableJudge } from '../../policy/judge.ts'
import type { Metrics } from '../../policy/loop.ts'
import type { RlStage, RlStageConfig, StepTiming } from '../../policy/rl-stage.ts'
import type { Question } from '../../questions/types.ts'
import { buildLexicon } from '../../text/lexicon.ts'
import type { Config, RlConfig } from '../config.ts'
import { rolloutOptions, updateOptions } from '../config-grpo.ts'
import type { Observer } from '../observer.ts'
import { openEngine, openText, type StudentSource } from '../student.ts'
import { startFrom } from './shared.ts'

/** What both RL stages are made from. */
export type RlData = {
  readonly graph: Graph
  readonly training: readonly Question[]
  readonly probe: readonly Question[]
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
  const lexicon = buildLexicon(data.graph.entities)
  const verifiable = verifiableJudge(lexicon, rl.rewardRule)
  const judge = rl.reward === 'random' ? randomJudge(verifiable, config.seed) : verifiable
  const grounder = createGrounder(data.graph)
  const context = { client, codec, graph: data.graph, lexicon, grounder, maxTokens: config.evaluation.maxTokens }
  const reference = rl.kl === null ? null : await openReference(config, runDir, before)
  const timings = openLog(timingsFile(runDir))
  const stage: RlStage = {
    dir,
    seed: config.seed,
    client,
    rollouts: { client, codec, judge, maxTokens: rl.maxTokens, ...rolloutOptions(rl) },
    questions: data.training,
    probe: async () => probeMetrics(await answerQuestions(context, data.probe)),
    probeSize: data.probe.length,
    verify: (questions) => checkJudge(verifiable, questions, lexicon),
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

type Answered = Awaited<ReturnType<typeof answerQuestions>>

/** Accuracy and grounding of the probe, pooled and by hop count; nothing when the test took every held-out question. */
function probeMetrics(records: Answered): Metrics {
  if (records.length === 0) return {}
  const hops = [...new Set(records.map((record) => record.hop))].sort()
  const right = records.filter((record) => record.correct)
  const checkable = records.reduce((sum, record) => sum + record.checkableSteps, 0)
  const grounded = records.reduce((sum, record) => sum + record.groundedSteps, 0)
  return Object.fromEntries([
    ['probe/accuracy', right.length / records.length],
    ['probe/items', records.length],
    ...(checkable === 0 ? [] : [['probe/grounded_share', grounded / checkable] as const]),
    ...(right.length === 0
      ? []
      : [
          [
            'probe/right_for_wrong_reason_share',
            right.filter((record) => record.rightForWrongReason).length / right.length,
          ] as const,
        ]),
    ...hops.flatMap((hop) => {
      const part = records.filter((record) => record.hop === hop)
      const correct = part.filter((record) => record.correct).length
      return [
        [`probe/hop${hop}/accuracy`, correct / part.length] as const,
        [`probe/hop${hop}/items`, part.length] as const,
      ]
    }),
  ])
}
