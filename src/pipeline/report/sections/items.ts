import { rungs } from '../../../release/types.ts'
import { percent, points, pValue } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import { table } from './table.ts'

type Items = NonNullable<Report['items']>

/** Scores of the held-out items of a data run, and what was asked; nothing for a run on the starter graph. */
export function itemsSection({ items }: Report): Markup | null {
  if (items === undefined) return null
  return html`<section id="items"><h2>Held-out items</h2>
<p>This run was trained on the items of a data run. The sections on questions of the starter graph are empty: none was asked.</p>
${scores(items)}${tests(items)}${census(items)}</section>`
}

/** What came out, in a sentence or two: pooled accuracy of every checkpoint, and where it fell. */
export function itemsOutcome({ rows, paired }: Items): Content {
  const pooled = rows.filter(({ axis }) => axis === 'all')
  const falls = paired.filter(
    ({ axis, difference, from, to }) => axis === 'all' && difference < 0 && !(from === 'cold-start' && to === 'rl-2'),
  )
  const course = pooled.map(({ stage, accuracy }) => `${titleOf(stage)} ${percent(accuracy)} %`).join(', ')
  const fell = falls.map(
    ({ from, to, difference, p }) => `${titleOf(from)} → ${titleOf(to)} (${points(difference)} points, p ${pValue(p)})`,
  )
  return html`Held-out items: ${course} (n = ${pooled[0]?.n ?? 0}). ${fell.length === 0 ? 'No checkpoint answers worse than the one before it, pooled.' : `Pooled accuracy falls: ${fell.join('; ')}.`}`
}

const titleOf = (stage: string): string => rungs.find((rung) => rung.stage === stage)?.title ?? stage

function scores({ rows }: Items): Content {
  return table({
    caption: html`<b>Accuracy</b> <span class="quiet">in percent with 95 % Wilson interval, greedy; unparsed answers are wrong; chance is the share right of one who guesses among the options</span>`,
    head: ['Checkpoint', 'Items', 'n', 'Accuracy', 'Interval', 'Chance', 'Unparsed', 'Cut off', 'Grounded steps'],
    words: [1],
    rows: rows.map(({ stage, axis, name, n, accuracy, interval, chance, unparsed, truncated, groundedStepRate }) => ({
      head: titleOf(stage),
      cells: [
        axis === 'all' ? 'all' : `${axis} ${name}`,
        n,
        percent(accuracy),
        `${percent(interval[0])}–${percent(interval[1])}`,
        percent(chance),
        unparsed,
        truncated,
        groundedStepRate === null ? '–' : percent(groundedStepRate),
      ],
    })),
  })
}

function tests({ paired }: Items): Content {
  return table({
    caption: html`<b>Paired tests</b> <span class="quiet">exact McNemar on the same items, not corrected for their number</span>`,
    head: ['Checkpoints', 'Items', 'n', 'Gained', 'Lost', 'Points', 'p'],
    words: [1],
    rows: paired.map(({ from, to, axis, name, n, gained, lost, difference, p }) => ({
      head: `${titleOf(from)} → ${titleOf(to)}`,
      cells: [axis === 'all' ? 'all' : `${axis} ${name}`, n, gained, lost, points(difference), pValue(p)],
    })),
  })
}

function census({
  items,
  bySplit,
  byForm,
  byLanguage,
  bySource,
  byDifficulty,
  sharedTriples,
  itemsDropped,
}: Items): Content {
  const groups: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
    ['split', bySplit],
    ['form', byForm],
    ['language', byLanguage],
    ['source', bySource],
    ['difficulty', byDifficulty],
    ['left out', Object.fromEntries(Object.entries(itemsDropped).map(([reason, { count }]) => [reason, count]))],
  ]
  return html`${table({
    caption: html`<b>Items</b> <span class="quiet">${items} in all</span>`,
    head: ['By', 'Which', 'Items'],
    words: [1],
    rows: groups.flatMap(([by, counts]) =>
      Object.entries(counts).map(([name, count]) => ({ head: by, cells: [name, count] })),
    ),
  })}<p class="quiet">${sharedTriples} held-out items rest in part on a triple that a training item rests on too.</p>`
}
