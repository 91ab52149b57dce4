import { findRow } from '../falls.ts'
import { percent, points, splitTitles, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import { itemsOutcome } from './items.ts'
import { heldOutSplits } from './ladder.ts'

const chapters = [
  ['ladder', 'Ladder'],
  ['falls', 'Falls'],
  ['tests', 'Paired tests'],
  ['cold-start', 'Cold start'],
  ['curves', 'Learning curves'],
  ['switch', 'End of stage 1'],
  ['warnings', 'Warnings'],
  ['audit', 'Audit of the reasoning'],
  ['examples', 'Examples'],
  ['mining', 'Hard samples'],
  ['failures', 'Failure map'],
  ['counts', 'Counts'],
  ['facts', 'Run facts'],
] as const

/** The chapters of a run on items: its scores have one of their own, and where no question was asked nothing fell. */
const itemChapters = [['items', 'Held-out items'] as const, ...chapters.filter(([id]) => id !== 'falls')]

/** The title, the standing notice, what came out in two sentences, and where to find what. */
export function headerSection(report: Report): Markup {
  const { name, seed, dataSeed } = report
  return html`<header>
<h1>Fleming run <em>${name}</em></h1>
<p class="subtitle">seed ${seed} · data seed ${dataSeed} · report ${report.hash.slice(0, 12)}</p>
<p class="notice" role="note">${report.notice}</p>
<p class="lead">${report.items === undefined ? [...heldOutSplits.map((split) => outcome(report, split)), verdict(report)] : itemsOutcome(report.items)}</p>
<nav aria-label="Sections">${(report.items === undefined ? chapters : itemChapters).map(([id, title]) => html`<a href="#${id}">${title}</a>`)}</nav>
</header>`
}

function outcome(report: Report, split: (typeof heldOutSplits)[number]): Content {
  const cell = { split, hop: 'all', rarity: 'all', form: 'open' } as const
  const first = findRow(report.ladder, { ...cell, stage: 'base' })
  const last = findRow(report.ladder, { ...cell, stage: 'rl-2' })
  if (first === undefined || last === undefined || last.n === 0) return null
  const forced = findRow(report.baseForced, { ...cell, stage: 'base-forced' })
  const aside = forced === undefined ? '' : `; the base with the answer form forced: ${percent(forced.accuracy)} %`
  return html`${splitTitles[split]}: <b>${percent(first.accuracy)} % → ${percent(last.accuracy)} %</b> from base to RL stage 2 (${points(last.accuracy - first.accuracy)} points, n = ${whole(last.n)}${aside}). `
}

function verdict(report: Report): Content {
  const pooled = report.falls.filter(({ hop, form }) => hop === 'all' && form === 'open').length
  const others = report.falls.length - pooled
  if (report.falls.length === 0) return 'No checkpoint answers worse than the one before it, on any hop count.'
  const first =
    pooled === 0
      ? 'Pooled, every checkpoint holds or improves on the one before'
      : `Pooled accuracy falls ${pooled} ${times(pooled)}`
  if (others === 0) return `${first}.`
  return html`${first}; <a href="#falls">${whole(others)} ${pooled === 0 ? '' : 'further '}${others === 1 ? 'fall' : 'falls'} on single hop counts or in the multiple-choice form</a>.`
}

const times = (count: number): string => (count === 1 ? 'time' : 'times')
