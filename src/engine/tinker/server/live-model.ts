import { clock } from '../../../core/clock.ts'
import { sha256Hex } from '../../../core/hash.ts'
import type { LoraConfig, ModelHost, TrainingClient } from '../../types.ts'
import type { ServerParts } from './context.ts'
import { describeError, RequestError } from './errors.ts'
import { type FutureResult, settleWith } from './futures.ts'
import type { Numbered } from './numbers.ts'
import type { RunRecord } from './records.ts'
import { createSequence, type Sequence } from './sequence.ts'
import type { Session } from './sessions.ts'

/** A model in memory. */
export type LiveModel = {
  readonly runId: string
  readonly sessionId: string
  readonly sequence: Sequence
  /** null: every weight is trained. A loaded adapter may bring its own alpha and targets. */
  lora: LoraConfig | null
  readonly seed: number
  /** There once it has been created. */
  client?: TrainingClient
  /** Why its weights are of no use any more, until others are loaded. */
  corruption?: string | undefined
  /** Whether an operation has run, after which an adapter's shape is fixed. */
  isUsed: boolean
  /** Whether it has left the memory; a client that comes to be afterwards is closed at once. */
  isGone: boolean
}

/** What is to be made. */
export type NewModel = {
  readonly lora: LoraConfig | null
  readonly seed: number | undefined
  readonly userMetadata: Readonly<Record<string, unknown>> | null
  /** Done as part of the creation, with the result of it. */
  readonly start: (model: LiveModel, client: TrainingClient) => Promise<FutureResult>
}

/** A model without a client as yet, and its run in the catalog. */
export function registerModel(parts: ServerParts, session: Session, number: number, wanted: NewModel): LiveModel {
  const { limits, base, catalog, options } = parts
  const { lora, userMetadata } = wanted
  // SDKs from 0.31 on make this id themselves when a model starts from a checkpoint.
  const runId = `${session.id}:train:${number}`
  // Without a seed of the client's, one that follows from the run's own id.
  const seed = wanted.seed ?? Number.parseInt(sha256Hex(runId).slice(0, 8), 16)
  const createdAt = clock.now().toISOString()
  const record: RunRecord = {
    runId,
    sessionId: session.id,
    baseModel: options.baseModel,
    baseHash: base.weightsHash ?? null,
    lora: lora && { ...lora, targets: [...lora.targets] },
    seed,
    createdAt,
    lastRequestAt: createdAt,
    usage: { trained: 0, scored: 0, prefilled: 0, sampled: 0 },
    corrupted: false,
    userMetadata: userMetadata && { ...userMetadata },
  }
  catalog.putRun(record)
  const sequence = createSequence({
    // The creation is number 0.
    firstSeqId: 0,
    gapTimeoutMs: limits.gapTimeoutMs,
    requestId: (seqId) => `${runId}:${seqId}`,
  })
  return { runId, sessionId: session.id, sequence, lora, seed, isUsed: false, isGone: false }
}

/**
 * A client for a model as it is described now, in the place of the one it had.
 *
 * @throws {RequestError} 404 when the model left the memory meanwhile
 */
export async function openClient(host: ModelHost, model: LiveModel): Promise<TrainingClient> {
  const client = await host.createModel({ lora: model.lora ?? undefined, seed: model.seed })
  if (model.isGone) {
    await client.close()
    throw new RequestError(404, `model ${model.runId} left the memory while it was created`)
  }
  const earlier = model.client
  model.client = client
  await earlier?.close()
  return client
}

/** Puts an operation in its place among those of its model. @returns its request id, under which its result will be */
export function enqueue(
  { futures, report }: ServerParts,
  model: LiveModel,
  call: Numbered,
  work: () => Promise<FutureResult>,
): string {
  return model.sequence.submit(call, {
    accept: (requestId) => futures.open(requestId, { sessionId: model.sessionId }),
    run: (requestId) => settleWith(futures, requestId, work, report),
    fail: (requestId, error) => {
      const { message, category } = describeError(error)
      futures.settle(requestId, { kind: 'failed', error: message, category })
    },
  })
}
