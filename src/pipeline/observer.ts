import type { Metrics } from '../policy/loop.ts'
import type { StageName } from './stage.ts'

/** What a run tells while it works; the command line draws it, tests collect it. */
export interface Observer {
  stageStarted(stage: StageName): void
  stageSkipped(stage: StageName): void
  stageDone(stage: StageName, wallSeconds: number): void
  /** A finding of the stage at work, in one line. */
  note(text: string): void
  /** Step `step` of `total` of the stage at work is done. */
  progress(stage: StageName, step: number, total: number, metrics: Metrics): void
}

export const silentObserver: Observer = {
  stageStarted: () => {},
  stageSkipped: () => {},
  stageDone: () => {},
  note: () => {},
  progress: () => {},
}
