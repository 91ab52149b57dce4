import type { Brand } from '../core/brand.ts'
import type { ChatMessage, Spending } from '../endpoint/types.ts'
import type { Difficulty, ItemForm, Language, QuestionId } from '../questions/types.ts'

export type TrajectoryId = Brand<string, 'TrajectoryId'>

/**
 * What a chain was written from. `blind`: the question alone; `gold-conditioned`: question and gold, or the path to it;
 * `refined`: an earlier chain of the same question that failed, and the fact that it did.
 */
export type TrajectoryOrigin = 'blind' | 'gold-conditioned' | 'refined'

/** Whether the gold stands in a request. */
export type TeachingMode = 'blind' | 'answer-aware'

/** How a failed chain is revised, in the paper's order. */
export const strategyNames = ['backtracking', 'path-exploration', 'self-correction'] as const

export type StrategyName = (typeof strategyNames)[number]

/** A teacher's checked chain of thought for one question. */
export type Trajectory = {
  readonly id: TrajectoryId
  readonly questionId: QuestionId
  readonly teacher: string
  /** True when the teacher was given the gold answer or the path to it. */
  readonly sawGold: boolean
  readonly origin: TrajectoryOrigin
  /** The strategy that a refined chain came from, null for a first one. */
  readonly strategy: StrategyName | null
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

/** A question as a teacher sees it, wherever it comes from. */
export type TeacherTask = {
  readonly id: QuestionId
  readonly language: Language
  readonly form: ItemForm
  /** What the student will be asked, options included. */
  readonly prompt: string
  /** One sentence that says what belongs into the answer block. */
  readonly answerForm: string
  /** What stands in the answer block of a right answer. */
  readonly gold: string
  /** Every wording that gives the right answer away, letters aside. */
  readonly goldNames: readonly string[]
  /** The wrong options in words. */
  readonly otherOptions: readonly string[]
  readonly difficulty: Difficulty | null
  /** Licences of what the question was made from. */
  readonly licenses: readonly string[]
  /** Names of what the question was made from. */
  readonly sources: readonly string[]
  /** `right`, or a short fixed reason why the text of an answer block is not. */
  readonly judge: (answer: string) => string
}

/** One question put to a teacher. */
export type Ask = {
  readonly task: TeacherTask
  /** Counted from 1 within the round. */
  readonly attempt: number
  readonly mode: TeachingMode
  /** The failed chain that is to be revised; null asks afresh. */
  readonly revision: Revision | null
}

export type Revision = {
  readonly strategy: StrategyName
  /** Counted from 1: how often the list of strategies has been gone through. */
  readonly depth: number
  /** The failed completion. */
  readonly previous: string
  /** What was found, in words of our own; never the gold. */
  readonly complaint: string
}

/** How an ask ended. */
export type Attempt =
  | {
      readonly kind: 'draft'
      readonly ask: Ask
      readonly draft: Draft
      /** The request byte for byte; empty where no language model was asked. */
      readonly messages: readonly ChatMessage[]
    }
  | { readonly kind: 'failed'; readonly ask: Ask; readonly cause: string }
  /** Beyond the budget. */
  | { readonly kind: 'skipped'; readonly ask: Ask; readonly cause: string }

/** Whoever writes trajectories. */
export type Teacher = {
  readonly name: string
  /** The name that stands in trajectories: what was asked, with its model. */
  readonly title: string
  /** Whether an ask of this mode shows the gold or the path to it. */
  readonly sawGold: (mode: TeachingMode) => boolean
  /** How many attempts at a question can differ; null where any number can. */
  readonly distinctAttempts: number | null
  /** What these asks will spend at most if each is answered at once. */
  readonly estimate: (asks: Iterable<Ask>) => Spending
  /** The attempts in the order of the asks, each exactly once. */
  readonly ask: (asks: Iterable<Ask>) => AsyncIterable<Attempt>
}

/** A step of a chain against the graph. `unknown`: the graph neither holds nor denies it, which is no fault. */
export type StepVerdict = { readonly verdict: 'supports' | 'contradicts' | 'unknown'; readonly text: string }

/** The steps of a reasoning that name two things of the graph, in order. */
export type StepJudge = (thinking: string) => readonly StepVerdict[]
