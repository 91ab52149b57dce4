import { clock } from '../core/clock.ts'
import type { Log } from '../core/store.ts'
import { sampleLiveGroups } from './dynamic-sampling.ts'
import { grpoStep } from './grpo.ts'
import type { LoopOptions, Metrics, StepOutcome } from './loop.ts'
import { rlMetrics } from './rl-metrics.ts'
import type { RlStage, RlStageConfig } from './rl-stage.ts'
import { type Group, groupRecord, type PlanItem, rollOut } from './rollout.ts'
import { learningRateAt } from './stages.ts'

/** What the loops of both stages have in common. */
export function loopBasics(
  stage: RlStage,
  config: RlStageConfig,
): Pick<LoopOptions, 'dir' | 'client' | 'steps' | 'checkpointEvery' | 'onStep'> {
  return {
    dir: stage.dir,
    client: stage.client,
    steps: config.steps,
    checkpointEvery: config.checkpointEvery,
    onStep: (step: number, outcome: StepOutcome) => stage.onStep?.(step, outcome.metrics),
  }
}

/** Plans further groups for a round of dynamic sampling, counted from 2. */
export type PlanMore = (count: number, round: number) => readonly PlanItem[]

type Sampled = { readonly all: readonly Group[]; readonly trained: readonly Group[]; readonly metrics: Metrics }

/** One RL step: sample the plan, score, log, update. */
export async function rlStep(
  stage: RlStage,
  config: RlStageConfig,
  name: string,
  step: number,
  plan: readonly PlanItem[],
  logs: ReadonlyMap<string, Log>,
  planMore: PlanMore = () => [],
): Promise<{ readonly metrics: Metrics; readonly groups: readonly Group[] }> {
  const started = clock.monotonicMs()
  const { all, trained, metrics } = await sampleStep(
    stage,
    config,
    `${name} ${step + 1}`,
    plan,
    planMore,
    (items, groups) =>
      logs
        .get('rollouts.jsonl')!
        .append(groups.map((group, index) => groupRecord(group, name, step + 1, items[index]!.reason))),
  )
  const sampled = clock.monotonicMs()
  const learningRate = learningRateAt(step, { peak: config.learningRate, ...config })
  const { referenceLogprobs } = stage
  const update = await grpoStep(
    stage.client,
    trained,
    { ...config, learningRate },
    referenceLogprobs === undefined ? {} : { referenceLogprobs },
  )
  stage.onTiming?.({ step: step + 1, sampleMs: sampled - started, trainMs: clock.monotonicMs() - sampled })
  return { metrics: { ...rlMetrics(all, update, learningRate), ...metrics }, groups: all }
}

/** The groups of a step: those of the plan, or with dynamic sampling as many with a signal as the plan has. */
async function sampleStep(
  stage: RlStage,
  config: RlStageConfig,
  key: string,
  plan: readonly PlanItem[],
  planMore: PlanMore,
  log: (plan: readonly PlanItem[], groups: readonly Group[]) => void,
): Promise<Sampled> {
  const sample = async (items: readonly PlanItem[], round: number): Promise<readonly Group[]> => {
    stage.verify?.(items.map(({ question }) => question))
    const groups = await rollOut(stage.rollouts, items, round === 1 ? key : `${key} round ${round}`)
    log(items, groups)
    return groups
  }
  const { dynamicSampling = null } = config
  if (dynamicSampling === null) {
    const groups = await sample(plan, 1)
    return { all: groups, trained: groups, metrics: {} }
  }
  const { live, all, rounds, rolloutsPerLiveGroup } = await sampleLiveGroups({
    target: plan.length,
    maxRounds: dynamicSampling.maxRounds,
    draw: (count, round) => (round === 1 ? plan : planMore(count, round)),
    sample,
  })
  const groups = all.map(({ group }) => group)
  return {
    all: groups,
    trained: live.length === 0 ? groups : live.map(({ group }) => group),
    metrics: { 'group/rounds': rounds, 'group/rollouts_per_live': rolloutsPerLiveGroup },
  }
}

/** What the probe says after a step that is due, and at the end; nothing at other steps. */
export async function probeWhenDue(stage: RlStage, config: RlStageConfig, step: number): Promise<Metrics> {
  const due = (step + 1) % config.probeEvery === 0 || step + 1 === config.steps
  return due ? stage.probe() : {}
}
