import type { Observer } from '../pipeline/observer.ts'
import { sparkline } from './sparkline.ts'

type Metrics = Parameters<Observer['progress']>[3]

/** A stage at work, in words and figures. */
export type StageTrack = {
  readonly stage: string
  readonly step: number
  /** 0 before the first step is done, or for stages without steps. */
  readonly total: number
  readonly elapsedSeconds: number
  /** Null until two steps are done: one alone says nothing about the pace. */
  readonly etaSeconds: number | null
  /** "reward 0.440  mixed 38 %  probe 31 %". */
  readonly figures: string
  /** The loss or the reward so far. */
  readonly curve: string
}

export type Tracker = {
  start(stage: string): void
  advance(stage: string, step: number, total: number, metrics: Metrics): StageTrack
  /** What the stage did, in one line: steps, and the first and last value of its curve. */
  finish(): string
  readonly current: StageTrack | null
}

const curveWidth = 16
/** Steps whose pace the rest is judged by; chosen by us: short enough to follow a change, long enough to be steady. */
const paceSteps = 20

/** The metric that a stage's curve shows: the first of these that it reports. */
const curves = [
  { name: 'reward', metric: 'rollout/reward_mean' },
  { name: 'loss', metric: 'train/loss' },
] as const

type Work = {
  readonly stage: string
  readonly startedMs: number
  readonly values: number[]
  readonly moments: { readonly step: number; readonly ms: number }[]
  step: number
  total: number
  curveName: string
  latest: Metrics
}

/** Keeps what a progress display needs to know of the stage at work. */
export function createTracker(now: () => number): Tracker {
  let work: Work | null = null
  const start = (stage: string): Work => {
    work = { stage, startedMs: now(), values: [], moments: [], step: 0, total: 0, curveName: '', latest: {} }
    return work
  }
  return {
    start: (stage) => {
      start(stage)
    },
    advance: (stage, step, total, metrics) => {
      const at = work?.stage === stage ? work : start(stage)
      at.step = step
      at.total = total
      // A probe is measured now and then; its last value stays on display.
      at.latest = { ...at.latest, ...metrics }
      const curve = curves.find(({ metric }) => metrics[metric] !== undefined)
      if (curve !== undefined) {
        at.curveName = curve.name
        at.values.push(metrics[curve.metric]!)
      }
      at.moments.push({ step, ms: now() })
      if (at.moments.length > paceSteps) at.moments.shift()
      return trackOf(at, now())
    },
    finish: () => {
      const summary = work === null ? '' : summarise(work)
      work = null
      return summary
    },
    get current() {
      return work === null ? null : trackOf(work, now())
    },
  }
}

function trackOf(work: Work, nowMs: number): StageTrack {
  const { stage, step, total } = work
  const [first, last] = [work.moments[0], work.moments.at(-1)]
  const paceMs = first && last && last.step > first.step ? (last.ms - first.ms) / (last.step - first.step) : null
  return {
    stage,
    step,
    total,
    elapsedSeconds: (nowMs - work.startedMs) / 1000,
    etaSeconds: paceMs === null ? null : (paceMs * (total - step)) / 1000,
    figures: figuresOf(work),
    curve: sparkline(work.values, curveWidth),
  }
}

function figuresOf({ latest, curveName, values }: Work): string {
  const share = (name: string, metric: string): string[] => {
    const value = latest[metric]
    return value === undefined ? [] : [`${name} ${(100 * value).toFixed(0)} %`]
  }
  return [
    ...(values.length === 0 ? [] : [`${curveName} ${values.at(-1)!.toFixed(3)}`]),
    ...share('mixed', 'group/mixed_share'),
    ...share('probe', 'probe/accuracy'),
  ].join('  ')
}

function summarise({ step, curveName, values }: Work): string {
  if (values.length === 0) return ''
  const change = `${curveName} ${values[0]!.toFixed(3)} → ${values.at(-1)!.toFixed(3)}`
  return `${step} steps  ${change}  ${sparkline(values, curveWidth)}`
}
