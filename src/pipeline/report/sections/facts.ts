import { shareBar } from '../charts/interval-bar.ts'
import { decimal, duration, percent, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import { table } from './table.ts'

/** Seeds, hashes, machine and times: what it takes to get the same bytes again, and how long it took. */
export function factsSection(report: Report): Markup {
  return html`<section id="facts"><h2>Run facts</h2><div class="pair">${identity(report)}${machine(report)}</div>${times(report)}${stepTimes(report)}
<p class="quiet">Every number here is computed from the sealed files of this run; <code>report.json</code> beside this page holds them all, <code>docs/formats.md</code> says what each means. Report hash: SHA-256 over <code>report.json</code> without times and machine, equal for equal code, configuration and seeds.</p>
</section>`
}

function identity({ name, seed, dataSeed, configHash, codeHash, hash }: Report): Content {
  const rows: readonly (readonly [string, Content])[] = [
    ['Run', name],
    ['Seed', seed],
    ['Data seed', dataSeed],
    ['Configuration', html`<code>${configHash.slice(0, 16)}</code>`],
    ['Code', html`<code>${codeHash.slice(0, 16)}</code>`],
    ['Report', html`<code>${hash.slice(0, 16)}</code>`],
  ]
  return table({
    caption: 'Identity',
    head: ['What', 'Value'],
    words: [1],
    rows: rows.map(([head, cell]) => ({ head, cells: [cell] })),
  })
}

function machine({ environment, curves }: Report): Content {
  const gaps = ['rl-1', 'rl-2'].flatMap((stage) =>
    (curves[stage]?.['engine/logprob_gap_max'] ?? []).map(([, gap]) => gap),
  )
  const gap = gaps.length === 0 ? '–' : `${Math.max(...gaps).toExponential(1)} nats`
  const rows: readonly (readonly [string, Content])[] = [
    ['Processor', `${environment.cpu}, ${environment.cores} cores`],
    ['Memory', `${decimal(environment.memoryBytes / 2 ** 30, 1)} GiB`],
    ['Platform', environment.platform],
    ['Node', `${environment.node} (V8 ${environment.v8}, Unicode ${environment.unicode})`],
    ['onnxruntime', environment.onnxruntime],
    ['Largest gap, trainer to sampler', gap],
  ]
  return table({
    caption: 'Machine',
    head: ['What', 'Value'],
    words: [1],
    rows: rows.map(([head, cell]) => ({ head, cells: [cell] })),
  })
}

function times({ stageSeconds, wallSeconds, manifests }: Report): Content {
  const stages = [...new Set([...Object.keys(manifests), ...Object.keys(stageSeconds)])]
  const longest = Math.max(1, ...Object.values(stageSeconds))
  return table({
    caption: html`<b>Stages</b> <span class="quiet">this command took ${duration(wallSeconds)}; a stage that was resumed counts from there</span>`,
    head: ['Stage', 'Wall time', '', 'Manifest'],
    words: [3],
    rows: stages.map((stage) => {
      const seconds = stageSeconds[stage]
      const hash = manifests[stage]
      return {
        head: stage,
        cells: [
          seconds === undefined ? '–' : duration(seconds),
          seconds === undefined ? null : shareBar(seconds / longest),
          hash === undefined ? '–' : html`<code>${hash.slice(0, 16)}</code>`,
        ],
      }
    }),
  })
}

/** Where the steps of the RL stages spent their time; what lies outside of the steps are sweeps, probes and writing. */
function stepTimes({ stepTimes, stageSeconds, counts }: Report): Content {
  const stages = Object.entries(stepTimes)
  if (stages.length === 0) {
    return html`<p class="quiet">This run holds no <code>step-timings.jsonl</code>: how its steps divided their time is not known.</p>`
  }
  return table({
    caption: html`<b>Steps of the RL stages</b> <span class="quiet">sampling includes scoring; rollouts of sweeps and probes lie outside of the steps</span>`,
    head: [
      'Stage',
      'Steps timed',
      'Rollouts/s',
      'Tokens/s',
      'Time in steps',
      'Sampling',
      '',
      'Training',
      'Outside of steps',
    ],
    rows: stages.map(([stage, { steps, rollouts, tokens, sampleSeconds, trainSeconds }]) => {
      const seconds = sampleSeconds + trainSeconds
      const outside = (stageSeconds[stage] ?? 0) - seconds
      const all = stage === 'rl-1' || stage === 'rl-2' ? counts.rollouts[stage].steps : steps
      const rate = (count: number): string =>
        seconds === 0 ? '–' : decimal(count / seconds, count < 10 * seconds ? 1 : 0)
      const share = (part: number): string => (seconds === 0 ? '–' : `${percent(part / seconds)} %`)
      return {
        head: stage === 'rl-1' ? 'RL stage 1' : 'RL stage 2',
        cells: [
          steps === all ? whole(steps) : `${whole(steps)} of ${whole(all)}`,
          rate(rollouts),
          rate(tokens),
          duration(seconds),
          share(sampleSeconds),
          seconds === 0 ? null : shareBar(sampleSeconds / seconds),
          share(trainSeconds),
          // A stage that was resumed has the wall time of its last part only.
          outside < 0 ? '–' : duration(outside),
        ],
      }
    }),
  })
}
