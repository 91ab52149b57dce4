import { ladderStages } from '../../../evaluation/ladder.ts'
import { intervalBar } from '../charts/interval-bar.ts'
import { ladderPlot } from '../charts/ladder-plot.ts'
import { findRow } from '../falls.ts'
import { hopTitle, percent, points, splitTitles, stageTitles, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report, ReportRow } from '../schema.ts'
import { fallsBox } from './falls.ts'
import { absentSection, type TableRow, table } from './table.ts'

export const heldOutSplits = ['held-out-composition', 'held-out-disease'] as const
type HeldOutSplit = (typeof heldOutSplits)[number]
type Form = ReportRow['form']
type Column = Pick<ReportRow, 'hop' | 'rarity'>

const explained: Readonly<Record<HeldOutSplit, string>> = {
  'held-out-composition': 'facts seen, their combination never',
  'held-out-disease': 'facts learnt in pretraining, no question about these diseases trained on',
}

/** The ladder as the paper's Table 4 shows it, by hop count and rarity, with intervals, and drawn. */
export function ladderSection(report: Report): Markup {
  if (report.items !== undefined)
    return absentSection('ladder', 'The ladder', 'no question of the starter graph was asked')
  return html`<section id="ladder"><h2>The ladder</h2>
${heldOutSplits.map((split) => ladderTable(report, split, 'open'))}
<p class="quiet">Open form: the answer must name an accepted entity. Percent right; unread answers count as wrong. Small figures: change from the checkpoint before, in percentage points, and Wilson’s 95 % interval. Bar: 0 to 100 %, with a tick at the most frequent answer. Form forced: the question is turned into the opening of a statement and the next word is taken as the answer, which shows what the base knows without the form; the step from base to cold start mostly measures that the form was learnt. Intervals treat questions as independent: those about held-out diseases share ${whole(report.counts.questions.heldOutDiseases)} diseases and speak for these, not for unseen diseases in general.</p>
${fallsBox(report)}
<div class="figures">${plots(report)}</div>
<details><summary>The multiple-choice twin of the same answers</summary>
${heldOutSplits.map((split) => ladderTable(report, split, 'choice'))}
<p class="quiet">The same completions, right when they name the option listed as right. The student is shown no options, so chance is no yardstick; an accepted answer that is not among the options counts as wrong here.</p>
</details></section>`
}

/** The ladder of each split as a figure, on one scale: a quarter, half, three quarters or all of 100 %. */
function plots(report: Report): Content {
  const rows = report.ladder.filter(({ form, rarity, n }) => form === 'open' && rarity === 'all' && n > 0)
  const highest = Math.max(0, ...rows.map(({ interval }) => interval[1]))
  const top = Math.ceil(4 * highest) / 4
  return heldOutSplits.map((split, index) => {
    const ofSplit = rows.filter((row) => row.split === split)
    if (ofSplit.length === 0) return null
    const baseline = baselineOf(report, split)?.accuracy ?? null
    return ladderPlot({ id: `ladder-${index}`, title: splitTitles[split], rows: ofSplit, baseline, top })
  })
}

const baselineOf = (report: Report, split: HeldOutSplit) =>
  report.baselines.mostFrequent.find((baseline) => baseline.split === split)

/** One split in one form: rows are checkpoints, columns hop counts and rarities. */
export function ladderTable(report: Report, split: HeldOutSplit, form: Form): Content {
  const rows = [...report.baseForced, ...report.ladder].filter((row) => row.split === split && row.form === form)
  const columns = columnsOf(rows.filter((row) => row.stage === 'rl-2'))
  if (columns.length === 0) return null
  const baseline = form === 'open' ? (baselineOf(report, split)?.accuracy ?? null) : null
  const cellOf = (stage: ReportRow['stage'], column: Column): ReportRow | undefined =>
    findRow(rows, { stage, split, form, ...column })
  const stages: readonly ReportRow['stage'][] = ['base-forced', ...ladderStages]
  return table({
    kind: 'ladder',
    caption: html`<b>${splitTitles[split]}</b>${form === 'choice' ? ', multiple choice' : ''} <span class="quiet">${explained[split]}</span>`,
    head: ['Checkpoint', ...columns.map((column) => columnHead(column, cellOf('rl-2', column)))],
    rows: [
      ...(form === 'open' ? [baselineRow(report, split, columns.length)] : []),
      ...stages.map((stage) => ({
        head: stageTitles[stage],
        cells: columns.map((column) => {
          const above = stages.slice(1, Math.max(1, stages.indexOf(stage))).at(-1)
          const before = stage === 'base-forced' || above === undefined ? undefined : cellOf(above, column)
          return scoreCell(cellOf(stage, column), before, baseline, cellOf('rl-2', column)?.n)
        }),
      })),
    ],
  })
}

function columnsOf(rows: readonly ReportRow[]): Column[] {
  return rows.map(({ hop, rarity }) => ({ hop, rarity }))
}

function columnHead({ hop, rarity }: Column, row: ReportRow | undefined): Content {
  return html`${rarity === 'all' ? hopTitle(hop) : rarity}<small>n = ${whole(row?.n ?? 0)}</small>`
}

function baselineRow(report: Report, split: HeldOutSplit, columnCount: number): TableRow {
  const blanks = Array.from({ length: columnCount - 1 }, () => '')
  const baseline = baselineOf(report, split)
  return {
    head: 'Most frequent answer',
    cells: [baseline === undefined ? '–' : scoreCell({ ...baseline }, undefined, null, baseline.n), ...blanks],
  }
}

type Score = Pick<ReportRow, 'accuracy' | 'interval' | 'n'>

/** One accuracy with its interval, its bar, its difference to the row above, and its n when the column's differs. */
function scoreCell(row: Score | undefined, before: Score | undefined, baseline: number | null, n = 0): Content {
  if (row === undefined || row.n === 0) return '–'
  const [low, high] = row.interval
  const difference = before === undefined ? null : row.accuracy - before.accuracy
  const sign = difference === null || difference === 0 ? 'same' : difference > 0 ? 'up' : 'down'
  return html`<span class="figure"><b>${percent(row.accuracy)}</b>${difference === null ? null : html`<small class="delta ${sign}">${points(difference)}</small>`}</span><span class="spread">${intervalBar(row.accuracy, row.interval, baseline)}<small>${percent(low)}–${percent(high)}</small></span>${row.n === n ? null : html`<small>n = ${whole(row.n)}</small>`}`
}
