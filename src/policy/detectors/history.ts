import type { Metrics } from '../loop.ts'

/** The number of the last step: as the log says, or the number of steps. */
export function lastStep(history: readonly Metrics[]): number {
  return history.at(-1)?.step ?? history.length
}

/** A metric's values in order, of the steps that have it. */
export function valuesOf(history: readonly Metrics[], name: string): number[] {
  const values: number[] = []
  for (const metrics of history) {
    const value = metrics[name]
    if (value !== undefined) values.push(value)
  }
  return values
}

/** Mean of the first `steps` values; undefined while there are fewer. */
export function startMean(history: readonly Metrics[], name: string, steps: number): number | undefined {
  const values = valuesOf(history.slice(0, steps), name)
  return values.length < steps ? undefined : mean(values)
}

/**
 * Mean of the `steps` values that end `ago` steps before the last; undefined where the history does not reach back so far
 * or a step has no value.
 */
export function recentMean(history: readonly Metrics[], name: string, steps: number, ago = 0): number | undefined {
  const end = history.length - ago
  if (end < steps) return undefined
  const values = valuesOf(history.slice(end - steps, end), name)
  return values.length < steps ? undefined : mean(values)
}

/**
 * How much a metric's mean over the last `steps` steps is above that of as many steps, `over` steps earlier; undefined
 * while the history is shorter.
 */
export function gainOver(
  history: readonly Metrics[],
  name: string,
  { steps, over }: { readonly steps: number; readonly over: number },
): number | undefined {
  const now = recentMean(history, name, steps)
  const before = recentMean(history, name, steps, over)
  return now === undefined || before === undefined ? undefined : now - before
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Exponentially weighted mean with α = 2 / (steps + 1), so that its weights are as old in the mean as those of so many steps; 0 for none. */
export function ewma(values: readonly number[], steps: number): number {
  const alpha = 2 / (steps + 1)
  return values.reduce((average, value, index) => (index === 0 ? value : average + alpha * (value - average)), 0)
}

/** Least-squares slope of a curve per step, and its standard error; 0 and 0 for less than three points. */
export function slopeOf(values: readonly number[]): { readonly slope: number; readonly error: number } {
  const count = values.length
  if (count < 3) return { slope: 0, error: 0 }
  const centreX = (count - 1) / 2
  const centreY = mean(values)
  let xx = 0
  let xy = 0
  values.forEach((value, x) => {
    xx += (x - centreX) ** 2
    xy += (x - centreX) * (value - centreY)
  })
  const slope = xy / xx
  const squares = values.reduce((sum, value, x) => sum + (value - centreY - slope * (x - centreX)) ** 2, 0)
  return { slope, error: Math.sqrt(squares / (count - 2) / xx) }
}

/** The evaluations in a history: steps (as an index) at which a metric was measured, with its value. */
export function measurements(
  history: readonly Metrics[],
  name: string,
): { readonly at: number; readonly value: number }[] {
  return history.flatMap((metrics, at) => (metrics[name] === undefined ? [] : [{ at, value: metrics[name] }]))
}

/** Standard error of a share measured on so many items. A share of 0 or 1 is taken half an item off: it has an error too. */
export function shareError(share: number, items: number): number {
  const safe = Math.min(1 - 0.5 / items, Math.max(0.5 / items, share))
  return Math.sqrt((safe * (1 - safe)) / items)
}

/** A share in words: `12.3 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
