import { join } from 'node:path'
import { z } from 'zod'
import { removeDir } from '../core/store.ts'
import type { TrainingClient } from '../engine/types.ts'

const stateSchema = z.strictObject({
  best: z.strictObject({ step: z.int().nonnegative(), loss: z.number() }).nullable(),
  since: z.int().nonnegative(),
})

type State = z.infer<typeof stateSchema>

/** Keeps the checkpoint of least held-out loss, and says when waiting for a better one is over. */
export type BestKeeper = {
  /**
   * Takes the loss after so many steps.
   *
   * @returns whether it is the best so far, and why training should stop, if it should
   */
  see(step: number, loss: number): Promise<{ readonly isBest: boolean; readonly stop: string | null }>
  readonly snapshot: () => State
  readonly restore: (state: unknown) => void
  readonly best: () => { readonly step: number; readonly loss: number } | null
  /** Puts the best checkpoint into the client; does nothing when none was seen. */
  load(): Promise<void>
}

/**
 * The keeper of a stage's best checkpoint, resumable: what an earlier snapshot of the loop names stays on disk until the
 * loop has published a later one. They stand among the loop's checkpoints, which `clearProgress` removes.
 *
 * @param patience looks without improvement before it says stop; null never does
 */
export function createBestKeeper(dir: string, client: TrainingClient, patience: number | null): BestKeeper {
  let state: State = { best: null, since: 0 }
  // Steps whose checkpoints are on disk, and those that the last two snapshots of the loop may name.
  const saved = new Set<number>()
  let named: (number | null)[] = []
  const dirOf = (step: number): string => join(dir, 'checkpoints', `best-${String(step).padStart(6, '0')}`)
  const drop = async (step: number): Promise<void> => {
    await client.forgetState?.(dirOf(step))
    removeDir(dirOf(step))
    saved.delete(step)
  }
  return {
    see: async (step, loss) => {
      // A loss that is no number is never better than one that is.
      const isBest = Number.isFinite(loss) && (state.best === null || loss < state.best.loss)
      if (!isBest) {
        state = { ...state, since: state.since + 1 }
        const isOver = patience !== null && state.since >= patience
        return { isBest, stop: isOver ? `held-out loss has not fallen in ${state.since} looks` : null }
      }
      await client.saveState(dirOf(step))
      saved.add(step)
      state = { best: { step, loss }, since: 0 }
      for (const old of [...saved]) if (old !== step && !named.includes(old)) await drop(old)
      return { isBest, stop: null }
    },
    snapshot: () => {
      named = [named.at(-1) ?? null, state.best?.step ?? null]
      return state
    },
    restore: (value) => {
      state = stateSchema.parse(value)
      if (state.best !== null) saved.add(state.best.step)
      named = [state.best?.step ?? null]
    },
    best: () => state.best,
    load: async () => {
      if (state.best !== null) await client.loadState(dirOf(state.best.step), { optimizer: true })
    },
  }
}
