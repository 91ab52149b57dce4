import { type LineChart, lineChart, type Series } from '../charts/line-chart.ts'
import type { Point } from '../charts/scale.ts'
import { decimal, percent, points, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import type { ReportSwitch } from '../schema-training.ts'
import { table } from './table.ts'

/** What ended stage 1, what its rule saw on the way, and whether the log leads to the same end again. */
export function switchSection(report: Report): Markup {
  const ended = report.switch
  return html`<section id="switch"><h2>The end of stage 1</h2>
<p class="lead">${endText(ended)}</p>
${replayText(ended)}
<div class="figures">${gainChart(ended)}${rewardChart(report)}${sparsityChart(ended)}</div>
<p class="quiet">${ruleText(ended)}</p>
${checksTable(ended)}
</section>`
}

function endText({ reason, step, steps, gain, gainUpperBound, window, streak, rule }: ReportSwitch): Content {
  const bound = gainUpperBound === null ? '' : `, 95 % upper bound ${points(gainUpperBound)}`
  const change =
    gain === null
      ? ` ${whole(step)} steps are too few to compare two windows of ${whole(window)}.`
      : ` At its last check, the mean reward of the last ${whole(window)} steps was ${percent(Math.abs(gain))} points ${gain < 0 ? 'below' : 'above'} that of the ${whole(window)} before${bound}.`
  if (reason === 'plateau') return html`<b>A plateau</b> ended stage 1 after step ${step} of ${steps}.${change}`
  if (reason === 'sparsity') {
    return html`<b>Sparse rewards</b> ended stage 1 after step ${step} of ${steps}: too few groups held both right and wrong rollouts, and most of the others were all right.`
  }
  if (reason === 'unknown') {
    return html`Stage 1 ended after step ${step} of ${steps}, <b>where its rule does not end it</b>.${change}`
  }
  const held =
    rule.holdWhileProbeRises && streak >= rule.checks ? ' The reward had levelled off, but the probe still rose.' : ''
  return html`Stage 1 used <b>all of its ${step} steps</b>: no clause of its rule ended it.${change}${held}`
}

function replayText({ replay, step }: ReportSwitch): Content {
  if (replay === null) {
    return html`<p>The log of this run lacks what a replay needs (shares of groups, or the size of the probe), so that the end could not be reached again from it.</p>`
  }
  const { compared, differing } = replay
  const numbers =
    compared === 0
      ? 'The log holds no numbers of the rule to compare.'
      : differing === 0
        ? `All ${whole(compared)} numbers that the rule wrote into the log come out the same.`
        : `${whole(differing)} of the ${whole(compared)} numbers that the rule wrote into the log come out otherwise.`
  if (replay.agrees) {
    const same =
      replay.step === null ? 'no clause ends the stage, as it was' : 'the rule ends the stage at the same step'
    return html`<p>Replayed from the log, ${same}. ${numbers}</p>`
  }
  const end =
    replay.step === null
      ? `does not end the stage, which ended after step ${step}`
      : replay.step === step
        ? 'ends the stage at the same step'
        : `ends the stage after step ${replay.step}, but it ended after step ${step}`
  return html`<p class="notice" role="alert">Replayed from the log, the rule ${end}. ${numbers} The log, the configuration or the rule is not what the stage ran with.</p>`
}

/** Difference of rewards in percentage points. */
const inPoints = (value: number): number => 100 * value

const runOf = (
  { checks }: ReportSwitch,
  pick: (check: ReportSwitch['checks'][number]) => number | null,
): readonly (readonly Point[])[] => {
  const run = checks.flatMap((check): Point[] => {
    const value = pick(check)
    return value === null ? [] : [[check.step, value]]
  })
  return run.length === 0 ? [] : [run]
}

const axisOf = ({ step }: ReportSwitch) => [1, Math.max(2, step)] as const

const markOf = ({ reason, step }: ReportSwitch): Pick<LineChart, 'mark'> =>
  reason === 'plateau' || reason === 'sparsity' ? { mark: { x: step, label: 'switch' } } : {}

function gainChart(ended: ReportSwitch): Markup {
  const scaled = (value: number | null): number | null => (value === null ? null : inPoints(value))
  const series: Series[] = [
    { name: 'upper bound', tone: 's3', style: 'dots', runs: runOf(ended, (check) => scaled(check.gainUpperBound)) },
    { name: 'gain', tone: 's0', style: 'dots', runs: runOf(ended, ({ gain }) => scaled(gain)) },
  ]
  const { minGain } = ended.rule
  return lineChart({
    id: 'plateau',
    title: 'Gain of reward, window over window',
    unit: 'percentage points',
    description: `At ${ended.checks.length} checks; the plateau test asks for a gain below ${percent(minGain)} and an upper bound below ${percent(2 * minGain)} points. ${lastWords(ended)}`,
    isShare: false,
    digits: 1,
    series,
    xDomain: axisOf(ended),
    levels: [
      { y: inPoints(2 * minGain), label: `bound < ${percent(2 * minGain)}` },
      { y: inPoints(minGain), label: `gain < ${percent(minGain)}` },
    ],
    ...markOf(ended),
  })
}

function lastWords({ checks }: ReportSwitch): string {
  const last = checks.findLast(({ gain }) => gain !== null)
  if (last === undefined || last.gain === null) return 'No check came late enough to compare two windows.'
  const bound = last.gainUpperBound === null ? '' : `, upper bound ${points(last.gainUpperBound)}`
  return `Last check, step ${last.step}: gain ${points(last.gain)}${bound}.`
}

/** The reward with the two windows that the last check compared. */
function rewardChart({ switch: ended, curves }: Report): Content {
  const rewards = curves['rl-1']?.['rollout/reward_mean'] ?? []
  const last = ended.checks.findLast(({ gain }) => gain !== null)
  const { window } = ended
  return lineChart({
    id: 'windows',
    title: 'Training reward and the windows of the last check',
    description:
      last === undefined
        ? 'No two windows were compared.'
        : `Steps ${last.step - 2 * window + 1} to ${last.step - window} against ${last.step - window + 1} to ${last.step}.`,
    isShare: true,
    series: [{ name: 'reward', tone: 's0', style: 'smooth', runs: rewards.length === 0 ? [] : [rewards] }],
    xDomain: axisOf(ended),
    bands:
      last === undefined
        ? []
        : [
            { from: Math.max(1, last.step - 2 * window + 0.5), to: last.step - window + 0.5, label: 'before' },
            { from: last.step - window + 0.5, to: last.step, label: 'last' },
          ],
    ...markOf(ended),
  })
}

function sparsityChart(ended: ReportSwitch): Content {
  const { sparsity } = ended.rule
  if (sparsity === null) return null
  return lineChart({
    id: 'sparsity',
    title: 'Sparsity of rewards, averaged',
    description: `Share of groups with a signal, and of the others the share that is all right; the clause asks for less than ${percent(sparsity.mixedBelow)} % and more than 50 %.`,
    isShare: true,
    series: [
      { name: 'mixed', tone: 's0', style: 'dots', runs: runOf(ended, ({ mixed }) => mixed) },
      { name: 'of rest, right', tone: 's2', style: 'dots', runs: runOf(ended, ({ deadRight }) => deadRight) },
    ],
    xDomain: axisOf(ended),
    levels: [{ y: sparsity.mixedBelow, label: `mixed < ${decimal(inPoints(sparsity.mixedBelow), 0)}` }],
    ...markOf(ended),
  })
}

function ruleText({ rule, window }: ReportSwitch): string {
  const { minGain, checkEvery, checks, minSteps, sparsity, holdWhileProbeRises } = rule
  const clauses = [
    `The rule: every ${checkEvery} steps, from step ${Math.max(minSteps, 2 * window)} on, the mean reward of the last ${window} steps is compared with that of the ${window} before; ${checks} checks in a row with a gain below ${percent(minGain)} points and an upper bound below ${percent(2 * minGain)} are a plateau.`,
    sparsity === null
      ? null
      : `It also ends the stage when, averaged over about ${sparsity.span} steps, fewer than ${percent(sparsity.mixedBelow)} % of the groups hold a signal and most of the others are all right.`,
    holdWhileProbeRises ? 'While accuracy on the probe rises by its standard error or more, the stage goes on.' : null,
  ]
  return clauses.filter((text) => text !== null).join(' ')
}

function checksTable({ checks, rule }: ReportSwitch): Content {
  const shown = checks.filter(({ gain, mixed }) => gain !== null || (rule.sparsity !== null && mixed !== null))
  if (shown.length === 0) return null
  const orDash = (value: number | null, words: (value: number) => string): string =>
    value === null ? '–' : words(value)
  return html`<details><summary>The checks as numbers</summary>${table({
    caption: 'Reward in percentage points; groups in percent, averaged',
    head: ['Step', 'Gain', 'Upper bound', 'In a row', 'Groups mixed', 'Of the others, all right'],
    rows: shown.map((check) => ({
      head: whole(check.step),
      cells: [
        orDash(check.gain, (value) => signed(inPoints(value))),
        orDash(check.gainUpperBound, (value) => signed(inPoints(value))),
        `${check.streak} of ${rule.checks}`,
        orDash(check.mixed, percent),
        orDash(check.deadRight, percent),
      ],
    })),
  })}</details>`
}

function signed(value: number): string {
  const text = decimal(value, 2)
  return value > 0 && text !== '0.00' ? `+${text}` : text
}
