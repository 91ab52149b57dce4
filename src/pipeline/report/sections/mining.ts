import { shareBar } from '../charts/interval-bar.ts'
import { percent, unreadTitle, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report, ReportMined } from '../schema.ts'
import type { ReportSuspects } from '../schema-training.ts'
import { table } from './table.ts'

/** What stage 2 found to be hard, what it drew because of that, and what stayed hard. */
export function miningSection({ mined, suspects }: Report): Markup {
  return html`<section id="mining"><h2>Hard samples</h2>
${mined.enabled ? recoveryText(mined) : html`<p>Mining was off: stage 2 drew uniformly from the training set.</p>`}
${sweepsTable(mined)}${drawsTable(mined)}${reasonList(mined)}${hardestTable(mined)}${suspectsPart(suspects)}
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
    caption: html`<b>What was drawn</b> <span class="quiet">between two sweeps; by hops: groups</span>`,
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

/** What each reason of a draw means under the rules of this run, of those that occur. */
function reasonList({ phases, rule }: ReportMined): Content {
  const used = [...new Set(phases.flatMap(({ draws }) => Object.keys(draws)))]
  const known = used.flatMap((reason) => {
    const meaning = reasonMeaning(reason, rule)
    return meaning === null ? [] : [html`<li><b>${reason}</b>: ${meaning}</li>`]
  })
  return known.length === 0 ? null : html`<ul class="reasons">${known}</ul>`
}

function reasonMeaning(reason: string, { failure, rightShare, solvedLeave }: ReportMined['rule']): string | null {
  switch (reason) {
    case 'wrong':
      return failure === 'posterior'
        ? 'a failure, believed to be answered right less than half of the time; drawn by the chance that its group holds both right and wrong rollouts'
        : 'a repeated failure: two sweeps failed in a row, or one when only one was made, or one and a belief of at least 90 % that it is right less than half of the time'
    case 'right':
      return `believed to be answered right at least half of the time; ${percent(rightShare)} % of a step, where there are enough of them and of failures`
    case 'replay':
      return 'solved, which means right nearly always, and drawn again so that it is not unlearnt; counted as right'
    case 'fill':
      return `to make up the number of a step: first what is neither a failure nor right (${failure === 'repeated' ? 'failing but not repeatedly, or not visited yet' : 'not visited yet'}), then further right ones, then failures${solvedLeave ? ', then solved ones' : ''}`
    case 'uniform':
      return 'by chance from the whole training set, without regard to what the policy does with it'
    default:
      return null
  }
}

const suspectsShown = 10

/** Questions whose label quarantine doubts. */
function suspectsPart(suspects: ReportSuspects | null): Content {
  if (suspects === null) {
    return html`<p class="quiet">This run holds no <code>quarantine.jsonl</code>: labels were not doubted, or an older version made it.</p>`
  }
  const { mode, list } = suspects
  if (mode === 'off') return html`<p class="quiet">Quarantine was off: no label was doubted.</p>`
  if (list.length === 0) return html`<p class="quiet">Quarantine doubted no label.</p>`
  const then = mode === 'isolate' ? 'They left training, and stay in sweeps.' : 'They stayed in training.'
  const more = list.length > suspectsShown ? `; ${whole(list.length - suspectsShown)} more in report.json` : ''
  return html`${table({
    kind: 'hardest',
    caption: html`<b>Labels in doubt: ${whole(list.length)}</b> <span class="quiet">seldom or never right, mostly the same other answer, among questions that the policy masters${more}</span>`,
    head: ['Question', 'Label', 'Its answer instead', 'Hops', 'Of its replies', 'Right on the like', 'Doubt', 'Raised'],
    words: [1, 2],
    rows: list.slice(0, suspectsShown).map((suspect) => ({
      head: html`<bdi>${suspect.stem}</bdi>`,
      cells: [
        html`<bdi>${suspect.accepted.join(' / ')}</bdi>`,
        suspect.majorityAnswer.label === null
          ? html`<i>unread: ${unreadTitle(suspect.majorityAnswer.unread ?? 'none')}</i>`
          : html`<bdi>${suspect.majorityAnswer.label}</bdi>`,
        suspect.hop,
        html`${percent(suspect.majorityShare)} %<small>of ${whole(suspect.rollouts)}${suspect.right === null ? '' : `, ${whole(suspect.right)} right`}</small>`,
        suspect.clusterAccuracy === null ? '–' : `${percent(suspect.clusterAccuracy)} %`,
        suspect.belief === null ? '–' : `${percent(suspect.belief)} %`,
        `step ${suspect.step}`,
      ],
    })),
  })}<p class="quiet">${then} A doubt is a question to a person, no proof: <code>fleming review</code> shows the queue. “Right on the like”: accuracy on other questions of the same path or hop count. “Doubt”: probability that the label is wrong, where the rule estimates one.</p>`
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
