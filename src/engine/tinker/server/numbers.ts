import { RequestError } from './errors.ts'

/** One numbered operation of a model. */
export type Numbered = {
  /** Absent in requests of old clients: then after all that has arrived. */
  readonly seqId: number | undefined
  /** Of the body. */
  readonly hash: string
}

type Entry =
  | { readonly kind: 'accepted'; readonly hash: string; readonly requestId: string }
  | { readonly kind: 'rejected'; readonly hash: string; readonly error: RequestError }

/** The numbers of a model: what each was used for, and which one is next. */
export type Numbers = {
  /** The next one to run. */
  readonly next: number
  /**
   * @returns the request id of an operation that was taken before
   * @throws {RequestError} 400 when the number was used for another body, was refused, or cannot be used any more
   */
  known(call: Numbered): string | undefined
  /** Takes a number that is not known. @returns it, and the request id that it has from now on */
  accept(call: Numbered): { readonly seqId: number; readonly requestId: string }
  /** Marks a number as used by a request that was refused; what was taken or refused before keeps its fate. */
  reject(call: Numbered, error: RequestError): void
  /** Goes on behind a number, and behind those after it that were refused. */
  passOver(seqId: number): void
  /** Gives up on the numbers that did not arrive, up to one that did. */
  loseUpTo(seqId: number): void
}

/** Numbers further ahead than this are a mistake; chosen by us: each one costs memory while it waits. */
const MAX_AHEAD = 100_000

/** @param requestIdOf makes the id of a number */
export function createNumbers(firstSeqId: number, requestIdOf: (seqId: number) => string): Numbers {
  const entries = new Map<number, Entry>()
  let next = firstSeqId
  let highest = firstSeqId - 1
  /** Below it, numbers that never arrived are lost. */
  let lostBelow = firstSeqId

  function skipRefused(): void {
    while (entries.get(next)?.kind === 'rejected') next += 1
  }
  return {
    get next() {
      return next
    },
    known({ seqId, hash }) {
      if (seqId === undefined) return undefined
      const entry = entries.get(seqId)
      if (entry === undefined) {
        if (seqId < firstSeqId) throw new RequestError(400, `seq_id ${seqId} is below the first, ${firstSeqId}`)
        if (seqId < lostBelow) throw new RequestError(400, `seq_id ${seqId} arrived after those behind it had given up`)
        if (seqId <= next + MAX_AHEAD) return undefined
        throw new RequestError(400, `seq_id ${seqId} is far ahead of ${next}, the next one to run`)
      }
      if (entry.hash !== hash) throw new RequestError(400, `seq_id ${seqId} was used for another request`)
      if (entry.kind === 'rejected') throw entry.error
      return entry.requestId
    },
    accept(call) {
      const seqId = call.seqId ?? Math.max(highest + 1, next)
      highest = Math.max(highest, seqId)
      const requestId = requestIdOf(seqId)
      entries.set(seqId, { kind: 'accepted', hash: call.hash, requestId })
      return { seqId, requestId }
    },
    reject({ seqId, hash }, error) {
      if (seqId === undefined || entries.has(seqId) || seqId < next || seqId > next + MAX_AHEAD) return
      highest = Math.max(highest, seqId)
      entries.set(seqId, { kind: 'rejected', hash, error })
      skipRefused()
    },
    passOver(seqId) {
      next = seqId + 1
      skipRefused()
    },
    loseUpTo(seqId) {
      next = seqId + 1
      lostBelow = next
      skipRefused()
    },
  }
}
