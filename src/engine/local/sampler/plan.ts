import type { SampleRequest } from '../../types.ts'

/** One sequence to be sampled: sample `sample` of request `request`. */
export type PlannedRow = { readonly request: number; readonly sample: number; readonly prompt: readonly number[] }

/**
 * The rows of all requests, sorted by prompt length, so that neighbours need little padding, and with equal prompts side by
 * side, so that each is prefilled once.
 *
 * The order changes only speed: what a row draws depends on its request alone.
 */
export function orderRows(requests: readonly SampleRequest[]): readonly PlannedRow[] {
  const order = requests.map((_, index) => index).sort((a, b) => comparePrompts(requests[a]!, requests[b]!) || a - b)
  return order.flatMap((request) => {
    const { promptTokens: prompt, numSamples } = requests[request]!
    return Array.from({ length: numSamples }, (_, sample): PlannedRow => ({ request, sample, prompt }))
  })
}

/** What bounds the rows that are decoded together. */
export type RoomForRows = {
  /** Rows, whatever their length. */
  readonly groupSize: number
  /** Rows times steps that the cache holds. */
  readonly capacity: number
  /** Steps of the longest row at its end, at most `capacity`. */
  readonly maxTime: number
}

/** Rows are taken in as if they were so much longer, so that they can go on for a while; chosen by us. */
const GROWTH = 1.5

/** How many rows of `time` steps to decode together, with room to grow; at least one. */
export function rowsWithRoom({ groupSize, capacity, maxTime }: RoomForRows, time: number): number {
  const grown = Math.min(maxTime, Math.max(time + 1, Math.ceil(GROWTH * time)))
  return Math.max(1, Math.min(groupSize, Math.floor(capacity / grown)))
}

/** How many of the rows, ascending in length, to start together; at least one. */
export function rowsToStart(rows: readonly { readonly prompt: readonly number[] }[], room: RoomForRows): number {
  let count = 1
  while (count < rows.length && count < rowsWithRoom(room, rows[count]!.prompt.length)) count += 1
  return count
}

/** How many rows to decode together: at most `limit`, in groups of nearly equal size instead of one full and one crumb. */
export function groupSize(rows: number, limit: number): number {
  return Math.ceil(rows / Math.ceil(rows / Math.max(1, limit)))
}

/** The distinct prompts of rows in order, and for each row the index of its prompt; equal prompts are adjacent. */
export function distinctPrompts(rows: readonly PlannedRow[]): {
  readonly prompts: readonly (readonly number[])[]
  readonly promptOfRow: Int32Array
} {
  const prompts: (readonly number[])[] = []
  const promptOfRow = Int32Array.from(rows, ({ prompt }) => {
    const last = prompts.at(-1)
    if (last === undefined || compareTokens(last, prompt) !== 0) prompts.push(prompt)
    return prompts.length - 1
  })
  return { prompts, promptOfRow }
}

function comparePrompts(a: SampleRequest, b: SampleRequest): number {
  return compareTokens(a.promptTokens, b.promptTokens)
}

/** Orders token lists by length, then token by token; 0 for equal ones. */
export function compareTokens(a: readonly number[], b: readonly number[]): number {
  if (a === b) return 0
  if (a.length !== b.length) return a.length - b.length
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
