import { dirname } from 'node:path'
import { answerQuestions } from '../../evaluation/run.ts'
import type { Graph } from '../../graph/graph.ts'
import { createGrounder } from '../../graph/grounding.ts'
import { randomJudge, verifiableJudge } from '../../policy/judge.ts'
import type { Metrics } from '../../policy/loop.ts'
import type { RlStage } from '../../policy/rl-stage.ts'
import type { Question } from '../../questions/types.ts'
import { buildLexicon } from '../../text/lexicon.ts'
import type { Config, RlConfig } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { StudentSource } from '../student.ts'
import { startFrom } from './shared.ts'

/** What both RL stages stand on: the student where `from` left it, the judge, the training questions and the probe. */
export async function prepareRl(
  dir: string,
  name: 'rl-1' | 'rl-2',
  config: Config,
  rl: RlConfig,
  data: { readonly graph: Graph; readonly training: readonly Question[]; readonly probe: readonly Question[] },
  source: StudentSource,
  observer: Observer,
): Promise<RlStage> {
  const { client, codec } = await source.get()
  await startFrom({ client, codec }, dirname(dir), name === 'rl-1' ? 'cold-start' : 'rl-1')
  const lexicon = buildLexicon(data.graph.entities)
  const verifiable = verifiableJudge(lexicon, rl.rewardRule)
  const judge = rl.reward === 'random' ? randomJudge(verifiable, config.seed) : verifiable
  const context = {
    client,
    codec,
    graph: data.graph,
    lexicon,
    grounder: createGrounder(data.graph),
    maxTokens: config.evaluation.maxTokens,
  }
  return {
    dir,
    seed: config.seed,
    client,
    rollouts: { client, codec, judge, maxTokens: rl.maxTokens },
    questions: data.training,
    probe: async () => probeMetrics(await answerQuestions(context, data.probe)),
    onStep: (step, metrics) => observer.progress(name, step, rl.steps, metrics),
  }
}

type Answered = Awaited<ReturnType<typeof answerQuestions>>

/** Accuracy of the probe, pooled and by hop count; nothing when the test took every held-out question. */
function probeMetrics(records: Answered): Metrics {
  if (records.length === 0) return {}
  const hops = [...new Set(records.map((record) => record.hop))].sort()
  const accuracy = (part: Answered): number => part.filter((record) => record.correct).length / part.length
  return Object.fromEntries([
    ['probe/accuracy', accuracy(records)],
    ...hops.map(
      (hop) => [`probe/hop${hop}/accuracy`, accuracy(records.filter((record) => record.hop === hop))] as const,
    ),
  ])
}
