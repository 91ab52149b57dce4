import { percent, splitTitles, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import { countList, table } from './table.ts'

const titleOfSplit = new Map<string, string>(Object.entries(splitTitles))

/** How much there was at each station, and what was dropped on the way and why. */
export function countsSection(report: Report): Markup {
  return html`<section id="counts"><h2>Counts through the pipeline</h2>
${stations(report)}${questionTable(report)}
<div class="pair">${dropTable('Candidate questions dropped', report.counts.questions.dropped)}${dropTable('Trajectories dropped', report.counts.trajectories.dropped)}</div>
<details><summary>The graph by entity type and relation</summary><div class="pair">${plainTable('Entities', 'Type', report.counts.graph.byType)}${plainTable('Triples', 'Relation', report.counts.graph.byRelation)}</div></details>
</section>`
}

function stations({ counts, ladder }: Report): Content {
  const { graph, questions, trajectories, rollouts } = counts
  const tested = ladder.filter(
    (row) => row.stage === 'rl-2' && row.form === 'open' && row.hop === 'all' && row.rarity === 'all',
  )
  const rows: readonly (readonly [string, string, string])[] = [
    [
      'Graph',
      `${whole(graph.entities)} entities, ${whole(graph.triples)} triples`,
      `diseases: ${countList(graph.diseasesByRarity)}`,
    ],
    [
      'Questions',
      `${whole(questions.kept)} kept`,
      `${countList(questions.byKind)}; ${countList(questions.byDifficulty)}; rarity ${countList(questions.byRarity)}; ${questions.heldOutDiseases} diseases held out`,
    ],
    [
      'Trajectories',
      `${whole(trajectories.kept)} kept`,
      `${trajectories.backtracking} raise and rule out a diagnosis; ${whole(trajectories.steps)} steps, each in the graph`,
    ],
    ...Object.entries(rollouts).map(([stage, total]): [string, string, string] => [
      stage === 'rl-1' ? 'RL stage 1' : 'RL stage 2',
      `${whole(total.rollouts)} rollouts`,
      `${whole(total.steps)} steps, ${whole(total.groups)} groups, ${whole(total.tokens)} tokens`,
    ]),
    [
      'Test',
      `${whole(tested.reduce((sum, { n }) => sum + n, 0))} questions`,
      tested.map(({ split, n }) => `${splitTitles[split]} ${whole(n)}`).join(' · '),
    ],
  ]
  return table({
    caption: 'Stations',
    head: ['Station', 'Made', 'Of these'],
    words: [1, 2],
    rows: rows.map(([head, ...cells]) => ({ head, cells })),
  })
}

function questionTable({ counts }: Report): Content {
  const { bySplitAndHop, byHop } = counts.questions
  const hops = Object.keys(byHop)
  return table({
    caption: 'Questions by split and hop count',
    head: ['Split', ...hops.map((hop) => (hop === '1' ? '1 hop' : `${hop} hops`)), 'all'],
    rows: Object.entries(bySplitAndHop).map(([split, ofSplit]) => ({
      head: titleOfSplit.get(split) ?? split,
      cells: [
        ...hops.map((hop) => whole(ofSplit[hop] ?? 0)),
        whole(Object.values(ofSplit).reduce((sum, count) => sum + count, 0)),
      ],
    })),
  })
}

function dropTable(caption: string, dropped: Readonly<Record<string, number>>): Content {
  const total = Object.values(dropped).reduce((sum, count) => sum + count, 0)
  if (total === 0) return html`<p class="quiet">${caption}: none.</p>`
  return table({
    caption: `${caption}: ${whole(total)}`,
    head: ['Reason', 'Dropped', 'Share'],
    rows: Object.entries(dropped).map(([reason, count]) => ({
      head: reason,
      cells: [whole(count), `${percent(count / total)} %`],
    })),
  })
}

const plainTable = (caption: string, head: string, counts: Readonly<Record<string, number>>): Content =>
  table({
    caption,
    head: [head, 'Count'],
    rows: Object.entries(counts).map(([name, count]) => ({ head: name, cells: [whole(count)] })),
  })
