import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clock } from '../../src/core/clock.ts'
import { removeDir } from '../../src/core/store.ts'
import { localEngine } from '../../src/engine/local/index.ts'
import { ONNXRUNTIME_VERSION } from '../../src/engine/local/session.ts'
import type { TrainingClient } from '../../src/engine/types.ts'
import { stageSettings } from '../../src/pipeline/stages/rl.ts'
import type { Judge } from '../../src/policy/judge.ts'
import type { Metrics } from '../../src/policy/loop.ts'
import { type RlStage, runStageOne, type StepTiming } from '../../src/policy/rl-stage.ts'
import {
  benchConfig,
  cheapReward,
  type GrpoMeasurement,
  type GrpoTask,
  groupSize,
  learningRate,
  maxTokens,
  promptsPerStep,
  type StarterText,
  starterText,
} from './task.ts'

/** Later than any step of a benchmark. */
const NEVER = 1_000_000

/** Stage 1 of the recipe as a run makes it, logs and metrics included; without probe, checkpoint and proof of the verifier. */
export async function measureOurs({ dir, steps, threads, run }: GrpoTask): Promise<GrpoMeasurement> {
  const config = benchConfig()
  const { codec, questions, acceptedOf } = starterText(config, run)
  const { maxTokensPerMicroBatch } = config.engine
  const client = await localEngine.create({ model: join(dir, 'model'), seed: 1, threads, maxTokensPerMicroBatch })
  const { timed, samplingMs } = timeSampling(client)
  const timings: (StepTiming & { readonly samplingMs: number })[] = []
  const endsMs: number[] = []
  const metrics: Metrics[] = []
  const stageDir = mkdtempSync(join(tmpdir(), 'fleming-bench-grpo-'))
  const stage: RlStage = {
    ...{ dir: stageDir, seed: 1, client: timed, questions, probe: async () => ({}) },
    rollouts: { client: timed, codec, judge: cheapJudge(acceptedOf), maxTokens },
    onTiming: (timing) => timings.push({ ...timing, samplingMs: samplingMs() }),
    onStep: (_, values) => {
      metrics.push(values)
      endsMs.push(clock.monotonicMs())
    },
  }
  await runStageOne(stage, {
    ...stageSettings(config['rl-1']),
    ...{ steps, promptsPerStep, groupSize, learningRate, warmup: 0, finalShare: 1, curriculum: 'uniform' },
    ...{ probeEvery: NEVER, checkpointEvery: NEVER },
  })
  const { user, system } = process.cpuUsage()
  await client.close()
  removeDir(stageDir)
  return {
    steps: timings.slice(1).map(({ trainMs, samplingMs: sampleMs }, index) => {
      const stepMs = endsMs[index + 1]! - endsMs[index]!
      // What the step did besides: text, rewards, advantages, and the logs.
      return { stepMs, sampleMs, scoreMs: stepMs - sampleMs - trainMs, trainMs }
    }),
    tokensPerStep: metrics.reduce((sum, values) => sum + tokensOf(values), 0) / metrics.length,
    liveShare: metrics.reduce((sum, values) => sum + (values['group/mixed_share'] ?? Number.NaN), 0) / metrics.length,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    cpuSeconds: (user + system) / 1e6,
    version: `onnxruntime ${ONNXRUNTIME_VERSION}, Node ${process.versions.node}`,
  }
}

const tokensOf = (values: Metrics): number => promptsPerStep * groupSize * (values['rollout/tokens_mean'] ?? Number.NaN)

const cheapJudge =
  (acceptedOf: StarterText['acceptedOf']): Judge =>
  (question, completion) => {
    const total = cheapReward(completion, acceptedOf?.(question) ?? null)
    return {
      reading: { thinking: null, answer: null, defects: [] },
      value: { kind: 'none' },
      reward: { correct: total, format: 1, total },
    }
  }

/** The client, and how long it has sampled since the last question. */
function timeSampling(client: TrainingClient): { readonly timed: TrainingClient; readonly samplingMs: () => number } {
  let spentMs = 0
  return {
    timed: {
      ...client,
      sample: async (...args) => {
        const startMs = clock.monotonicMs()
        const sequences = await client.sample(...args)
        spentMs += clock.monotonicMs() - startMs
        return sequences
      },
    },
    samplingMs: () => {
      const sinceLast = spentMs
      spentMs = 0
      return sinceLast
    },
  }
}
