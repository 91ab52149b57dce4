/**
 * Decodes any number of rows in groups that stay full although rows end at different times.
 *
 * When half of a group has ended, other rows take the free places: rows of about the same length that an earlier group
 * left over, or else the group is parked and waiting rows start a new one. Putting new prompts straight between old rows
 * would be simpler and slower: in the time-major cache every row pays for the attention of the longest. With completions
 * of 30 tokens on average and 200 at most, all would pay for 180 columns instead of 60, and attention is half of the work
 * in a model of 1 M parameters.
 *
 * The cache has room for a number of rows times steps, not for every row at its limit, which few reach. When a group has
 * grown so long that it fills the cache, a part of it is parked.
 */
import { NumericalError } from '../../../core/errors.ts'
import type { Rng } from '../../../core/rng.ts'
import type { SampledSequence } from '../../types.ts'
import { abortedError } from '../queue.ts'
import { type KeyValueCache, type ParkedRows, withoutFirst } from './cache.ts'
import type { StepInput } from './decode-feeds.ts'
import type { DecodeForward, ReadPrompt } from './decode-forward.ts'
import type { Picker } from './pick.ts'
import { distinctPrompts, type PlannedRow, type RoomForRows, rowsToStart, rowsWithRoom } from './plan.ts'

/**
 * Share of finished rows at which a group is compacted. Measured at 512 rows of which 2 or 7 % end per token: 0.03 to
 * 0.25 lie within a few per cent, 0.5 costs 15 to 35 % and never compacting 20 to 50 %.
 */
const COMPACT_SHARE = 0.125
/** Share of steps before the first token of any row at which they are dropped; moving the cache costs about one step. */
const TRIM_SHARE = 0.125
/** Groups are joined when the shorter has this share of the longer one's steps: the rest is attended to in vain. */
const ALIKE_SHARE = 0.75

/** One sequence while it grows. */
export type OpenRow = {
  readonly plan: PlannedRow
  readonly rng: Rng
  /** Tokens after which it ends, at most. */
  readonly limit: number
  readonly tokens: number[]
  readonly logprobs: number[]
  stopReason: SampledSequence['stopReason'] | undefined
}

export type DecodeOptions = {
  readonly forward: DecodeForward
  readonly cache: KeyValueCache
  readonly pick: Picker
  readonly stopTokens: ReadonlySet<number>
  readonly vocabSize: number
  /** What bounds the rows that are decoded together. */
  readonly room: RoomForRows
  /** Numbers of keys and values that may be parked before rows that wait are kept waiting. */
  readonly parkedSize: number
  /** Refuses to park so many bytes more when there is no room for them. */
  readonly checkParking: (sizeBytes: number) => void
  readonly signal: AbortSignal | undefined
}

type Parked = ParkedRows & { readonly open: readonly OpenRow[] }

type Decoding = DecodeOptions & {
  readonly waiting: OpenRow[]
  /** The group that was parked last is the last, and mostly the shortest. */
  readonly parked: Parked[]
  known: ReadPrompt | undefined
}

/**
 * Draws all rows to their ends.
 *
 * @param rows ordered as by `orderRows`; filled in place
 * @throws {EngineError} of code E_ABORTED soon after the signal, of code E_MEMORY when a run would not fit
 * @throws {NumericalError} when a probability is not finite
 */
export async function decodeRows(rows: readonly OpenRow[], options: DecodeOptions): Promise<void> {
  const { cache, forward, room, signal } = options
  const decoding: Decoding = { ...options, waiting: [...rows], parked: [], known: undefined }
  cache.reserve(room.capacity)
  let group: readonly OpenRow[] = []
  for (;;) {
    const open = group.filter(isOpen)
    const isLow = isHalfEmpty(decoding, open)
    if (isLow || group.length - open.length >= COMPACT_SHARE * group.length || cache.time === cache.maxTime) {
      keepOpen(cache, group)
      group = isLow ? await fillUp(decoding, open) : open
      if (group.length === 0) return
    }
    trim(cache, group)
    if (cache.time === cache.maxTime) group = parkSome(decoding, group)
    // Every run of a graph lets messages in first, so the signal is up to date.
    if (signal?.aborted) throw abortedError(signal)
    const probabilities = await forward.step(group.map((row) => stepInput(row, cache.time)))
    for (const [slot, row] of group.entries()) if (isOpen(row)) drawToken(options, row, probabilities, slot)
  }
}

/** The most steps that one of the rows may take, its prompt included; the token drawn last is never fed. */
export function mostSteps(rows: readonly OpenRow[]): number {
  return rows.reduce((most, { plan, limit }) => Math.max(most, plan.prompt.length + limit - 1), 0)
}

function isOpen(row: OpenRow): boolean {
  return row.stopReason === undefined
}

/** Whether at most half of the rows are there for which there is room. */
function isHalfEmpty({ room, cache }: Decoding, open: readonly OpenRow[]): boolean {
  return open.length <= rowsWithRoom(room, cache.time) / 2
}

/** Takes ended rows out of the cache. */
function keepOpen(cache: KeyValueCache, group: readonly OpenRow[]): void {
  const kept = [...group.keys()].filter((slot) => isOpen(group[slot]!))
  if (kept.length < group.length) cache.keepRows(kept)
}

/** Puts parked or waiting rows into the free places, at least half of a group; the rows given are all open. */
async function fillUp(decoding: Decoding, open: readonly OpenRow[]): Promise<readonly OpenRow[]> {
  const { cache, waiting, parked } = decoding
  let group = open
  // Room is counted by the steps that rows have: columns before all of them would take it unseen.
  if (waiting.length + parked.length > 0) dropDead(cache, open)
  while (isHalfEmpty(decoding, group) && (waiting.length > 0 || parked.length > 0)) {
    if (mustJoin(decoding, group)) {
      const joined = joinParked(decoding, group)
      // Too long to fit beside these: they go on alone.
      if (joined.length === group.length) return group
      group = joined
      continue
    }
    park(decoding, group, 0)
    const fresh = await startGroup(decoding)
    keepOpen(cache, fresh)
    group = fresh.filter(isOpen)
  }
  return group
}

/** Whether the group parked last goes on together with this one, rather than new rows starting first. */
function mustJoin({ cache, waiting, parked, parkedSize }: Decoding, group: readonly OpenRow[]): boolean {
  const last = parked.at(-1)
  if (last === undefined) return false
  if (group.length === 0 || waiting.length === 0) return true
  const [shorter, longer] = [Math.min(cache.time, last.time), Math.max(cache.time, last.time)]
  if (shorter >= ALIKE_SHARE * longer) return true
  const held = parked.reduce((total, { steps }) => total + sizeOf(steps), 0)
  return held + cache.rows * cache.time * cache.rowStepSize > parkedSize
}

/** Puts back as many of the rows parked last as there is room for. */
function joinParked({ cache, parked, room }: Decoding, group: readonly OpenRow[]): readonly OpenRow[] {
  const last = parked.at(-1)!
  const places = rowsWithRoom(room, Math.max(cache.time, last.time)) - group.length
  const count = Math.min(last.rows, places)
  if (count < 1) return group
  cache.unpark(last, count)
  parked.pop()
  if (count < last.rows) parked.push({ ...withoutFirst(last, count), open: last.open.slice(count) })
  return [...group, ...last.open.slice(0, count)]
}

/** Parks rows of a group that fills the cache, so that the others can grow. */
function parkSome(decoding: Decoding, group: readonly OpenRow[]): readonly OpenRow[] {
  const staying = rowsWithRoom(decoding.room, decoding.cache.time)
  park(decoding, group, staying)
  return group.slice(0, staying)
}

/** Parks the rows of a group from `from` on, all of them open. */
function park({ cache, parked, checkParking }: Decoding, group: readonly OpenRow[], from: number): void {
  const open = group.slice(from)
  if (open.length === 0) return
  const steps = Math.max(...open.map(stepsOf))
  checkParking(open.length * steps * cache.rowStepSize * Float32Array.BYTES_PER_ELEMENT)
  parked.push({ ...cache.park(from, steps), open })
}

function sizeOf(steps: readonly Float32Array[]): number {
  return steps.reduce((total, { length }) => total + length, 0)
}

/** Reads the next prompts that wait and draws the first token of each row. */
async function startGroup(decoding: Decoding): Promise<readonly OpenRow[]> {
  const { forward, waiting, room, known, signal } = decoding
  const plans = waiting.map(({ plan }) => plan)
  const group = waiting.splice(0, rowsToStart(plans, room))
  const { prompts, promptOfRow } = distinctPrompts(group.map(({ plan }) => plan))
  const { probabilities, last } = await forward.prefill(prompts, promptOfRow, { known, signal })
  decoding.known = last
  for (const [slot, row] of group.entries()) drawToken(decoding, row, probabilities, promptOfRow[slot]!)
  return group
}

/** Drops the steps that come before the first token of every row, when they are many or the cache is full. */
function trim(cache: KeyValueCache, group: readonly OpenRow[]): void {
  const dead = deadSteps(cache, group)
  if (dead >= TRIM_SHARE * cache.time || cache.time === cache.maxTime) cache.dropSteps(dead)
}

function dropDead(cache: KeyValueCache, group: readonly OpenRow[]): void {
  const dead = group.length === 0 ? 0 : deadSteps(cache, group)
  if (dead > 0) cache.dropSteps(dead)
}

/** Steps before the first token of every row that goes on. */
function deadSteps(cache: KeyValueCache, group: readonly OpenRow[]): number {
  return cache.time - Math.max(...group.filter(isOpen).map(stepsOf))
}

/** Steps of a row that the cache holds: the token drawn last has not been fed yet. */
function stepsOf({ plan, tokens }: OpenRow): number {
  return plan.prompt.length + tokens.length - 1
}

function stepInput(row: OpenRow, time: number): StepInput {
  // An ended row that is still in its place counts for nothing and may have lost its first steps.
  return { token: row.tokens.at(-1)!, position: stepsOf(row), padding: Math.max(0, time - stepsOf(row)) }
}

function drawToken(
  { pick, stopTokens, vocabSize }: DecodeOptions,
  row: OpenRow,
  probabilities: Float32Array,
  source: number,
): void {
  const token = pick(probabilities, source * vocabSize, uniform53(row.rng))
  const logprob = Math.log(probabilities[source * vocabSize + token]!)
  if (!Number.isFinite(logprob))
    throw new NumericalError(`token ${row.tokens.length} of a completion has log-probability ${logprob}`, {
      hint: 'the weights are not finite any more: load the last checkpoint',
    })
  row.tokens.push(token)
  row.logprobs.push(logprob)
  if (stopTokens.has(token)) row.stopReason = 'stop'
  else if (row.tokens.length === row.limit) row.stopReason = 'length'
}

/** Uniform in [0, 1) with all bits of a double: 24 bits would never reach the tokens below 6e-8. */
function uniform53(rng: Rng): number {
  const high = rng.uint32() >>> 5
  return (high * 2 ** 26 + (rng.uint32() >>> 6)) * 2 ** -53
}
