import { hopTitle, percent, points, pValue, splitTitles, stageTitles, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report, ReportFall } from '../schema.ts'
import { level, strongIf, table } from './table.ts'

/** Every fall of the ladder in a box of its own, or the word that there is none. */
export function fallsBox({ falls }: Report): Markup {
  if (falls.length === 0) {
    return html`<aside id="falls" class="falls none"><h3>Falls</h3><p>None: no checkpoint answers worse than the one before it, pooled or on any hop count, open or multiple choice.</p></aside>`
  }
  const open = falls.filter(({ form }) => form === 'open')
  const choice = falls.filter(({ form }) => form === 'choice')
  const openPart =
    open.length === 0
      ? html`<p>None in the open form.</p>`
      : fallsTable(open, 'Every place where a checkpoint answers worse than the one before it, significant or not')
  const choicePart =
    choice.length === 0
      ? html`<p>None in the multiple-choice form.</p>`
      : html`<details><summary>${whole(choice.length)} in the multiple-choice form</summary>${fallsTable(choice, 'Multiple choice')}</details>`
  return html`<aside id="falls" class="falls"><h3>Falls</h3>${openPart}${choicePart}</aside>`
}

const fallsTable = (falls: readonly ReportFall[], caption: string): Content =>
  table({
    caption,
    head: ['Where', 'From', 'To', 'Before', 'After', 'Change', 'Gained', 'Lost', 'p', 'n'],
    words: [1, 2],
    rows: falls.map((fall) => ({
      head: `${splitTitles[fall.split]}, ${hopTitle(fall.hop)}`,
      cells: [
        stageTitles[fall.from],
        stageTitles[fall.to],
        percent(fall.before),
        percent(fall.after),
        strongIf(fall.p < level, points(fall.after - fall.before)),
        whole(fall.gained),
        whole(fall.lost),
        pValue(fall.p),
        whole(fall.n),
      ],
    })),
  })
