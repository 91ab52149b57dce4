import { readCompletion } from '../text/answer.ts'
import type { TrajectoryCheck } from './checks/check.ts'
import { checks } from './checks/registry.ts'
import type { Draft, StepJudge, TeacherTask } from './types.ts'

/** What becomes of chains that a check finds something in; names that are left out keep the check's own. */
export type CheckActions = Readonly<Record<string, 'drop' | 'report' | 'off'>>

/** One example of a finding. */
export type CheckExample = { readonly questionId: string; readonly reason: string; readonly evidence: string }

/** What one check found in all chains it looked at. */
export type CheckCount = {
  readonly action: 'drop' | 'report'
  readonly checked: number
  /** Chains with a fault. */
  readonly found: number
  /** Findings by reason, notes included, most frequent first. */
  readonly reasons: Readonly<Record<string, number>>
  /** Faults first come, up to five. */
  readonly examples: readonly CheckExample[]
}

export const maxExamples = 5

/** What the checks say of one draft. `reasons`: why it is dropped, first the gravest; empty for a sound one. */
export type DraftVerdict = {
  readonly reasons: readonly string[]
  /** In words, for whoever revises the chain; null for a sound one. */
  readonly complaint: string | null
  readonly isRight: boolean
  readonly groundedSteps: number
  readonly checkableSteps: number
}

/** Checks drafts and counts what was found. */
export type DraftChecker = {
  readonly check: (task: TeacherTask, draft: Draft) => DraftVerdict
  readonly counts: () => Readonly<Record<string, CheckCount>>
}

/** Words for whoever revises; never the evidence, which may hold the gold. */
const complaints: Readonly<Record<string, string>> = {
  answer: 'the answer is not right',
  leak: 'it leans on something that the question does not say',
  arithmetic: 'a calculation is wrong',
  units: 'a unit or a conversion is wrong',
  repetition: 'it goes round in circles',
  language: 'it changes the language',
  length: 'its length or the length of a sentence is out of bounds',
  hedge: 'it speaks of itself instead of the question',
  grounding: 'a step is contradicted by a reference',
}

/**
 * A checker of drafts: form first, then every check that is not off, in the order of the registry. All of them are run, so
 * that counts do not depend on which comes first.
 *
 * @param actions overrides by name of check
 * @throws {ConfigError} when a name is no check
 */
export function createDraftChecker(actions: CheckActions, judgeSteps: StepJudge | null): DraftChecker {
  for (const name of Object.keys(actions)) checks.get(name)
  const active = checks.all.flatMap((check) => {
    const action = actions[check.name] ?? check.action
    return action === 'off' ? [] : [{ check, action, count: createCount(action) }]
  })
  const form = createCount('drop')
  return {
    check: (task, draft) => {
      const { thinking, answer, defects } = readCompletion(draft.completion, { thinkPrefilled: true })
      form.see(
        task.id,
        defects.slice(0, 1).map((reason) => ({ reason, evidence: '' })),
      )
      if (defects.length > 0 || thinking === null || answer === null) {
        const reasons = [`form: ${defects[0] ?? 'noAnswer'}`]
        return { reasons, complaint: 'it is not one reasoning and one answer', ...unread }
      }
      const input = { task, completion: draft.completion, thinking, answer, judgeSteps }
      const faults = active.flatMap(({ check, action, count }) => {
        const findings = check.find(input)
        count.see(task.id, findings)
        return findings.filter(({ isNote }) => isNote !== true).map(({ reason }) => ({ check, action, reason }))
      })
      const dropping = faults.filter(({ action }) => action === 'drop')
      const verdicts = judgeSteps === null ? [] : judgeSteps(thinking)
      return {
        reasons: [...new Set(dropping.map(({ check, reason }) => `${check.name}: ${reason}`))],
        complaint: dropping[0] === undefined ? null : complaintOf(dropping[0].check),
        isRight: task.judge(answer) === 'right',
        groundedSteps: verdicts.filter(({ verdict }) => verdict === 'supports').length,
        checkableSteps: verdicts.length,
      }
    },
    counts: () =>
      Object.fromEntries([
        ['form', form.read()] as const,
        ...active.map(({ check, count }) => [check.name, count.read()] as const),
      ]),
  }
}

const unread = { isRight: false, groundedSteps: 0, checkableSteps: 0 }

const complaintOf = ({ name, title }: TrajectoryCheck): string => complaints[name] ?? `not so: ${title}`

function createCount(action: 'drop' | 'report') {
  let checked = 0
  let found = 0
  const reasons = new Map<string, number>()
  const examples: CheckExample[] = []
  return {
    see: (questionId: string, findings: ReturnType<TrajectoryCheck['find']>): void => {
      checked += 1
      const faults = findings.filter(({ isNote }) => isNote !== true)
      if (faults.length > 0) found += 1
      for (const { reason } of findings) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      for (const { reason, evidence } of faults.slice(0, 1)) {
        if (examples.length < maxExamples) examples.push({ questionId, reason, evidence })
      }
    },
    read: (): CheckCount => ({
      ...{ action, checked, found },
      reasons: Object.fromEntries([...reasons].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))),
      examples: [...examples],
    }),
  }
}
