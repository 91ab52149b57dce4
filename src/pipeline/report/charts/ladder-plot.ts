import { ladderStages } from '../../../evaluation/ladder.ts'
import { decimal, hopTitle, percent, stageTitles } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { ReportRow } from '../schema.ts'
import { linearScale, niceTicks, place, type Scale, spreadLabels } from './scale.ts'

const size = { width: 520, height: 250, left: 40, right: 76, top: 14, bottom: 28 } as const
const x = linearScale([0, ladderStages.length - 1], [size.left + 26, size.width - size.right - 14])

/** Shift of each line to the side, so that the intervals of one stage do not cover each other. */
const shift = 5

/**
 * Accuracy by checkpoint, one line per hop count and one for all, with 95 % intervals.
 *
 * @param options `rows`: the open form of one split, all rarities; `baseline`: accuracy of the most frequent answer, or null;
 *   `top`: the accuracy at the top of the axis, a multiple of 0.25
 */
export function ladderPlot(options: {
  readonly id: string
  readonly title: string
  readonly rows: readonly ReportRow[]
  readonly baseline: number | null
  readonly top: number
}): Markup {
  const { id, title, rows, baseline, top } = options
  const y = linearScale([0, top], [size.height - size.bottom, size.top])
  const hops = [...new Set(rows.map(({ hop }) => hop))]
  const lines = hops.map((hop) => rows.filter((row) => row.hop === hop))
  const ends = lines.flatMap((line) => line.slice(-1))
  const description = ends
    .map((row) => `${hopTitle(row.hop)} ends at ${percent(row.accuracy)} % (n = ${row.n})`)
    .join('; ')
  return html`<figure class="chart"><figcaption>${title} <span class="quiet">% right, 95 % intervals</span></figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${`${title}: accuracy by checkpoint`}</title><desc id="${id}-d">${description}</desc>
${axes(baseline, top, y)}${lines.map((line, index) => drawLine(line, (index - (lines.length - 1) / 2) * shift, y))}${names(lines, y)}
</svg></figure>`
}

const toneOf = (hop: number | 'all'): string => (hop === 'all' ? 's0' : `s${hop}`)

function axes(baseline: number | null, top: number, y: Scale): Content {
  const right = size.width - size.right
  const grid = niceTicks([0, top], 5).map(
    (tick) =>
      html`<line class="grid" x1="${size.left}" x2="${right}" y1="${place(y(tick))}" y2="${place(y(tick))}"/><text x="${size.left - 6}" y="${place(y(tick) + 3.5)}" text-anchor="end">${decimal(100 * tick, 0)}</text>`,
  )
  const stages = ladderStages.map(
    (stage, index) =>
      html`<text x="${place(x(index))}" y="${size.height - 10}" text-anchor="middle">${stageTitles[stage]}</text>`,
  )
  if (baseline === null) return [grid, stages]
  const at = place(y(baseline))
  return [
    grid,
    stages,
    html`<line class="base" x1="${size.left}" x2="${right}" y1="${at}" y2="${at}"/><text class="unit" x="${right}" y="${at + 12}" text-anchor="end">most frequent answer</text>`,
  ]
}

function drawLine(rows: readonly ReportRow[], side: number, y: Scale): Content {
  const spots = rows.flatMap((row) => {
    const index = row.stage === 'base-forced' ? -1 : ladderStages.indexOf(row.stage)
    return index < 0 ? [] : [{ row, at: place(x(index) + side) }]
  })
  const tone = toneOf(rows[0]?.hop ?? 'all')
  const path = spots.map(({ row, at }, index) => `${index === 0 ? 'M' : 'L'}${at} ${place(y(row.accuracy))}`).join('')
  return [
    html`<path class="line ${tone}" d="${path}"/>`,
    spots.map(({ row, at }) => {
      const [low, high] = row.interval
      const words = `${stageTitles[row.stage]}, ${hopTitle(row.hop)}: ${percent(row.accuracy)} % [${percent(low)}, ${percent(high)}], n = ${row.n}`
      return html`<g><title>${words}</title><line class="whisker ${tone}" x1="${at}" x2="${at}" y1="${place(y(low))}" y2="${place(y(high))}"/><circle class="dot ${tone}" cx="${at}" cy="${place(y(row.accuracy))}" r="3"/></g>`
    }),
  ]
}

function names(lines: readonly (readonly ReportRow[])[], y: Scale): Content {
  const labels = lines
    .flatMap((line) => line.slice(-1))
    .map((row) => ({ hop: row.hop, at: y(row.accuracy) }))
    .sort((a, b) => a.at - b.at)
  const heights = spreadLabels(
    labels.map(({ at }) => at),
    13,
    [size.top, size.height - size.bottom],
  )
  return labels.map(
    ({ hop }, index) =>
      html`<text class="name ${toneOf(hop)}" x="${size.width - size.right + 6}" y="${place(heights[index]! + 4)}">${hopTitle(hop)}</text>`,
  )
}
