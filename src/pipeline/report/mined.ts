import { wilsonInterval } from '../../evaluation/metrics.ts'
import type { Question } from '../../questions/types.ts'
import type { Describer } from './examples.ts'
import { type GroupLine, isRight, type SweepLine } from './rollouts.ts'
import type { ReportMined } from './schema.ts'
import { tally } from './tally.ts'

/** Hardest questions that a report lists. */
const hardestShown = 20

type Visit = { readonly step: number; readonly right: number; readonly of: number }
type Entry = { seen: number; right: number; last: Visit; readonly wrong: Map<string, number> }
type Draw = {
  groups: number
  readonly questions: Set<string>
  rollouts: number
  right: number
  readonly hops: string[]
}
type Phase = { readonly fromStep: number; toStep: number; readonly draws: Map<string, Draw> }

export type MiningSurvey = {
  /** Takes in one group of stage 2; groups come in the order of the log. */
  add(group: GroupLine): void
  finish(): ReportMined
}

/**
 * A survey of what stage 2 mined: what each sweep found, what was then drawn and why, and the questions that stayed
 * hardest. A phase is what lies between two sweeps.
 *
 * @param describer words for the table of the hardest
 * @param options `enabled`: whether the configuration asked for mining; `rule`: what it calls a failure
 */
export function createMiningSurvey(
  sweeps: readonly SweepLine[],
  questionById: ReadonlyMap<string, Question>,
  describer: Pick<Describer, 'question' | 'answer'>,
  options: Pick<ReportMined, 'enabled' | 'rule'>,
): MiningSurvey {
  const sweepSteps = [...new Set(sweeps.map(({ step }) => step))].sort((a, b) => a - b)
  const ledger = new Map<string, Entry>()
  const phases: Phase[] = []
  for (const { questionId, ...visit } of sweeps) enter(ledger, questionId, visit)
  return {
    add: (group) => {
      const right = group.rollouts.filter(isRight).length
      const entry = enter(ledger, group.questionId, { step: group.step, right, of: group.rollouts.length })
      for (const { answered } of group.rollouts.filter(({ reward }) => reward.correct === 0))
        entry.wrong.set(answered, (entry.wrong.get(answered) ?? 0) + 1)
      const hop = String(questionById.get(group.questionId)?.hop ?? 'unknown')
      addDraw(phaseOf(phases, sweepSteps, group.step), group, right, hop)
    },
    finish: () => ({
      enabled: options.enabled,
      rule: options.rule,
      sweeps: sweepSteps.map((step) => sumSweep(sweeps, step)),
      phases: phases.map(({ fromStep, toStep, draws }) => ({
        fromStep,
        toStep,
        draws: Object.fromEntries([...draws].sort(byReason).map(([reason, draw]) => [reason, sumDraw(draw)])),
      })),
      recovery: recoveryOf(sweeps, sweepSteps[0], ledger),
      hardest: [...ledger]
        .filter(([, { seen, right }]) => right < seen)
        .sort(([a, x], [b, y]) => mostRight(x) - mostRight(y) || (a < b ? -1 : 1))
        .slice(0, hardestShown)
        .map(([id, { seen, right, last, wrong }]) => {
          const [top] = [...wrong].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
          return {
            ...describer.question(id),
            seen,
            right,
            lastStep: last.step,
            lastRight: last.right,
            lastOf: last.of,
            wrongAnswer: top === undefined ? null : { ...describer.answer(top[0]), times: top[1] },
          }
        }),
    }),
  }
}

/** The share right that a question might have at most: many failures count for more than few. */
const mostRight = ({ right, seen }: Entry): number => wilsonInterval(right, seen)[1]

function enter(ledger: Map<string, Entry>, questionId: string, visit: Visit): Entry {
  const entry = ledger.get(questionId) ?? { seen: 0, right: 0, last: visit, wrong: new Map<string, number>() }
  entry.seen += visit.of
  entry.right += visit.right
  // The sweep before a step comes first, so a group of the same step is the later visit.
  if (visit.step >= entry.last.step) entry.last = visit
  ledger.set(questionId, entry)
  return entry
}

function phaseOf(phases: Phase[], sweepSteps: readonly number[], step: number): Phase {
  const fromStep = sweepSteps.findLast((sweepStep) => sweepStep <= step) ?? 1
  const open = phases.at(-1)
  if (open?.fromStep === fromStep) {
    open.toStep = Math.max(open.toStep, step)
    return open
  }
  const phase: Phase = { fromStep, toStep: step, draws: new Map<string, Draw>() }
  phases.push(phase)
  return phase
}

function addDraw(phase: Phase, group: GroupLine, right: number, hop: string): void {
  const draw = phase.draws.get(group.reason) ?? {
    groups: 0,
    questions: new Set<string>(),
    rollouts: 0,
    right: 0,
    hops: [],
  }
  draw.groups += 1
  draw.questions.add(group.questionId)
  draw.rollouts += group.rollouts.length
  draw.right += right
  draw.hops.push(hop)
  phase.draws.set(group.reason, draw)
}

const reasonOrder = ['wrong', 'right', 'replay', 'fill']

function byReason([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  const place = (reason: string): number =>
    (reasonOrder.indexOf(reason) + reasonOrder.length + 1) % (reasonOrder.length + 1)
  return place(a) - place(b)
}

const sumDraw = ({ groups, questions, rollouts, right, hops }: Draw) => ({
  groups,
  questions: questions.size,
  rollouts,
  right,
  byHop: tally(hops),
})

function sumSweep(sweeps: readonly SweepLine[], step: number): ReportMined['sweeps'][number] {
  const lines = sweeps.filter((line) => line.step === step)
  return {
    step,
    questions: lines.length,
    rollouts: lines.reduce((sum, line) => sum + line.of, 0),
    right: lines.reduce((sum, line) => sum + line.right, 0),
    neverRight: lines.filter((line) => line.right === 0).length,
  }
}

function recoveryOf(
  sweeps: readonly SweepLine[],
  firstStep: number | undefined,
  ledger: ReadonlyMap<string, Entry>,
): ReportMined['recovery'] {
  if (firstStep === undefined) return null
  const never = sweeps.filter(({ step, right }) => step === firstStep && right === 0)
  const again = never.filter(({ questionId, of }) => ledger.get(questionId)!.seen > of)
  const mostly = again.filter(({ questionId }) => {
    const { last } = ledger.get(questionId)!
    return last.right / last.of >= 0.5
  })
  return { neverRight: never.length, triedAgain: again.length, mostlyRight: mostly.length }
}
