import type { Metrics } from '../loop.ts'
import type { DetectorSettings } from './settings.ts'

/** Something that looks wrong, what it was measured by, and what to try first. */
export type Warning = {
  readonly detector: string
  /** Which of the detector's faults: a fault is told once in a while, not each step. */
  readonly fault: string
  /** `stop`: going on is probably waste. The decision is the caller's. */
  readonly level: 'warn' | 'stop'
  /** Counted from 1, as in `metrics.jsonl`. */
  readonly step: number
  readonly values: Readonly<Record<string, number>>
  readonly thresholds: Readonly<Record<string, number>>
  readonly message: string
  /** What to do first. */
  readonly response: string
}

/** Watches one kind of fault. Adding one takes a file and a line in `registry.ts`. */
export type Detector = {
  readonly name: string
  /**
   * What is wrong at the last step of a history, or null. Pure: the same history gives the same answer, so that a log is
   * judged as the run was.
   *
   * @param history metrics of every step of the stage so far, [step]
   */
  readonly watch: (history: readonly Metrics[], settings: DetectorSettings) => Warning | null
}
