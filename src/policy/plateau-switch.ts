import { ConfigError, DataError } from '../core/errors.ts'
import type { Metrics } from './loop.ts'
import { detectPlateau, type PlateauRule } from './plateau.ts'

/** When stage 1 hands over to stage 2: the plateau test, and two clauses that are off unless given. */
export type SwitchRule = PlateauRule & {
  /** Ends the stage too when few groups are mixed, and most of the others all right. */
  readonly sparsity?: { readonly mixedBelow: number; readonly span: number } | null | undefined
  /** Keeps the stage going while accuracy on the probe rises by its standard error or more. */
  readonly holdWhileProbeRises?: boolean | undefined
}

/** What the switch looks at, of one step. */
export type StepSignal = {
  readonly reward: number
  /** Shares of the groups: with a signal, all right, all wrong. */
  readonly mixed: number
  readonly allRight: number
  readonly allWrong: number
  readonly probe?: { readonly accuracy: number; readonly size: number | null } | undefined
}

export type SwitchClause = 'plateau' | 'sparsity'

export type SwitchVerdict = {
  /** Which clause ends the stage after this step; null: none does. */
  readonly clause: SwitchClause | null
  /** What the log says of this step; enough to reach the same verdict again. */
  readonly metrics: Metrics
}

/** Sparsity is looked at with this span when no clause asks for another. */
const loggedSpan = 20

/**
 * Whether stage 1 ends after its last step, by which clause, and the numbers behind it for the log: the streak at every
 * step; gain, upper bound, window and sparsity at every check.
 *
 * @paper Fleming-R1 §3.3: performance plateaus, signalled by reward sparsity
 * @deviation the paper defines neither; the plateau alone decides unless the rule asks for more
 * @param signals_S of every step so far, [step], at least one
 * @throws {ConfigError} when the probe clause is on and the size of the probe is not known
 */
export function judgeSwitch(signals_S: readonly StepSignal[], rule: SwitchRule): SwitchVerdict {
  const step = signals_S.length
  const rewards_S = signals_S.map(({ reward }) => reward)
  const { fired, gain, gainUpperBound, streak } = detectPlateau(rewards_S, rule)
  const isCheck = step % rule.checkEvery === 0
  const sparsity = sparsityOf(signals_S, rule.sparsity?.span ?? loggedSpan)
  const rise = probeRise(signals_S, rule)
  const metrics: Metrics = {
    'plateau/streak': streak,
    ...(isCheck && {
      'plateau/window': rule.window,
      'plateau/mixed_average': sparsity.mixed,
      'plateau/dead_right_average': sparsity.deadRight,
    }),
    ...(isCheck && Number.isFinite(gain) && { 'plateau/gain': gain, 'plateau/gain_upper': gainUpperBound }),
    ...(rise !== null && { 'plateau/probe_gain': rise.gain, 'plateau/probe_error': rise.error }),
  }
  const isSparse = rule.sparsity && isCheck && sparsity.mixed < rule.sparsity.mixedBelow && sparsity.deadRight > 0.5
  const clause = fired ? 'plateau' : isSparse && step >= rule.minSteps ? 'sparsity' : null
  const held = rise !== null && rise.gain >= rise.error && rise.gain > 0
  return { clause: held ? null : clause, metrics }
}

/** Exponential averages with weight 2 / (span + 1): share of mixed groups, and share of the others that were all right. */
function sparsityOf(
  signals_S: readonly StepSignal[],
  span: number,
): { readonly mixed: number; readonly deadRight: number } {
  const weight = 2 / (span + 1)
  let [mixed, right, wrong] = [0, 0, 0]
  signals_S.forEach((signal, index) => {
    const by = index === 0 ? 1 : weight
    mixed += by * (signal.mixed - mixed)
    right += by * (signal.allRight - right)
    wrong += by * (signal.allWrong - wrong)
  })
  return { mixed, deadRight: right + wrong === 0 ? 0 : right / (right + wrong) }
}

/** The gain of the last probe over the one before and its standard error; null when the clause is off or has no pair. */
function probeRise(
  signals_S: readonly StepSignal[],
  rule: SwitchRule,
): { readonly gain: number; readonly error: number } | null {
  if (rule.holdWhileProbeRises !== true) return null
  const [before, after] = signals_S.flatMap(({ probe }) => probe ?? []).slice(-2)
  if (before === undefined || after === undefined) return null
  const varianceOf = ({ accuracy, size }: NonNullable<StepSignal['probe']>): number => {
    if (size === null || size < 1) {
      throw new ConfigError('the probe clause of the stage switch needs the size of the probe', {
        hint: 'give the stage its probeSize, which is logged beside probe/accuracy, or switch holdWhileProbeRises off',
      })
    }
    return (accuracy * (1 - accuracy)) / size
  }
  return { gain: after.accuracy - before.accuracy, error: Math.sqrt(varianceOf(before) + varianceOf(after)) }
}

/** The signal of a step from its metrics, live or read back from `metrics.jsonl`. @throws {DataError} when one is missing */
export function signalOf(metrics: Metrics): StepSignal {
  const need = (name: string): number => {
    const value = metrics[name]
    if (value === undefined) {
      throw new DataError(`there is no ${name} in the metrics of a step of stage 1`, { field: name })
    }
    return value
  }
  const accuracy = metrics['probe/accuracy']
  return {
    reward: need('rollout/reward_mean'),
    mixed: need('group/mixed_share'),
    allRight: need('group/all_right_share'),
    allWrong: need('group/all_wrong_share'),
    ...(accuracy !== undefined && { probe: { accuracy, size: metrics['plateau/probe_questions'] ?? null } }),
  }
}

export type ReplayedSwitch = { readonly step: number; readonly clause: SwitchClause }

/**
 * The step after which a stage 1 with these metrics ends and the clause that ends it, from the log alone; null when no
 * clause fires, and the stage used all its steps.
 *
 * @param metrics_S lines of `metrics.jsonl`, in order, [step]
 * @returns `step` counted from 1
 * @throws {DataError} when a line lacks what the rule looks at
 */
export function replayPlateau(metrics_S: readonly Metrics[], rule: SwitchRule): ReplayedSwitch | null {
  const signals_S: StepSignal[] = []
  for (const metrics of metrics_S) {
    signals_S.push(signalOf(metrics))
    const { clause } = judgeSwitch(signals_S, rule)
    if (clause !== null) return { step: signals_S.length, clause }
  }
  return null
}
