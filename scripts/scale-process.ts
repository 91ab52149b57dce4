/** Entry of the process that makes the data run: its job comes as a message, what it measured goes to the parent. */
import { reportError } from '../src/cli/report-error.ts'
import { processShell } from '../src/cli/shell.ts'
import { clock } from '../src/core/clock.ts'
import { runData } from '../src/pipeline/data/run.ts'
import type { Observer } from '../src/pipeline/observer.ts'
import { type ScaleSize, scaleConfig } from './scale-inputs.ts'

/** What the process is to run. */
export type ScaleJob = { readonly dir: string; readonly root: string; readonly size: ScaleSize }

/** What a stage cost. The peak is that of the process up to its end, in bytes. */
export type StageCost = { readonly stage: string; readonly wallSeconds: number; readonly peakBytes: number }

export type ScaleMeasurement = {
  readonly runDir: string
  readonly stages: readonly StageCost[]
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
}

const peakBytes = (): number => process.resourceUsage().maxRSS * 1024

async function measure({ dir, root, size }: ScaleJob): Promise<ScaleMeasurement> {
  const stages: StageCost[] = []
  const started = clock.monotonicMs()
  const tell = (text: string): void =>
    processShell().err(`${((clock.monotonicMs() - started) / 1000).toFixed(0)} s  ${text}\n`)
  let told = 0
  const observer: Observer = {
    stageStarted: (stage) => tell(`${stage} …`),
    stageSkipped: (stage) => tell(`${stage} was there`),
    stageDone: (stage, wallSeconds) => {
      stages.push({ stage, wallSeconds, peakBytes: peakBytes() })
      tell(`${stage} done in ${wallSeconds.toFixed(1)} s, peak ${(peakBytes() / 1e6).toFixed(0)} MB`)
    },
    note: (text) => tell(`  ${text}`),
    progress: (stage, step, total) => {
      if (clock.monotonicMs() - told < 10_000) return
      told = clock.monotonicMs()
      tell(`  ${stage} ${step} of ${total}, ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`)
    },
  }
  const runDir = await runData(root, scaleConfig(dir, size), observer)
  const { user, system } = process.cpuUsage()
  return {
    runDir,
    stages,
    wallSeconds: (clock.monotonicMs() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: peakBytes(),
  }
}

// Without its parent nobody wants the result.
process.on('disconnect', () => process.exit(1))
process.once('message', (job) => {
  measure(job as ScaleJob).then(
    (measurement) => process.send?.(measurement, () => process.exit(0)),
    (cause: unknown) => process.exit(reportError(cause, processShell())),
  )
})
