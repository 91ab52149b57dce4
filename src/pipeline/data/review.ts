import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../core/errors.ts'
import { acquireLock } from '../../core/store.ts'
import { openDisputes, readDisputes } from '../../questions/refine/disputes.ts'
import { type Review, startReview } from '../../questions/refine/review.ts'
import { disputesFile } from './shared.ts'

export type { DisputeCase } from '../../questions/refine/disputes.ts'
export type { Review } from '../../questions/refine/review.ts'

export type ListedDispute = {
  readonly id: string
  readonly source: string
  readonly reason: string
  readonly stem: string
  readonly decision: string | null
  readonly who: string | null
  readonly when: string | null
  readonly why: string | null
}

/** The disputes of a data run, with what was decided. @throws {DataError} when there is no run */
export function listDisputes(runDir: string): ListedDispute[] {
  assertRun(runDir)
  return [...readDisputes(disputesFile(runDir)).values()].map(({ case: { id, reason, shown }, decision }) => ({
    ...{ id, source: shown.source, reason, stem: shown.stem },
    decision: decision?.decision.kind ?? null,
    who: decision?.who ?? null,
    when: decision?.when ?? null,
    why: decision?.why ?? null,
  }))
}

/**
 * A sitting over the disputes of a data run, or of a training run; nobody else works in the run until it is closed.
 *
 * @throws {DataError} when there is no run
 * @throws {StorageError} E_LOCKED when another process is at work in it
 */
export function openReview(
  runDir: string,
  who: string,
): { readonly review: Review; readonly isOfTrainingRun: boolean; close(): void } {
  assertRun(runDir)
  const lock = acquireLock(runDir)
  try {
    const queue = openDisputes(disputesFile(runDir))
    const close = (): void => {
      queue.close()
      lock.release()
    }
    return { review: startReview(queue, who), isOfTrainingRun: existsSync(join(runDir, 'rl-2')), close }
  } catch (cause) {
    lock.release()
    throw cause
  }
}

function assertRun(runDir: string): void {
  const hasDisputes = ['refinement', 'rl-2'].some((stage) => existsSync(join(runDir, stage)))
  if (existsSync(join(runDir, 'config.yaml')) && hasDisputes) return
  throw new DataError('there is no run here whose questions could be disputed', {
    file: runDir,
    hint: 'give the folder of a data run such as runs/data, or of a run that has come to rl-2',
  })
}
