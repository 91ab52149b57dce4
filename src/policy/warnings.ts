import { join } from 'node:path'
import { type Log, readLog } from '../core/store.ts'
import type { Warning } from './detectors/types.ts'
import { createWatch, type Watch, warningRecord } from './detectors/watch.ts'
import type { Metrics } from './loop.ts'

/** Log of what the detectors told of a stage; it follows from `metrics.jsonl` alone. */
export const WARNINGS_LOG = 'warnings.jsonl'

/**
 * The detectors over one stage: looks at each step's metrics, writes what is wrong into the log and hands it on.
 *
 * @param dir the stage's folder; the metrics of steps before a kill are read from it at the first step
 */
export function createWarner(
  dir: string,
  stage: string,
  onWarning: (warning: Warning) => void = () => {},
): (metrics: Metrics, log: Log) => void {
  let watch: Watch | null = null
  return (metrics, log) => {
    // Only now has the log been cut to the checkpoint that the stage goes on from.
    watch ??= createWatch(undefined, readLog<Metrics>(join(dir, 'metrics.jsonl')).records)
    const warnings = watch.push(metrics)
    if (warnings.length > 0) log.append(warnings.map((warning) => warningRecord(warning, stage)))
    for (const warning of warnings) onWarning(warning)
  }
}
