import { decimal, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import type { ReportWarning } from '../schema-training.ts'
import { table } from './table.ts'

const titles = { 'rl-1': 'RL stage 1', 'rl-2': 'RL stage 2' } as const

/** What the detectors told of each RL stage, with values, thresholds and what to try first. */
export function warningsSection({ warnings }: Report): Markup {
  const stages = (['rl-1', 'rl-2'] as const).map((stage) => ({ stage, told: warnings[stage] ?? null }))
  const all = stages.flatMap(({ told }) => told ?? [])
  const unwatched = stages.filter(({ told }) => told === null).map(({ stage }) => titles[stage])
  return html`<section id="warnings"><h2>Warnings of the detectors</h2>
<p class="lead">${summary(all, unwatched.length === stages.length)}</p>
${unwatched.length === 0 ? null : html`<p>This run holds no log of warnings for ${unwatched.join(' and ')}: nothing can be said of ${unwatched.length === 1 ? 'it' : 'them'}.</p>`}
${stages.map(({ stage, told }) => (told === null || told.length === 0 ? null : warningTable(titles[stage], told)))}
<p class="quiet">Detectors read the metrics of each step (entropy, length, form, groups without a signal, sampler against trainer, gradients, reward against accuracy and grounding, forgetting, one-sided answers). A warning is a reason to look, not a verdict: the thresholds are not calibrated on long runs. A fault is told again at most once in a while.</p>
</section>`
}

function summary(all: readonly ReportWarning[], isBlind: boolean): Content {
  if (isBlind) return 'The detectors left no log.'
  if (all.length === 0) return 'No detector told anything.'
  const times = all.reduce((sum, warning) => sum + warning.times, 0)
  const stops = all.filter(({ level }) => level === 'stop').length
  const grave =
    stops === 0 ? '' : ` ${whole(stops)} of them ${stops === 1 ? 'says' : 'say'} that going on is probably waste.`
  return html`<b>${whole(all.length)} ${all.length === 1 ? 'fault was' : 'faults were'} told</b>, ${whole(times)} ${times === 1 ? 'time' : 'times'} in all.${grave}`
}

function warningTable(title: string, told: readonly ReportWarning[]): Content {
  return table({
    kind: 'told',
    caption: html`<b>${title}</b> <span class="quiet">values and words of the first time</span>`,
    head: ['Detector', 'First step', 'Times', 'What it saw', 'Values', 'Try first'],
    words: [3, 4, 5],
    rows: told.map((warning) => ({
      head: html`${warning.detector}<small>${warning.fault}${warning.level === 'stop' ? html`, <b class="down">stop</b>` : null}</small>`,
      cells: [
        whole(warning.step),
        html`${whole(warning.times)}${warning.times === 1 ? null : html`<small>last ${whole(warning.lastStep)}</small>`}`,
        warning.message,
        valueList(warning),
        warning.response,
      ],
    })),
  })
}

/** Each value, with its threshold where one of the same name exists, then the other thresholds. */
function valueList({ values, thresholds }: ReportWarning): Content {
  const lines = [
    ...Object.entries(values).map(([name, value]) => {
      const limit = thresholds[name]
      return `${wordsOf(name)} ${short(value)}${limit === undefined ? '' : ` (threshold ${short(limit)})`}`
    }),
    ...Object.entries(thresholds)
      .filter(([name]) => values[name] === undefined)
      .map(([name, value]) => `threshold: ${wordsOf(name)} ${short(value)}`),
  ]
  return html`<ul class="values">${lines.map((line) => html`<li>${line}</li>`)}</ul>`
}

/** `wrongReasonNow` → "wrong reason now". */
const wordsOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/** Enough digits to tell a value from its threshold. */
function short(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1).replace(/-/g, '−')
  if (Number.isInteger(value)) return whole(value)
  return decimal(value, size < 10 ? 3 : 1)
}
