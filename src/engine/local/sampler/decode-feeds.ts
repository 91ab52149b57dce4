import type { Feed, Feeds } from '../session.ts'
import { MASKED, names } from './decode-graph.ts'

/** The last token of a row, its position, and the columns of the cache before the row's first token. */
export type StepInput = { readonly token: number; readonly position: number; readonly padding: number }

/** Prompts as the prefill reads them, left-padded to `time` columns; positions count from the first real token. */
export function promptFeeds(prompts: readonly (readonly number[])[], time: number): Feeds {
  const size = prompts.length * time
  const ids = new BigInt64Array(size)
  const positions = new BigInt64Array(size)
  const padding = new Float32Array(size)
  prompts.forEach((prompt, index) => {
    const pad = time - prompt.length
    const start = index * time
    padding.fill(MASKED, start, start + pad)
    prompt.forEach((token, position) => {
      ids[start + pad + position] = BigInt(token)
      positions[start + pad + position] = BigInt(position)
    })
  })
  const shape = [prompts.length, time]
  return {
    [names.ids]: { dtype: 'int64', shape, data: ids },
    [names.positions]: { dtype: 'int64', shape, data: positions },
    [names.padding]: { dtype: 'float32', shape: [prompts.length, 1, 1, time], data: padding },
    [names.causal]: causalMask(time),
  }
}

function causalMask(time: number): Feed {
  const data = new Float32Array(time * time)
  for (let row = 0; row < time; row += 1) data.fill(MASKED, row * time + row + 1, (row + 1) * time)
  return { dtype: 'float32', shape: [1, 1, time, time], data }
}

/** One token of each row as the step reads it, over a cache of `time` steps. */
export function stepFeeds(rows: readonly StepInput[], time: number, kvHeads: number): Feeds {
  const padding = new Float32Array(rows.length * kvHeads * time)
  rows.forEach((row, index) => {
    for (let head = index * kvHeads; row.padding > 0 && head < (index + 1) * kvHeads; head += 1)
      padding.fill(MASKED, head * time, head * time + row.padding)
  })
  const ids = BigInt64Array.from(rows, ({ token }) => BigInt(token))
  const positions = BigInt64Array.from(rows, ({ position }) => BigInt(position))
  return {
    [names.ids]: { dtype: 'int64', shape: [rows.length], data: ids },
    [names.positions]: { dtype: 'int64', shape: [rows.length, 1], data: positions },
    [names.padding]: { dtype: 'float32', shape: [rows.length * kvHeads, 1, time], data: padding },
  }
}
