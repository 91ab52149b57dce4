import { DataError } from '../../../core/errors.ts'

/** A value's place on an axis. */
export type Scale = (value: number) => number

/** The linear scale that takes `domain` to `range`; a domain without extent goes to the middle of the range. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const extent = domain[1] - domain[0]
  if (extent === 0) return () => (range[0] + range[1]) / 2
  return (value) => range[0] + ((value - domain[0]) / extent) * (range[1] - range[0])
}

/** Round numbers (1, 2 or 5 times a power of ten apart) inside a domain, about `wanted` of them. */
export function niceTicks(domain: readonly [number, number], wanted: number): number[] {
  const extent = domain[1] - domain[0]
  if (extent <= 0) return [domain[0]]
  const rough = extent / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power
  const first = Math.ceil(domain[0] / step - 1e-9)
  const last = Math.floor(domain[1] / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}

/**
 * A coordinate with one decimal: finer is not seen, and the page stays small.
 *
 * @throws {DataError} when it is not finite
 */
export function place(value: number): number {
  if (!Number.isFinite(value)) throw new DataError(`a chart cannot place the number ${value}`)
  return Math.round(value * 10) / 10 + 0
}

/**
 * Heights for labels that want to stand at `wanted`, at least `gap` apart and inside `range`; the order stays.
 *
 * @param wanted ascending
 */
export function spreadLabels(wanted: readonly number[], gap: number, range: readonly [number, number]): number[] {
  const heights = wanted.map((height) => Math.max(range[0], height))
  for (let index = 1; index < heights.length; index++)
    heights[index] = Math.max(heights[index]!, heights[index - 1]! + gap)
  for (let index = heights.length - 1; index >= 0; index--) {
    const limit = index === heights.length - 1 ? range[1] : heights[index + 1]! - gap
    heights[index] = Math.min(heights[index]!, limit)
  }
  return heights
}

export type Point = readonly [x: number, y: number]

/** The mean of each point and its neighbours, `window` in all where there are so many. */
export function runningMean(points: readonly Point[], window: number): Point[] {
  const half = Math.floor(window / 2)
  return points.map(([x], index) => {
    const near = points.slice(Math.max(0, index - half), index + half + 1)
    return [x, near.reduce((sum, [, y]) => sum + y, 0) / near.length]
  })
}

/** At most `most` points: means over equal stretches when there are more. */
export function thinOut(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points
  return Array.from({ length: most }, (_, index) => {
    const part = points.slice(
      Math.floor((index * points.length) / most),
      Math.floor(((index + 1) * points.length) / most),
    )
    const mean = (axis: 0 | 1): number => part.reduce((sum, point) => sum + point[axis], 0) / part.length
    return [mean(0), mean(1)] as const
  })
}
