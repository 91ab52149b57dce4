import type { Metrics } from '../policy/loop.ts'
import type { AnyStageName } from './stage.ts'

/** What a run tells while it works; the command line draws it, tests collect it. */
export interface Observer {
  stageStarted(stage: AnyStageName): void
  stageSkipped(stage: AnyStageName): void
  stageDone(stage: AnyStageName, wallSeconds: number): void
  /** A finding of the stage at work, in one line. */
  note(text: string): void
  /** Step `step` of `total` of the stage at work is done. */
  progress(stage: AnyStageName, step: number, total: number, metrics: Metrics): void
}

export const silentObserver: Observer = {
  stageStarted: () => {},
  stageSkipped: () => {},
  stageDone: () => {},
  note: () => {},
  progress: () => {},
}
