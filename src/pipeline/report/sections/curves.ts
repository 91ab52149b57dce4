import { lineChart, type Series, smoothingWindow } from '../charts/line-chart.ts'
import type { Point } from '../charts/scale.ts'
import { decimal, percent } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import { table } from './table.ts'

type Picked = readonly [metric: string, name: string, tone: string]

/** The learning curves: both RL stages on one axis with the switch marked, then pretraining and cold start. */
export function curvesSection(report: Report): Markup {
  return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">${switchText(report)}</p>
<div class="figures">
${share(report, 'reward', 'Training reward', [
  ['rollout/reward_mean', 'reward', 's0'],
  ['rollout/format_mean', 'format', 's2'],
  ['rollout/correct_mean', 'correct', 's3'],
])}
${probe(report)}
${share(report, 'groups', 'Groups by outcome', [
  ['group/mixed_share', 'mixed', 's0'],
  ['group/all_right_share', 'all right', 's2'],
  ['group/all_wrong_share', 'all wrong', 's3'],
])}
${amount(report, 'entropy', 'Entropy of the policy', 'nats', [['policy/entropy_nats', 'entropy', 's0']], 2)}
${amount(
  report,
  'tokens',
  'Length of a completion',
  'tokens',
  [
    ['rollout/tokens_mean', 'all', 's0'],
    ['rollout/tokens_right_mean', 'right', 's2'],
    ['rollout/tokens_wrong_mean', 'wrong', 's3'],
  ],
  0,
)}
${share(report, 'waste', 'Truncated and repeated completions', [
  ['rollout/truncated_share', 'truncated', 's0'],
  ['rollout/duplicate_share', 'repeated', 's2'],
])}
${loss(report, 'pretrain', 'Pretraining loss')}
${loss(report, 'cold-start', 'Cold-start loss')}
</div>
<p class="quiet">Thin: every step. Thick: mean of up to ${smoothingWindow} steps around it, within a stage. Dots: measured. In stage 2 the training reward is held down by design, since failures are mined; the probe, greedy answers to fixed held-out compositions that are not in the test, is the curve to read.</p>
${probeTable(report)}
</section>`
}

/** What ended stage 1 in a sentence; its own chapter has the numbers. */
function switchText({ switch: { reason, step, steps }, curves }: Report): Content {
  const next = Object.keys(curves['rl-2'] ?? {}).length === 0 ? '' : ' Stage 2 goes on from there.'
  const more = html` <a href="#switch">Why</a>.`
  if (reason === 'all steps used') return html`Stage 1 used all of its ${step} steps without a plateau.${next}${more}`
  const cause = {
    plateau: 'on a plateau ',
    sparsity: 'because rewards had become sparse, ',
    unknown: 'for a reason that its log does not give, ',
  }[reason]
  return html`Stage 1 ended ${cause}after step ${step} of ${steps}.${next}${more}`
}

/** The values of a metric in both RL stages, stage 2 moved to where stage 1 ended. */
function rlRuns({ curves, switch: ended }: Report, metric: string): Point[][] {
  const first = curves['rl-1']?.[metric] ?? []
  const second = (curves['rl-2']?.[metric] ?? []).map(([step, value]): Point => [step + ended.step, value])
  return [[...first], second].filter((run) => run.length > 0)
}

const seriesOf = (report: Report, picked: readonly Picked[], style: Series['style']): Series[] =>
  picked
    .map(([metric, name, tone]) => ({ name, tone, style, runs: rlRuns(report, metric) }))
    .filter(({ runs }) => runs.length > 0)

/** One axis for all figures of the RL stages: from the first step to the last, with the switch marked. */
const rlAxis = (report: Report) => ({
  xDomain: [1, Math.max(2, report.switch.step + report.counts.rollouts['rl-2'].steps)] as const,
  mark: { x: report.switch.step + 0.5, label: 'stage 2' },
})

function share(report: Report, id: string, title: string, picked: readonly Picked[]): Markup {
  const series = seriesOf(report, picked, 'smooth')
  return lineChart({
    id,
    title,
    isShare: true,
    series,
    description: describe(series, (value) => `${percent(value)} %`),
    ...rlAxis(report),
  })
}

function amount(
  report: Report,
  id: string,
  title: string,
  unit: string,
  picked: readonly Picked[],
  digits: number,
): Markup {
  const series = seriesOf(report, picked, 'smooth')
  const description = describe(series, (value) => `${decimal(value, 2)} ${unit}`)
  return lineChart({ id, title, unit, isShare: false, digits, series, description, ...rlAxis(report) })
}

function probeMetrics(report: Report): Picked[] {
  const names = [...new Set(['rl-1', 'rl-2'].flatMap((stage) => Object.keys(report.curves[stage] ?? {})))]
  const hops = names.flatMap((name) => /^probe\/hop(\d+)\/accuracy$/.exec(name)?.[1] ?? []).sort()
  return [
    ['probe/accuracy', 'all', 's0'],
    ...hops.map((hop) => [`probe/hop${hop}/accuracy`, `${hop} hops`, `s${hop}`] as const),
  ]
}

function probe(report: Report): Markup {
  const series = seriesOf(report, probeMetrics(report), 'dots')
  const title = 'Probe accuracy by hop count'
  return lineChart({
    id: 'probe',
    title,
    isShare: true,
    series,
    description: describe(series, (value) => `${percent(value)} %`),
    ...rlAxis(report),
  })
}

function loss({ curves }: Report, stage: string, title: string): Markup {
  const run = curves[stage]?.['train/loss'] ?? []
  const series: Series[] = [{ name: 'loss', tone: 's0', style: 'smooth', runs: run.length === 0 ? [] : [run] }]
  const description = describe(series, (value) => `${decimal(value, 3)} nats`)
  return lineChart({ id: `loss-${stage}`, title, isShare: false, unit: 'nats', series, description })
}

function describe(series: readonly Series[], words: (value: number) => string): string {
  return series
    .flatMap(({ name, runs }) => {
      const points = runs.flat()
      const [first, last] = [points[0], points.at(-1)]
      return first === undefined || last === undefined
        ? []
        : [`${name}: ${words(first[1])} at step ${first[0]}, ${words(last[1])} at step ${last[0]}`]
    })
    .join('; ')
}

function probeTable(report: Report): Content {
  const picked = probeMetrics(report)
  const rows = (['rl-1', 'rl-2'] as const).flatMap((stage) => {
    const curves = report.curves[stage] ?? {}
    return (curves['probe/accuracy'] ?? []).map(([step]) => ({
      head: `${stage === 'rl-1' ? 'Stage 1' : 'Stage 2'}, step ${step}`,
      cells: picked.map(([metric]) => {
        const value = curves[metric]?.find(([at]) => at === step)?.[1]
        return value === undefined ? '–' : percent(value)
      }),
    }))
  })
  if (rows.length === 0) return null
  return html`<details><summary>The probe as numbers</summary>${table({
    caption: 'Probe accuracy, percent',
    head: ['After', ...picked.map(([, name]) => name)],
    rows,
  })}</details>`
}
