import type { Brand } from '../core/brand.ts'
import type { QuestionId } from '../questions/types.ts'

export type TrajectoryId = Brand<string, 'TrajectoryId'>

/** A teacher's checked chain of thought for one question. */
export type Trajectory = {
  readonly id: TrajectoryId
  readonly questionId: QuestionId
  readonly teacher: string
  /** True when the teacher was given the gold answer or the path to it. */
  readonly sawGold: boolean
  /** How often the teacher was asked before this one was accepted. */
  readonly attempts: number
  /** True when a competing diagnosis is raised and ruled out on the way. */
  readonly backtracks: boolean
  /** What follows the opening `<think>` of the prompt: reasoning, `</think>`, the answer block. */
  readonly completion: string
  readonly groundedSteps: number
  readonly checkableSteps: number
}

/** What a teacher writes before it is checked. */
export type Draft = { readonly completion: string; readonly backtracks: boolean }
