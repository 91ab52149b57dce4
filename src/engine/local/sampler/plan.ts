import type { SampleRequest } from '../../types.ts'

/** One sequence to be sampled: sample `sample` of request `request`. */
export type PlannedRow = { readonly request: number; readonly sample: number; readonly prompt: readonly number[] }

/**
 * The rows of all requests in batches: sorted by prompt length, so that a batch needs little padding, and with equal
 * prompts side by side, so that each is prefilled once; batches are of nearly equal size.
 *
 * The plan changes only speed: what a row draws depends on its request alone.
 *
 * @param maxRows most rows of a batch whose longest prompt has `promptLength` tokens
 */
export function planBatches(
  requests: readonly SampleRequest[],
  maxRows: (promptLength: number) => number,
): readonly (readonly PlannedRow[])[] {
  const order = requests.map((_, index) => index).sort((a, b) => comparePrompts(requests[a]!, requests[b]!) || a - b)
  const rows = order.flatMap((request) => {
    const { promptTokens: prompt, numSamples } = requests[request]!
    return Array.from({ length: numSamples }, (_, sample): PlannedRow => ({ request, sample, prompt }))
  })
  if (rows.length === 0) return []
  const limit = Math.max(1, maxRows(rows.at(-1)!.prompt.length))
  const count = Math.ceil(rows.length / limit)
  const start = (batch: number) => Math.floor((batch * rows.length) / count)
  return Array.from({ length: count }, (_, batch) => rows.slice(start(batch), start(batch + 1)))
}

/** The distinct prompts of a batch in order, and for each row the index of its prompt; equal prompts are adjacent. */
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

function compareTokens(a: readonly number[], b: readonly number[]): number {
  if (a === b) return 0
  if (a.length !== b.length) return a.length - b.length
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
