import { decimal, percent } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import { linearScale, niceTicks, type Point, place, runningMean, type Scale, spreadLabels, thinOut } from './scale.ts'

export type Series = {
  readonly name: string
  /** Class that colours it: `s0` ink, `s1` … `s4` hues, each with its own dash. */
  readonly tone: string
  /** Runs of points that a line joins; a gap stays between two runs. */
  readonly runs: readonly (readonly Point[])[]
  /** `smooth`: thin line of every point, thick line of the running mean; `dots`: measured points joined by a line. */
  readonly style: 'smooth' | 'dots'
}

export type LineChart = {
  readonly id: string
  readonly title: string
  /** What a reader who does not see the chart should know. */
  readonly description: string
  readonly series: readonly Series[]
  /** Shown as percent, from 0 to 100, when true. */
  readonly isShare: boolean
  readonly unit?: string
  /** Digits after the point on the y axis. */
  readonly digits?: number
  /** First and last step of the axis; those of the points when absent. */
  readonly xDomain?: readonly [number, number]
  /** A vertical line with a word at its top. */
  readonly mark?: { readonly x: number; readonly label: string }
  /** Horizontal lines that a curve is held against, named beside their right end. */
  readonly levels?: readonly { readonly y: number; readonly label: string }[]
  /** Stretches of the x axis, shaded, with a word at the bottom. */
  readonly bands?: readonly { readonly from: number; readonly to: number; readonly label: string }[]
}

/** Points that a running mean spans at most. */
export const smoothingWindow = 9
/** More points than this on a line are not seen apart at the width of a chart. */
const mostPoints = 300

const size = { width: 520, height: 214, left: 44, right: 96, top: 16, bottom: 22 } as const

/** A figure of one or several curves over steps, as inline SVG with title and description. */
export function lineChart(chart: LineChart): Markup {
  const everything = chart.series.flatMap(({ runs }) => runs.flat())
  if (everything.length === 0)
    return html`<figure class="chart"><figcaption>${chart.title}</figcaption><p class="quiet">No values.</p></figure>`
  const xs = everything.map(([x]) => x)
  const xDomain = chart.xDomain ?? ([Math.min(...xs), Math.max(...xs)] as const)
  const yDomain = yDomainOf(chart, everything)
  const x = linearScale(xDomain, [size.left, size.width - size.right])
  const y = linearScale(yDomain, [size.height - size.bottom, size.top])
  const { title, description, id } = chart
  const unit = chart.isShare ? '%' : (chart.unit ?? '')
  return html`<figure class="chart"><figcaption>${title} <span class="quiet">${unit}</span></figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>
${bandRects(chart, x)}${yAxis(chart, yDomain, y)}${xAxis(xDomain, x)}${levelLines(chart, y)}${markLine(chart, x)}
${chart.series.map((series) => drawSeries(chart, series, x, y))}${endLabels(chart, y)}
</svg></figure>`
}

function yDomainOf(chart: LineChart, points: readonly Point[]): readonly [number, number] {
  if (chart.isShare) return [0, 1]
  const values = [...points.map(([, y]) => y), ...(chart.levels ?? []).map(({ y }) => y)]
  const [bottom, top] = [Math.min(0, ...values), Math.max(...values)]
  return [bottom * 1.04, top === 0 ? 1 : top * 1.04]
}

function yAxis(chart: LineChart, domain: readonly [number, number], y: Scale): Content {
  const right = size.width - size.right
  const ticks = chart.isShare ? [0, 0.25, 0.5, 0.75, 1] : niceTicks(domain, 4)
  const digits = chart.digits ?? (Math.max(...ticks.map(Math.abs)) < 3 ? 2 : 0)
  const label = (tick: number): string => (chart.isShare ? decimal(100 * tick, 0) : decimal(tick, digits))
  return ticks.map(
    (tick) =>
      html`<line class="grid" x1="${size.left}" x2="${right}" y1="${place(y(tick))}" y2="${place(y(tick))}"/><text x="${size.left - 6}" y="${place(y(tick) + 3.5)}" text-anchor="end">${label(tick)}</text>`,
  )
}

function xAxis(domain: readonly [number, number], x: Scale): Content {
  const bottom = size.height - size.bottom
  return [
    niceTicks(domain, 6)
      .filter(Number.isInteger)
      .map(
        (tick) =>
          html`<line class="tick" x1="${place(x(tick))}" x2="${place(x(tick))}" y1="${bottom}" y2="${bottom + 4}"/><text x="${place(x(tick))}" y="${bottom + 15}" text-anchor="middle">${tick}</text>`,
      ),
    html`<text class="unit" x="${size.width - size.right + 16}" y="${bottom + 15}">step</text>`,
  ]
}

function markLine(chart: LineChart, x: Scale): Content {
  if (chart.mark === undefined) return null
  const at = place(x(chart.mark.x))
  return html`<line class="mark" x1="${at}" x2="${at}" y1="${size.top - 4}" y2="${size.height - size.bottom}"/><text class="unit" x="${at + 4}" y="${size.top - 5}">${chart.mark.label}</text>`
}

function levelLines(chart: LineChart, y: Scale): Content {
  return (chart.levels ?? []).map(({ y: level }) => {
    const at = place(y(level))
    return html`<line class="base" x1="${size.left}" x2="${size.width - size.right}" y1="${at}" y2="${at}"/>`
  })
}

function bandRects(chart: LineChart, x: Scale): Content {
  return (chart.bands ?? []).map(({ from, to, label }) => {
    const [start, end] = [place(x(from)), place(x(to))]
    return html`<rect class="band" x="${start}" y="${size.top}" width="${place(end - start)}" height="${size.height - size.bottom - size.top}"/><text class="unit" x="${place((start + end) / 2)}" y="${size.height - size.bottom - 5}" text-anchor="middle">${label}</text>`
  })
}

function drawSeries(chart: LineChart, series: Series, x: Scale, y: Scale): Content {
  const words = (value: number): string => (chart.isShare ? `${percent(value)} %` : decimal(value, 2))
  return series.runs.map((run) => {
    const raw = html`<path class="${series.style === 'smooth' ? 'raw' : 'line'} ${series.tone}" d="${pathOf(thinOut(run, mostPoints), x, y)}"/>`
    if (series.style === 'smooth') {
      return [raw, html`<path class="line ${series.tone}" d="${pathOf(thinOut(smooth(run), mostPoints), x, y)}"/>`]
    }
    const dots = run.map(
      ([px, py]) =>
        html`<circle class="dot ${series.tone}" cx="${place(x(px))}" cy="${place(y(py))}" r="2.6"><title>${`${series.name}, step ${px}: ${words(py)}`}</title></circle>`,
    )
    return [raw, dots]
  })
}

const pathOf = (points: readonly Point[], x: Scale, y: Scale): string =>
  points.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${place(x(px))} ${place(y(py))}`).join('')

/** Names beside the ends of the lines, pushed apart where they would overlap. */
function endLabels(chart: LineChart, y: Scale): Content {
  const ends = chart.series.flatMap(({ name, tone, runs, style }) => {
    const run = runs.at(-1)
    if (run === undefined || run.length === 0) return []
    const end = (style === 'smooth' ? smooth(run) : run).at(-1)!
    return [{ name, tone, at: y(end[1]) }]
  })
  const levels = (chart.levels ?? []).map((level) => ({ name: level.label, tone: 'level', at: y(level.y) }))
  const labels = [...ends, ...levels].sort((a, b) => a.at - b.at)
  const heights = spreadLabels(
    labels.map(({ at }) => at),
    13,
    [size.top, size.height - size.bottom],
  )
  return labels.map(
    ({ name, tone }, index) =>
      html`<text class="name ${tone}" x="${size.width - size.right + 7}" y="${place(heights[index]! + 4)}">${name}</text>`,
  )
}

/** A short run gets a short window: a mean over a fifth of a curve would bend it. */
function smooth(run: readonly Point[]): Point[] {
  return runningMean(run, Math.min(smoothingWindow, Math.max(1, Math.floor(run.length / 12))))
}
