import { hopTitle, percent, points, pValue, splitTitles, stageTitles, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report, ReportPaired } from '../schema.ts'
import { heldOutSplits } from './ladder.ts'
import { absentSection, level, strongIf, table } from './table.ts'

/** The paired tests between checkpoints on the same questions. */
export function testsSection(report: Report): Markup {
  if (report.items !== undefined)
    return absentSection('tests', 'Paired tests', 'those of items stand with their scores')
  const expected = level * report.paired.length
  return html`<section id="tests"><h2>Paired tests</h2>
<div class="pair">${heldOutSplits.map((split) =>
    pairedTable(
      report.paired.filter((row) => row.split === split),
      splitTitles[split],
    ),
  )}</div>
<p class="quiet">McNemar’s exact test on the same questions, open form, two-sided, not adjusted: of ${report.paired.length} tests about ${percent(expected / 100)} would fall below ${level} if nothing had changed. Bold: p &lt; ${level}. Gained: wrong before, right after.</p>
</section>`
}

function pairedTable(rows: readonly ReportPaired[], title: string): Content {
  if (rows.length === 0) return null
  const hops = [...new Set(rows.map(({ hop }) => hop))]
  const pairs = [...new Map(rows.map(({ from, to }) => [`${from} ${to}`, { from, to }])).values()]
  return table({
    kind: 'paired',
    caption: html`<b>${title}</b> <span class="quiet">change in percentage points · gained / lost · p</span>`,
    head: [
      'From → to',
      ...hops.map(
        (hop) => html`${hopTitle(hop)}<small>n = ${whole(rows.find((row) => row.hop === hop)?.n ?? 0)}</small>`,
      ),
    ],
    rows: pairs.map(({ from, to }) => ({
      head: `${stageTitles[from]} → ${stageTitles[to].replace('+ ', '')}`,
      cells: hops.map((hop) => {
        const row = rows.find((candidate) => candidate.from === from && candidate.to === to && candidate.hop === hop)
        if (row === undefined || row.n === 0) return '–'
        return html`${strongIf(row.p < level, points(row.difference))}<small>${whole(row.gained)} / ${whole(row.lost)}</small><small>p ${pValue(row.p)}</small>`
      }),
    })),
  })
}
