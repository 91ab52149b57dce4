/** Our side of a case: `grpoStep` with the local engine, its optimiser replaced by the moves that TRL made. */

import type { Model } from '../../src/engine/local/model/model.ts'
import { createTrainingClient } from '../../src/engine/local/model-client.ts'
import { createQueue } from '../../src/engine/local/queue.ts'
import { createSampler } from '../../src/engine/local/sampler/generate.ts'
import { createSessionPool } from '../../src/engine/local/session.ts'
import { createTrainer } from '../../src/engine/local/trainer.ts'
import type { TrainingClient } from '../../src/engine/types.ts'
import { groupAdvantages } from '../../src/policy/advantage.ts'
import { advantageEstimators } from '../../src/policy/advantages/registry.ts'
import { type GrpoResult, grpoStep } from '../../src/policy/grpo.ts'
import type { ReferenceLogprobs } from '../../src/policy/grpo-start.ts'
import type { Group, Rollout } from '../../src/policy/rollout.ts'
import type { TrainingQuestion } from '../../src/policy/types.ts'
import type { LossCase } from './cases.ts'
import { eosToken, type FixedGroup } from './shared.ts'

/** Updates look at tokens and rewards alone. */
const unread = {} as TrainingQuestion

/** A client of the local engine whose optimiser steps note the gradient and then set given weights. */
export type Recorder = {
  readonly client: TrainingClient
  /** One gradient for each optimiser step, laid out like the weights. */
  readonly gradients: Float32Array[]
  close(): Promise<void>
}

/**
 * A recorder over a model, which it changes.
 *
 * @param moves the weights after each optimiser step, laid out like `model.base.flat`
 */
export function createRecorder(model: Model, moves: readonly Float32Array[]): Recorder {
  const threads = 1
  const pool = createSessionPool({ threads })
  const trainer = createTrainer(model, { threads, maxTokensPerMicroBatch: 4096, pool })
  const client = createTrainingClient(
    { model, trainer, sampler: createSampler({ model, pool, seed: 1 }), facts: {}, origin: {} },
    { lane: createQueue().openLane(), onClose: () => pool.close() },
  )
  const gradients: Float32Array[] = []
  return {
    client: {
      ...client,
      optimStep: async () => {
        gradients.push(trainer.gradients.slice())
        trainer.clearGradients()
        model.base.flat.set(moves[gradients.length - 1]!)
        return { step: gradients.length }
      },
    },
    gradients,
    close: () => client.close(),
  }
}

/** The groups as a stage would have made them, with the advantages of the estimator. */
export function groupsOf(groups: readonly FixedGroup[], lossCase: LossCase): Group[] {
  const estimator = advantageEstimators.get(lossCase.ours.advantage ?? 'centre')
  return groups.map(({ promptTokens, completions, rewards, logprobs, mismatched }) => {
    const rollouts_G = completions.map(
      (tokens, member): Rollout => ({
        tokens,
        samplerLogprobs_T: (lossCase.mismatch ? mismatched : logprobs)[member]!,
        completion: '',
        stopReason: tokens.at(-1) === eosToken ? 'stop' : 'length',
        reward: { correct: 0, format: 0, total: rewards[member]! },
        defects: [],
        answered: '',
      }),
    )
    return {
      question: unread,
      promptTokens,
      rollouts_G,
      advantages_G: groupAdvantages(rewards, { estimator }),
    }
  })
}

/** The step of a case; its gradients are in the recorder. */
export function stepOf(
  recorder: Recorder,
  groups: readonly FixedGroup[],
  lossCase: LossCase,
  referenceLogprobs: ReferenceLogprobs,
): Promise<GrpoResult> {
  return grpoStep(
    recorder.client,
    groupsOf(groups, lossCase),
    { ...lossCase.ours, learningRate: 1, gradClipNorm: 0, updates: { epochs: lossCase.updates, minibatches: 1 } },
    { referenceLogprobs },
  )
}
