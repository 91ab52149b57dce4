import { unreadTitle } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { ReportStep } from '../schema.ts'

const signs: Readonly<Record<ReportStep['kind'], readonly [sign: string, meaning: string]>> = {
  supported: ['✓', 'a triple of the graph'],
  'ruled-out': ['✓', 'rightly ruled out: no triple joins the two'],
  unsupported: ['✗', 'not in the graph'],
  hypothesis: ['~', 'a hypothesis, claims nothing'],
  unreadable: ['?', 'no statement that can be looked up'],
}

/** Characters of a completion that the page shows at most, as steps and as written; report.json has all of it. */
const longestShown = 900

export type Shown = {
  readonly completion: string
  readonly defects: readonly string[]
  readonly answered: string | null
  readonly unread: string | null
  readonly steps: readonly ReportStep[]
}

/**
 * A completion as its reasoning steps, each marked by what the graph says of it, and its answer; one whose form has
 * defects is shown as it was written, too.
 */
export function completionBlock(shown: Shown): Markup {
  const raw = shown.defects.length > 0 ? html`<p class="raw-text"><bdi>${shorten(shown.completion)}</bdi></p>` : null
  const defects = shown.defects.length > 0 ? html`<p class="defects">form: ${shown.defects.join(', ')}</p>` : null
  const steps = shown.steps.length === 0 ? null : stepList(shown.steps)
  return html`${steps}<p class="answer">→ ${answerText(shown)}</p>${defects}${raw}`
}

function stepList(steps: readonly ReportStep[]): Content {
  let length = 0
  const fitting = steps.filter(({ text }, index) => {
    length += text.length
    return index === 0 || length <= longestShown
  })
  const hidden = steps.length - fitting.length
  const rest = hidden === 0 ? null : html`<li class="unreadable">… ${hidden} more steps in report.json</li>`
  return html`<ol class="steps">${fitting.map(stepItem)}${rest}</ol>`
}

function stepItem({ kind, text, origin }: ReportStep): Content {
  const [sign, meaning] = signs[kind]
  const title = origin === null ? meaning : `${meaning}, ${origin}`
  return html`<li class="${kind}" title="${title}"><abbr title="${meaning}">${sign}</abbr> <bdi>${shorten(text)}</bdi></li>`
}

const answerText = ({ answered, unread }: Shown): Content =>
  answered === null ? html`<i>unread: ${unreadTitle(unread ?? 'none')}</i>` : html`<b><bdi>${answered}</bdi></b>`

function shorten(text: string): string {
  if (text.length <= longestShown) return text
  return `${text.slice(0, longestShown)} … (${text.length - longestShown} characters more in report.json)`
}

/** What the signs mean. */
export function stepLegend(): Markup {
  const item = (kind: ReportStep['kind']): Markup => html`<li class="${kind}">${signs[kind][0]} ${signs[kind][1]}</li>`
  const kinds: readonly ReportStep['kind'][] = ['supported', 'ruled-out', 'unsupported', 'hypothesis', 'unreadable']
  return html`<ul class="steps legend">${kinds.map(item)}</ul>`
}
