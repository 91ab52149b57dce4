import { type Content, html, type Markup } from '../markup.ts'

export type TableRow = { readonly head: Content; readonly cells: readonly Content[] }

/**
 * A table with its headers marked for screen readers: the first cell of each row is the row's header.
 *
 * @param options.words columns (counted from 1, after the row header) that hold words, set flush left
 */
export function table(options: {
  readonly caption: Content
  readonly head: readonly Content[]
  readonly rows: readonly TableRow[]
  readonly words?: readonly number[]
  readonly kind?: string
}): Markup {
  const { caption, head, rows, words = [], kind = '' } = options
  const tone = (index: number): Markup | null => (words.includes(index) ? html` class="words"` : null)
  return html`<div class="scroll"><table class="${kind}"><caption>${caption}</caption>
<thead><tr>${head.map((cell, index) => html`<th scope="col"${tone(index)}>${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row">${row.head}</th>${row.cells.map((cell, index) => html`<td${tone(index + 1)}>${cell}</td>`)}</tr>\n`,
  )}</tbody></table></div>`
}

/** A section of which this run has nothing, and why. */
export const absentSection = (id: string, title: string, reason: string): Markup =>
  html`<section id="${id}"><h2>${title}</h2><p class="quiet">Nothing here: ${reason}.</p></section>`

/** "name 12 · other 3", or a dash when there is nothing. */
export function countList(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts)
  return entries.length === 0 ? '–' : entries.map(([name, count]) => `${name} ${count}`).join(' · ')
}

/** Bold below this; a convention, not a verdict. */
export const level = 0.05

/** Bold text where a test is below the level. */
export const strongIf = (isStrong: boolean, text: string): Content => (isStrong ? html`<b>${text}</b>` : text)
