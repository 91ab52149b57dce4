import type { Metrics } from '../../policy/loop.ts'
import { detectPlateau } from '../../policy/plateau.ts'
import { judgeSwitch, replayPlateau, type StepSignal, signalOf } from '../../policy/plateau-switch.ts'
import type { Config } from '../config.ts'
import type { MetricLine } from './read-run.ts'
import type { ReportSwitch } from './schema-training.ts'

type Rule = Config['rl-1']['plateau']

/** Metrics that the rule looks at, of every step. */
const signalNames = [
  'rollout/reward_mean',
  'group/mixed_share',
  'group/all_right_share',
  'group/all_wrong_share',
] as const

/** Numbers of the log that the rule wrote when the stage ran. */
const verdictNames = [
  'plateau/streak',
  'plateau/window',
  'plateau/gain',
  'plateau/gain_upper',
  'plateau/mixed_average',
  'plateau/dead_right_average',
  'plateau/probe_gain',
  'plateau/probe_error',
] as const

/** Computed numbers that differ by more than this from the log are others, not the same rounded. */
const tolerance = 1e-9

/**
 * Why stage 1 ended: its rule is asked again about the log, step by step as while the stage ran, and what comes out is
 * held against where the stage ended and against the numbers that the rule wrote.
 *
 * @param lines of `rl-1/metrics.jsonl`, in order, [step]
 */
export function describeSwitch(lines: readonly MetricLine[], config: Config['rl-1']): ReportSwitch {
  const rule = config.plateau
  const rewards_S = lines.flatMap((line) => line['rollout/reward_mean'] ?? [])
  const state = detectPlateau(rewards_S, rule)
  const signals_S = canReplay(lines, rule) ? lines.map(signalOf) : null
  const replay = signals_S === null ? null : replayOf(lines, signals_S, config)
  const byReward = state.fired ? 'plateau' : 'all steps used'
  return {
    reason: replay === null ? byReward : reasonOf(replay, lines.length, config.steps),
    step: lines.length,
    steps: config.steps,
    streak: state.streak,
    window: rule.window,
    gain: finite(state.gain),
    gainUpperBound: finite(state.gainUpperBound),
    rule: {
      minGain: rule.minGain,
      checkEvery: rule.checkEvery,
      checks: rule.checks,
      minSteps: rule.minSteps,
      sparsity: rule.sparsity,
      holdWhileProbeRises: rule.holdWhileProbeRises,
    },
    checks: checksOf(rewards_S, signals_S, rule),
    replay,
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Whether every step has what the rule looks at; runs of older versions lack some of it. */
function canReplay(lines: readonly MetricLine[], rule: Rule): boolean {
  const isSized = (line: MetricLine): boolean =>
    line['probe/accuracy'] === undefined || line['plateau/probe_questions'] !== undefined
  return lines.every(
    (line) => signalNames.every((name) => line[name] !== undefined) && (!rule.holdWhileProbeRises || isSized(line)),
  )
}

type Replay = NonNullable<ReportSwitch['replay']>

function replayOf(
  lines: readonly MetricLine[],
  signals_S: readonly StepSignal[],
  { plateau: rule, steps }: Config['rl-1'],
): Replay {
  const ended = replayPlateau(lines, rule)
  let compared = 0
  let differing = 0
  lines.forEach((line, index) => {
    if (!verdictNames.some((name) => line[name] !== undefined)) return
    const { metrics } = judgeSwitch(signals_S.slice(0, index + 1), rule)
    for (const name of verdictNames.filter((known) => line[known] !== undefined)) {
      compared += 1
      if (!isSame(metrics, line, name)) differing += 1
    }
  })
  const isEnd = ended === null ? lines.length === steps : ended.step === lines.length
  return {
    clause: ended?.clause ?? null,
    step: ended?.step ?? null,
    compared,
    differing,
    agrees: isEnd && differing === 0,
  }
}

function isSame(computed: Metrics, line: MetricLine, name: string): boolean {
  const [a, b] = [computed[name], line[name]]
  return a !== undefined && b !== undefined && Math.abs(a - b) <= tolerance
}

function reasonOf({ clause, step }: Replay, made: number, steps: number): ReportSwitch['reason'] {
  if (clause !== null && step === made) return clause
  return clause === null && made === steps ? 'all steps used' : 'unknown'
}

/** The numbers at every check of the stage. */
function checksOf(
  rewards_S: readonly number[],
  signals_S: readonly StepSignal[] | null,
  rule: Rule,
): ReportSwitch['checks'] {
  const checks: ReportSwitch['checks'] = []
  for (let step = rule.checkEvery; step <= rewards_S.length; step += rule.checkEvery) {
    const { gain, gainUpperBound, streak } = detectPlateau(rewards_S.slice(0, step), rule)
    const metrics: Metrics = signals_S === null ? {} : judgeSwitch(signals_S.slice(0, step), rule).metrics
    checks.push({
      step,
      gain: finite(gain),
      gainUpperBound: finite(gainUpperBound),
      streak,
      mixed: metrics['plateau/mixed_average'] ?? null,
      deadRight: metrics['plateau/dead_right_average'] ?? null,
    })
  }
  return checks
}
