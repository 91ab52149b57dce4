import { intervalBar, shareBar } from '../charts/interval-bar.ts'
import { percent, splitTitles, stageTitles, unreadTitle, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report, ReportOutcome } from '../schema.ts'
import { heldOutSplits } from './ladder.ts'
import { absentSection, countList, table } from './table.ts'

/** Whether the reasoning is the graph's, beside whether the answer is right; and what the student still knows by heart. */
export function auditSection(report: Report): Markup {
  if (report.items !== undefined)
    return absentSection(
      'audit',
      'Audit of the reasoning',
      'steps that the graph supports stand with the scores of items',
    )
  return html`<section id="audit"><h2>Audit of the reasoning</h2>
${heldOutSplits.map((split) => auditTable(report, split))}
<p class="quiet">Grounded: share of checkable reasoning steps that are triples of the graph (hypotheses and pairs rightly ruled out count on neither side). Right for the wrong reason: share of right answers whose grounded steps do not lead from the question to the answer. Neither enters the reward.</p>
${factsTable(report)}
</section>`
}

function auditTable(report: Report, split: (typeof heldOutSplits)[number]): Content {
  const rows = report.ladder.filter(
    (row) => row.split === split && row.form === 'open' && row.hop === 'all' && row.rarity === 'all',
  )
  if (rows.length === 0) return null
  return table({
    kind: 'audit',
    caption: html`<b>${splitTitles[split]}</b>, pooled, open form`,
    head: [
      'Checkpoint',
      'Accuracy',
      'Steps grounded',
      'Right for the wrong reason',
      'Right',
      'Wrong',
      'Unread',
      'How unread',
      'n',
    ],
    words: [7],
    rows: rows.map((row) => {
      const outcome = report.outcomes.find((item) => item.stage === row.stage && item.split === split)
      return {
        head: stageTitles[row.stage],
        cells: [
          html`<b>${percent(row.accuracy)}</b>${intervalBar(row.accuracy, row.interval, null)}`,
          rateCell(row.groundedStepRate),
          rateCell(row.rightForWrongReason),
          whole(row.correct),
          outcome === undefined ? '–' : whole(outcome.wrong),
          whole(row.unparsed),
          howUnread(outcome),
          whole(row.n),
        ],
      }
    }),
  })
}

const rateCell = (rate: number | null): Content =>
  rate === null ? 'none to check' : html`${percent(rate)}${shareBar(rate)}`

function howUnread(outcome: ReportOutcome | undefined): string {
  const entries = Object.entries(outcome?.unread ?? {})
  return countList(Object.fromEntries(entries.map(([kind, count]) => [unreadTitle(kind), count])))
}

function factsTable({ facts }: Report): Content {
  return table({
    caption: html`<b>Fact recall</b> <span class="quiet">greedy object of each (entity, relation) pair of the graph</span>`,
    head: ['Checkpoint', 'Recalled', '95 % interval', '', 'Facts'],
    rows: facts.map(({ stage, rate, interval, n }) => ({
      head: stageTitles[stage],
      cells: [
        html`<b>${percent(rate)}</b>`,
        `${percent(interval[0])}–${percent(interval[1])}`,
        intervalBar(rate, interval, null),
        whole(n),
      ],
    })),
  })
}
