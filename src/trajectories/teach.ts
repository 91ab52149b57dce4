import { ConfigError } from '../core/errors.ts'
import { contentId } from '../core/hash.ts'
import type { ChatMessage } from '../endpoint/types.ts'
import {
  type CheckActions,
  type CheckCount,
  createDraftChecker,
  type DraftChecker,
  type DraftVerdict,
} from './check-draft.ts'
import { chooseMedian } from './choose.ts'
import type {
  Ask,
  Attempt,
  Draft,
  StepJudge,
  StrategyName,
  Teacher,
  TeacherTask,
  TeachingMode,
  Trajectory,
  TrajectoryId,
} from './types.ts'

export type TeachOptions = {
  readonly teacher: Teacher
  /** k, attempts at each question before a revision. */
  readonly attempts: number
  /**
   * `blind-first` shows the gold only for questions that k blind attempts did not solve, once.
   *
   * @deviation the paper's teacher always sees the gold (`answer-aware`)
   */
  readonly mode: TeachingMode | 'blind-first'
  /** How failed chains are revised, in this order; empty for no refinement. */
  readonly strategies: readonly StrategyName[]
  /** How often the list of strategies is gone through. */
  readonly depth: number
  readonly actions: CheckActions
  /** Null where no graph is at hand. */
  readonly judgeSteps: StepJudge | null
  /** After every attempt, in the order of the asks. */
  readonly onAttempt?: ((record: AttemptRecord) => void) | undefined
}

/** One attempt, as it is recorded: what was asked byte for byte, what came, and what the checks said. */
export type AttemptRecord = {
  readonly questionId: string
  readonly mode: TeachingMode
  readonly strategy: StrategyName | null
  readonly depth: number
  readonly attempt: number
  readonly messages: readonly ChatMessage[]
  readonly completion: string | null
  /** `kept`, the reasons of the checks, or why there was no reply. */
  readonly verdict: string
}

/** What one round of asks came to. */
export type RoundCount = {
  readonly mode: TeachingMode
  readonly strategy: StrategyName | null
  readonly depth: number
  readonly questions: number
  readonly asked: number
  /** Questions that this round gave a trajectory to; of a revision, those it rescued. */
  readonly solved: number
  /** Attempts whose answer was right, whatever else the checks found. */
  readonly right: number
  readonly failed: number
  readonly skipped: number
}

export type TeachReport = {
  readonly questions: number
  readonly kept: number
  readonly rounds: readonly RoundCount[]
  /** Questions by how many of the first k attempts were right: "0" … "k". */
  readonly passes: Readonly<Record<string, number>>
  /** Questions without a trajectory by the first reason of their last attempt. */
  readonly unsolved: Readonly<Record<string, number>>
  readonly checks: Readonly<Record<string, CheckCount>>
}

/** Trajectories in the order of their tasks, and how they came about. */
export type Taught = { readonly trajectories: readonly Trajectory[]; readonly report: TeachReport }

/** Where a question stands. */
type Course = {
  readonly task: TeacherTask
  asks: number
  trajectory: Trajectory | null
  /** The last readable chain that failed, for a revision. */
  failed: { readonly draft: Draft; readonly complaint: string } | null
  reason: string
}

/**
 * One trajectory for every question that the teacher solves within its attempts and revisions.
 *
 * First every question is asked k times; of the chains that pass all checks the one of median length is kept. Then what
 * failed is revised, one strategy after the other, as often as `depth` says; a question whose calls all failed has nothing
 * to revise and stays unsolved. Nothing here depends on time: with a teacher that answers alike, the result is the same.
 *
 * @paper Fleming-R1 §1 (pass@k-based selection, filters on verifiable signals) and §3.2 (refinement of the hardest)
 * @deviation the blind mode is ours: a teacher that never saw the gold cannot leak it; every trajectory says which it was.
 *   A revision in the blind mode is told that the chain failed, not what the answer is
 * @throws {ConfigError} when a number or a task's id cannot be
 * @throws {EngineError} as the teacher, when its endpoint is down; what was answered is kept in its ledger
 */
export async function teach(tasks: readonly TeacherTask[], options: TeachOptions): Promise<Taught> {
  checkOptions(tasks, options)
  const { teacher, mode, strategies, depth } = options
  const checker = createDraftChecker(options.actions, options.judgeSteps)
  const courses = tasks.map((task): Course => ({ task, asks: 0, trajectory: null, failed: null, reason: 'not asked' }))
  const rounds: RoundCount[] = []
  const passes = new Map<number, number>()
  const open = (): Course[] => courses.filter(({ trajectory }) => trajectory === null)
  const first: Round = { mode: mode === 'answer-aware' ? mode : 'blind', strategy: null, depth: 0 }
  const attempts = Math.min(options.attempts, teacher.distinctAttempts ?? options.attempts)
  rounds.push(
    await runRound(courses, first, attempts, options, checker, (right) =>
      passes.set(right, (passes.get(right) ?? 0) + 1),
    ),
  )
  if (mode === 'blind-first' && open().length > 0) {
    rounds.push(await runRound(open(), { mode: 'answer-aware', strategy: null, depth: 0 }, 1, options, checker))
  }
  const revisedIn = mode === 'blind' ? 'blind' : 'answer-aware'
  for (let level = 1; level <= depth; level++) {
    for (const strategy of strategies) {
      const revisable = open().filter(({ failed }) => failed !== null)
      if (revisable.length === 0) continue
      rounds.push(await runRound(revisable, { mode: revisedIn, strategy, depth: level }, 1, options, checker))
    }
  }
  const trajectories = courses.flatMap(({ trajectory }) => (trajectory === null ? [] : [trajectory]))
  const report: TeachReport = {
    questions: tasks.length,
    kept: trajectories.length,
    rounds,
    passes: Object.fromEntries([...passes].sort(([a], [b]) => a - b).map(([right, count]) => [`${right}`, count])),
    unsolved: countReasons(open()),
    checks: checker.counts(),
  }
  return { trajectories, report }
}

type Round = { readonly mode: TeachingMode; readonly strategy: StrategyName | null; readonly depth: number }

/** Asks every course so often and settles those that a chain survives for. */
async function runRound(
  courses: readonly Course[],
  round: Round,
  attempts: number,
  { teacher, onAttempt }: TeachOptions,
  checker: DraftChecker,
  onPass: (right: number) => void = () => {},
): Promise<RoundCount> {
  const count = { solved: 0, right: 0, failed: 0, skipped: 0, asked: 0 }
  let group: { readonly attempt: Attempt; readonly verdict: DraftVerdict | null }[] = []
  let at = 0
  for await (const attempt of teacher.ask(asksOf(courses, round, attempts))) {
    const { task } = courses[at]!
    const verdict = attempt.kind === 'draft' ? checker.check(task, attempt.draft) : null
    onAttempt?.(recordOf(attempt, verdict))
    group.push({ attempt, verdict })
    count.asked += 1
    if (attempt.kind !== 'draft') count[attempt.kind] += 1
    if (verdict?.isRight === true) count.right += 1
    if (group.length < attempts) continue
    settle(courses[at]!, group, round, teacher)
    if (courses[at]!.trajectory !== null) count.solved += 1
    onPass(group.filter((one) => one.verdict?.isRight === true).length)
    group = []
    at += 1
  }
  return { ...round, questions: courses.length, ...count }
}

function* asksOf(courses: readonly Course[], round: Round, attempts: number): Generator<Ask> {
  for (const { task, failed } of courses) {
    const { mode, strategy, depth } = round
    const revision =
      strategy === null || failed === null
        ? null
        : { strategy, depth, previous: failed.draft.completion, complaint: failed.complaint }
    for (let attempt = 1; attempt <= attempts; attempt++) yield { task, attempt, mode, revision }
  }
}

/** Writes down what a question's attempts of a round came to: a trajectory, or a chain to revise. */
function settle(
  course: Course,
  group: readonly { readonly attempt: Attempt; readonly verdict: DraftVerdict | null }[],
  round: Round,
  teacher: Teacher,
): void {
  course.asks += group.length
  const drafts = group.flatMap(({ attempt, verdict }) =>
    attempt.kind === 'draft' && verdict !== null ? [{ draft: attempt.draft, verdict }] : [],
  )
  const survivors = drafts.filter(({ verdict }) => verdict.reasons.length === 0)
  const chosen = chooseMedian(survivors, ({ draft }) => draft.completion.length)
  if (chosen !== null) {
    course.trajectory = trajectoryOf(course, chosen, round, teacher)
    course.failed = null
    return
  }
  const last = drafts.at(-1)
  if (last !== undefined) {
    course.failed = { draft: last.draft, complaint: last.verdict.complaint ?? 'it failed a check' }
    course.reason = last.verdict.reasons[0] ?? 'unknown'
  } else if (course.failed === null) {
    const attempt = group.at(-1)?.attempt
    course.reason = attempt !== undefined && attempt.kind !== 'draft' ? `no reply: ${attempt.cause}` : 'no reply'
  }
}

function trajectoryOf(
  { task, asks }: Course,
  { draft, verdict }: { readonly draft: Draft; readonly verdict: DraftVerdict },
  { mode, strategy }: Round,
  teacher: Teacher,
): Trajectory {
  const sawGold = teacher.sawGold(mode)
  return {
    id: contentId('trajectory', { question: task.id, completion: draft.completion }) as TrajectoryId,
    questionId: task.id,
    teacher: teacher.title,
    sawGold,
    origin: strategy !== null ? 'refined' : sawGold ? 'gold-conditioned' : 'blind',
    strategy,
    attempts: asks,
    backtracks: draft.backtracks,
    completion: draft.completion,
    groundedSteps: verdict.groundedSteps,
    checkableSteps: verdict.checkableSteps,
  }
}

function recordOf(attempt: Attempt, verdict: DraftVerdict | null): AttemptRecord {
  const { task, mode, revision } = attempt.ask
  const isDraft = attempt.kind === 'draft'
  return {
    questionId: task.id,
    mode,
    strategy: revision?.strategy ?? null,
    depth: revision?.depth ?? 0,
    attempt: attempt.ask.attempt,
    messages: isDraft ? attempt.messages : [],
    completion: isDraft ? attempt.draft.completion : null,
    verdict: isDraft ? verdict?.reasons.join('; ') || 'kept' : `${attempt.kind}: ${attempt.cause}`,
  }
}

function countReasons(courses: readonly Course[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { reason } of courses) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function checkOptions(tasks: readonly TeacherTask[], { attempts, depth, strategies }: TeachOptions): void {
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new ConfigError(`attempts must be a whole number from 1, found ${attempts}`)
  }
  if (!Number.isInteger(depth) || depth < 0) {
    throw new ConfigError(`depth must be a whole number from 0, found ${depth}`)
  }
  if (new Set(strategies).size < strategies.length) throw new ConfigError('a strategy stands twice in the list')
  const ids = new Set<string>()
  for (const { id } of tasks) {
    if (ids.has(id)) throw new ConfigError(`question ${id} stands twice among those to teach`)
    ids.add(id)
  }
}
