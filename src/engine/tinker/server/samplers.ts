import { contentId } from '../../../core/hash.ts'
import type { Checkpoint, CheckpointId } from './catalog.ts'
import type { ServerParts } from './context.ts'
import { RequestError } from './errors.ts'
import { tinkerPath } from './records.ts'
import { createSampleQueue, type SampleJob, type SampleOutcome } from './sample-queue.ts'
import type { Session, Used } from './sessions.ts'
import type { Lease } from './snapshots.ts'

/** What a sampler samples from: the base, a named checkpoint, or an unnamed snapshot of a run. */
export type SamplerTarget =
  | { readonly kind: 'base' }
  /** The very checkpoint, and none that is saved under its name after it was deleted. */
  | { readonly kind: 'checkpoint'; readonly id: CheckpointId; readonly folder: string; readonly createdAt: string }
  | { readonly kind: 'ephemeral'; readonly runId: string }

export type Sampler = {
  readonly id: string
  readonly sessionId: string
  readonly target: SamplerTarget
  /** By `seq_id`, the latest of them. */
  readonly calls: Map<number, Used>
  readonly sample: (job: SampleJob) => Promise<SampleOutcome>
  /** Clients that joined the first one. */
  clients: number
  /** Calls without a number so far. */
  unnumbered: number
}

export type Samplers = {
  /** A sampler of a session; the same number with the same body gives the same one. */
  open(session: Session, number: number, hash: string, target: SamplerTarget): Sampler
  /** The sampler of calls that name a model and no session. */
  openAnonymous(target: SamplerTarget): Sampler
  /** @throws {RequestError} 404 */
  find(id: string): Sampler
  /** Removes a sampler, and its weights if they are ephemeral. */
  remove(id: string): Promise<void>
  /** Removes samplers of no session whose checkpoint is gone. */
  removeStale(): void
  /** The address of a sampler's weights, where they have one. */
  pathOf(sampler: Sampler): string | null
}

/** Chosen by us: repetitions come within minutes. One that is older is drawn again, with the same result. */
const MAX_REMEMBERED_CALLS = 10_000

/** Notes what a number of a sampler stands for, and forgets the oldest beyond a bound. */
export function rememberCall({ calls }: Sampler, seqId: number, used: Used): void {
  calls.set(seqId, used)
  for (const oldest of calls.keys()) {
    if (calls.size <= MAX_REMEMBERED_CALLS) return
    calls.delete(oldest)
  }
}

/** What sampling from a checkpoint is bound to. */
export function checkpointTarget({ runId, kind, name, record }: Checkpoint): SamplerTarget {
  return { kind: 'checkpoint', id: { runId, kind, name }, folder: record.folder, createdAt: record.createdAt }
}

/** The samplers of a server. */
export function createSamplers(parts: ServerParts): Samplers {
  const { ephemerals } = parts
  const samplers = new Map<string, Sampler>()
  // What is asked of a snapshot that is gone fails, whether it was asked before or not.
  ephemerals.onRemove((id) => samplers.get(id)?.calls.clear())
  function create(id: string, sessionId: string, target: SamplerTarget): Sampler {
    const sample = sampling(parts, id, target)
    const sampler: Sampler = { id, sessionId, target, calls: new Map(), sample, clients: 0, unnumbered: 0 }
    samplers.set(id, sampler)
    return sampler
  }
  function find(id: string): Sampler {
    const sampler = samplers.get(id)
    if (sampler !== undefined) return sampler
    throw new RequestError(404, 'no sampling session has this id', {
      hint: 'the server may have been restarted, or the session may be over: create one from a saved sampler',
    })
  }
  return {
    open(session, number, hash, target) {
      const used = session.samplers.get(number)
      if (used !== undefined) {
        if (used.hash === hash) return find(used.id)
        throw new RequestError(400, `sampling_session_seq_id ${number} was used for another request`)
      }
      const id = contentId('sampler', { session: session.id, number })
      session.samplers.set(number, { hash, id })
      session.samplerIds.add(id)
      return create(id, session.id, target)
    },
    openAnonymous(target) {
      const id = contentId('sampler', { anonymous: target })
      return samplers.get(id) ?? create(id, '', target)
    },
    find,
    async remove(id) {
      const sampler = samplers.get(id)
      samplers.delete(id)
      if (sampler?.target.kind === 'ephemeral') await ephemerals.remove(id)
    },
    removeStale() {
      for (const { id, sessionId, target } of samplers.values()) {
        if (sessionId === '' && target.kind === 'checkpoint' && folderOf(parts, target) === null) samplers.delete(id)
      }
    },
    pathOf: ({ target }) => (target.kind === 'checkpoint' ? tinkerPath(target.id.runId, target.id) : null),
  }
}

/** How a sampler samples: requests together, from weights that stay for so long. */
function sampling(parts: ServerParts, id: string, target: SamplerTarget): Sampler['sample'] {
  const { limits, base, ledger, ephemerals } = parts
  const runId = target.kind === 'base' ? null : target.kind === 'checkpoint' ? target.id.runId : target.runId
  const queue = createSampleQueue({
    lease: () => leaseOf(parts, id, target),
    maxBatchSamples: limits.maxBatchSamples,
    contextLength: base.contextLength,
    count: (tokens) => ledger.add(runId, tokens),
  })
  return target.kind === 'ephemeral' ? (job) => ephemerals.use(id, () => queue(job)) : queue
}

/** @throws {RequestError} 404 when the weights are gone */
async function leaseOf(parts: ServerParts, id: string, target: SamplerTarget): Promise<Lease> {
  const { host, snapshots, ephemerals, limits } = parts
  if (target.kind === 'base') return { client: host.base, release: async () => {} }
  if (target.kind === 'checkpoint') {
    const dir = folderOf(parts, target)
    if (dir !== null) return snapshots.lease(dir)
    throw new RequestError(404, `${tinkerPath(target.id.runId, target.id)} was deleted or has expired`, {
      hint: 'weights saved under the same name later are others: open a sampler of them',
    })
  }
  if (ephemerals.has(id)) return snapshots.lease(ephemerals.dirOf(id))
  throw new RequestError(404, 'the snapshot behind this sampler is gone', {
    hint: `unnamed snapshots go with their model, and the server keeps the ${limits.maxEphemeralSnapshots} of a model that were used last; save under a name to keep one`,
  })
}

/** The folder of the very checkpoint that a sampler was made of, or null when it is gone. */
function folderOf({ catalog }: ServerParts, target: SamplerTarget & { readonly kind: 'checkpoint' }): string | null {
  const found = catalog.find(target.id)
  const isSame = found?.record.folder === target.folder && found.record.createdAt === target.createdAt
  return isSame ? found.dir : null
}
