const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/** What is shown of a series where it is constant: neither low nor high. */
const middle = levels[2]

/**
 * A curve in one line of at most `width` characters, scaled between its own lowest and highest value.
 *
 * @param values in order; more than `width` are averaged in equal parts
 */
export function sparkline(values: readonly number[], width: number): string {
  const points = averageParts(values, width)
  const low = Math.min(...points)
  const high = Math.max(...points)
  return points
    .map((point) => (high === low ? middle : levels[Math.round(((point - low) / (high - low)) * (levels.length - 1))]))
    .join('')
}

function averageParts(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values]
  return Array.from({ length: count }, (_, part) => {
    const slice = values.slice(
      Math.floor((part * values.length) / count),
      Math.floor(((part + 1) * values.length) / count),
    )
    return slice.reduce((sum, value) => sum + value, 0) / slice.length
  })
}
