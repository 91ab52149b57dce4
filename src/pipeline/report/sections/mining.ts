import { shareBar } from '../charts/interval-bar.ts'
import { percent, unreadTitle, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report, ReportMined } from '../schema.ts'
import { table } from './table.ts'

/** What stage 2 found to be hard, what it drew because of that, and what stayed hard. */
export function miningSection({ mined }: Report): Markup {
  return html`<section id="mining"><h2>Hard samples</h2>
${mined.enabled ? recoveryText(mined) : html`<p>Mining was off: stage 2 drew uniformly from the training set.</p>`}
${sweepsTable(mined)}${drawsTable(mined)}${hardestTable(mined)}
</section>`
}

function recoveryText({ recovery }: ReportMined): Content {
  if (recovery === null) return html`<p>No sweep was made.</p>`
  const { neverRight, triedAgain, mostlyRight } = recovery
  return html`<p>The first sweep met <b>${whole(neverRight)}</b> training questions that the policy never answered right. <b>${whole(triedAgain)}</b> of them were tried again, and <b>${whole(mostlyRight)}</b> of those were right in at least half of the rollouts of their last visit.</p>`
}

function sweepsTable({ sweeps }: ReportMined): Content {
  if (sweeps.length === 0) return null
  return table({
    caption: html`<b>Sweeps of the training set</b> <span class="quiet">the first covers all of it, later ones the stalest part</span>`,
    head: ['Before step', 'Questions', 'Rollouts', 'Right', '', 'Never right'],
    rows: sweeps.map(({ step, questions, rollouts, right, neverRight }) => ({
      head: whole(step),
      cells: [
        whole(questions),
        whole(rollouts),
        `${percent(right / rollouts)} %`,
        shareBar(right / rollouts),
        `${whole(neverRight)} (${percent(neverRight / questions)} %)`,
      ],
    })),
  })
}

function drawsTable({ phases }: ReportMined): Content {
  const hops = [
    ...new Set(phases.flatMap(({ draws }) => Object.values(draws).flatMap(({ byHop }) => Object.keys(byHop)))),
  ]
  hops.sort()
  const rows = phases.flatMap(({ fromStep, toStep, draws }) =>
    Object.entries(draws).map(([reason, { groups, questions, rollouts, right, byHop }]) => ({
      head: `${fromStep}–${toStep}`,
      cells: [
        reason,
        whole(groups),
        whole(questions),
        `${percent(right / rollouts)} %`,
        shareBar(right / rollouts),
        ...hops.map((hop) => whole(byHop[hop] ?? 0)),
      ],
    })),
  )
  return table({
    caption: html`<b>What was drawn</b> <span class="quiet">wrong: believed to fail more often than not; right: the rest; fill: not tried yet, or to make up the number; by hops: groups</span>`,
    head: [
      'Steps',
      'Drawn as',
      'Groups',
      'Questions',
      'Rollouts right',
      '',
      ...hops.map((hop) => (hop === '1' ? '1 hop' : `${hop} hops`)),
    ],
    words: [1],
    rows,
  })
}

function hardestTable({ hardest }: ReportMined): Content {
  if (hardest.length === 0) return null
  return table({
    kind: 'hardest',
    caption: html`<b>Hardest questions</b> <span class="quiet">surest to be hard: smallest upper end of the 95 % interval of the share right, over all rollouts of stage 2, sweeps included</span>`,
    head: ['Question', 'Accepted', 'Most frequent wrong answer', 'Hops', 'Tier', 'Right', 'Last visit'],
    words: [1, 2, 4],
    rows: hardest.map((question) => ({
      head: html`<bdi>${question.stem}</bdi>`,
      cells: [
        html`<bdi>${question.accepted.join(' / ')}</bdi>`,
        wrongText(question.wrongAnswer),
        question.hop,
        question.difficulty,
        html`${whole(question.right)}&#8239;/&#8239;${whole(question.seen)}`,
        html`${whole(question.lastRight)}&#8239;/&#8239;${whole(question.lastOf)}<small>step ${question.lastStep}</small>`,
      ],
    })),
  })
}

function wrongText(answer: ReportMined['hardest'][number]['wrongAnswer']): Content {
  if (answer === null) return '–'
  const words =
    answer.label === null
      ? html`<i>unread: ${unreadTitle(answer.unread ?? 'none')}</i>`
      : html`<bdi>${answer.label}</bdi>`
  return html`${words} <small class="inline">× ${answer.times}</small>`
}
