import { html, type Markup } from '../markup.ts'
import { place } from './scale.ts'

const width = 64
const height = 10

/**
 * An accuracy as a dot on a track from 0 to 100 %, its interval as a bar, and the baseline as a tick. Decoration: the
 * numbers stand beside it as text.
 */
export function intervalBar(accuracy: number, interval: readonly [number, number], baseline: number | null): Markup {
  const at = (fraction: number): number => place(2 + fraction * (width - 4))
  const tick =
    baseline === null ? null : html`<line class="base" x1="${at(baseline)}" x2="${at(baseline)}" y1="0.5" y2="9.5"/>`
  return html`<svg class="bar" viewBox="0 0 ${width} ${height}" aria-hidden="true"><line class="track" x1="2" x2="${width - 2}" y1="5" y2="5"/>${tick}<line class="span" x1="${at(interval[0])}" x2="${at(interval[1])}" y1="5" y2="5"/><circle cx="${at(accuracy)}" cy="5" r="2.6"/></svg>`
}

/** A share of a whole as a filled length, for counts in a table. Decoration, like the bar above. */
export function shareBar(share: number): Markup {
  return html`<svg class="bar" viewBox="0 0 ${width} ${height}" aria-hidden="true"><rect class="fill" x="2" y="2" width="${place(share * (width - 4))}" height="6"/></svg>`
}
