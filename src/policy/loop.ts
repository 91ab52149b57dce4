import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { formatJson, parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { ensureDir, type Log, openLog, putAtomic, removeDir, removeFile } from '../core/store.ts'
import type { TrainingClient } from '../engine/types.ts'

export type Metrics = Readonly<Record<string, number>>

export type StepOutcome = {
  readonly metrics: Metrics
  /** Present when the loop should end after this step: why. */
  readonly stop?: string
}

export type LoopOptions = {
  /** The stage's folder; everything below is written into it. */
  readonly dir: string
  readonly client: TrainingClient
  readonly steps: number
  readonly checkpointEvery: number
  /** Logs besides `metrics.jsonl` that a step appends to. */
  readonly logs: readonly string[]
  /** What must survive a crash besides weights and logs, as JSON. */
  readonly snapshot: () => unknown
  readonly restore: (state: unknown) => void
  readonly step: (step: number, logs: ReadonlyMap<string, Log>) => Promise<StepOutcome>
  readonly onStep?: (step: number, outcome: StepOutcome) => void
}

export type LoopResult = { readonly steps: number; readonly stopped: string | null }

const progressSchema = z.object({
  step: z.number().int().nonnegative(),
  checkpoint: z.string(),
  logs: z.record(z.string(), z.number().int().nonnegative()),
  state: z.unknown(),
})

const metricsLog = 'metrics.jsonl'

/**
 * Runs a training loop that a kill cannot hurt: every `checkpointEvery` steps it saves weights, optimizer, the caller's
 * state and the length of every log, and publishes all of it by one atomic write of `progress.json`. Started again, it
 * loads that point, cuts the logs to the recorded lengths and goes on with the same bytes as an uninterrupted run.
 *
 * The client must hold the weights to start from when nothing was done yet. At the end it holds the trained weights
 * and `final/` their checkpoint; `clearProgress` removes what only resuming needs, once the stage is sealed.
 */
export async function runLoop(options: LoopOptions): Promise<LoopResult> {
  const { dir, client } = options
  ensureDir(dir)
  const names = [metricsLog, ...options.logs]
  const progress = readProgress(dir)
  if (progress !== undefined) {
    await client.loadState(join(dir, 'checkpoints', progress.checkpoint), { optimizer: true })
    options.restore(progress.state)
  }
  const logs = new Map(names.map((name) => [name, openLog(join(dir, name))]))
  for (const [name, log] of logs) log.truncate(progress?.logs[name] ?? 0)
  let stopped: string | null = null
  let step = progress?.step ?? 0
  try {
    while (step < options.steps && stopped === null) {
      const outcome = await options.step(step, logs)
      step += 1
      logs.get(metricsLog)!.append([{ step, ...outcome.metrics }])
      stopped = outcome.stop ?? null
      options.onStep?.(step, outcome)
      if (step % options.checkpointEvery === 0 && stopped === null && step < options.steps)
        await checkpoint(options, step, logs)
    }
  } finally {
    for (const log of logs.values()) log.close()
  }
  await client.saveState(join(dir, 'final'))
  return { steps: step, stopped }
}

async function checkpoint(options: LoopOptions, step: number, logs: ReadonlyMap<string, Log>): Promise<void> {
  const { dir, client } = options
  const name = `step-${String(step).padStart(6, '0')}`
  const previous = readProgress(dir)?.checkpoint
  await client.saveState(join(dir, 'checkpoints', name))
  const sizes = Object.fromEntries([...logs].map(([log, { sizeBytes }]) => [log, sizeBytes]))
  putAtomic(join(dir, 'progress.json'), formatJson({ step, checkpoint: name, logs: sizes, state: options.snapshot() }))
  if (previous === undefined || previous === name) return
  await client.forgetState?.(join(dir, 'checkpoints', previous))
  removeDir(join(dir, 'checkpoints', previous))
}

/** @throws {DataError} when `progress.json` is there but not what this module writes */
function readProgress(dir: string): z.infer<typeof progressSchema> | undefined {
  const file = join(dir, 'progress.json')
  if (!existsSync(file)) return undefined
  const parsed = progressSchema.safeParse(parseJson(readText(file), { file }))
  if (!parsed.success) {
    throw new DataError(`is not a progress record: ${z.prettifyError(parsed.error)}`, {
      file,
      hint: `delete the folder ${dir} to run this stage anew`,
    })
  }
  return parsed.data
}

/** Removes what only a resumed loop needs: checkpoints on the way and `progress.json`. */
export function clearProgress(dir: string): void {
  removeFile(join(dir, 'progress.json'))
  removeDir(join(dir, 'checkpoints'))
}
