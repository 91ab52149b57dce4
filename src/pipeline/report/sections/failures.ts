import { intervalBar } from '../charts/interval-bar.ts'
import { hopTitle, percent, points, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import type { ReportFailureCell } from '../schema-training.ts'
import { table } from './table.ts'

type Axis = ReportFailureCell['axis']
type Count = ReportFailureCell['before']

const axisTitles: readonly (readonly [axis: Axis, title: string, aside: string])[] = [
  ['hop', 'By hop count', ''],
  ['rarity', 'By rarity', 'of the rarest disease on the path'],
  ['answerType', 'By type of answer', ''],
  ['relation', 'By relation', 'a question counts once for each relation on its path'],
  ['form', 'By form', ''],
  ['language', 'By language', ''],
  ['source', 'By source', ''],
  ['topic', 'By topic', 'shape of a synthetic item, subject of an exam question'],
]

/** Rows of an axis that stand open; the others are folded away. */
const openRows = 10

/** Where the policy failed before stage 2 and after, by what the questions are about. */
export function failuresSection({ failures }: Report): Markup {
  if (failures === null || failures.length === 0) {
    const why =
      failures === null
        ? html`This run holds no <code>failure-map.json</code>; an older version made it.`
        : 'There is no failure map: stage 2 made no sweep of the training set.'
    return html`<section id="failures"><h2>Failure map</h2><p>${why}</p></section>`
  }
  const total = totals(failures)
  return html`<section id="failures"><h2>Failure map</h2>
<p class="lead">${heading(failures, total)}</p>
${axisTitles.map(([axis, title, aside]) => axisTables(failures, axis, title, aside))}
<p class="quiet">Training questions. A question has failed a sweep when at most a quarter of its rollouts are right. Small figures and bars: Wilson’s 95 % interval. The surest failures come first: by the lower end of the interval in the first sweep. ${total.isComplete ? 'The last sweep tried the same questions as the first.' : 'The last sweep tried a part of the set only, the questions that were visited longest ago; what is mined is visited often and hardly ever among them. With rl-2.finalSweep the last sweep tries the whole set.'} Failing less after training on the same questions is no proof of a skill: the ladder above is.</p>
</section>`
}

/** Sums over the hop counts, of which every question of the starter graph has one; over the forms, of which every item has one. */
function totals(cells: readonly ReportFailureCell[]) {
  const whole = cells.some(({ axis }) => axis === 'form') ? 'form' : 'hop'
  const parts = cells.filter(({ axis }) => axis === whole)
  const sum = (of: (cell: ReportFailureCell) => Count | null, key: 'questions' | 'failed'): number =>
    parts.reduce((total, cell) => total + (of(cell)?.[key] ?? 0), 0)
  const questions = sum(({ before }) => before, 'questions')
  const again = sum(({ after }) => after, 'questions')
  return {
    questions,
    failed: sum(({ before }) => before, 'failed'),
    again,
    failedBefore: sum(({ beforeOfSame }) => beforeOfSame, 'failed'),
    failedAfter: sum(({ after }) => after, 'failed'),
    isComplete: again === questions,
  }
}

function heading(cells: readonly ReportFailureCell[], total: ReturnType<typeof totals>): Content {
  const { questions, failed, again, failedBefore, failedAfter } = total
  const worst = (axis: Axis): ReportFailureCell | undefined =>
    cells.find((cell) => cell.axis === axis && cell.before.failed > 0)
  const [hop, relation] = [worst('hop'), worst('relation')]
  const where =
    hop === undefined || relation === undefined
      ? ''
      : html` Surest to fail: ${nameOf(hop)} (${percent(hop.before.share)} %), and paths with <b>${nameOf(relation)}</b> (${percent(relation.before.share)} %).`
  const first = html`Before stage 2 the policy failed <b>${whole(failed)} of ${whole(questions)}</b> training questions (${percent(failed / questions)} %).${where}`
  if (again === 0) return html`${first} No later sweep was made, so that there is no “after”.`
  const [before, after] = [percent(failedBefore / again), percent(failedAfter / again)]
  if (total.isComplete) return html`${first} The last sweep tried all of them again: it failed <b>${after} %</b>.`
  return html`${first} The last sweep tried ${whole(again)} of them again, among which were ${whole(failedBefore)} of the ${whole(failed)} failures: of these ${whole(again)} it had failed <b>${before} %</b> and now failed <b>${after} %</b>.`
}

const hopName = (name: string): string => (name === 'all' ? 'all' : hopTitle(Number(name)))

const nameOf = ({ axis, name }: Pick<ReportFailureCell, 'axis' | 'name'>): string =>
  axis === 'hop' ? hopName(name) : name.replaceAll('_', ' ')

function axisTables(cells: readonly ReportFailureCell[], axis: Axis, title: string, aside: string): Content {
  const ofAxis = cells.filter((cell) => cell.axis === axis)
  if (ofAxis.length === 0) return null
  const [shown, folded] = [ofAxis.slice(0, openRows), ofAxis.slice(openRows)]
  const rest =
    folded.length === 0
      ? null
      : html`<details><summary>${title}: ${folded.length} more, failed less surely</summary>${axisTable(folded, title, aside)}</details>`
  return html`${axisTable(shown, title, aside)}${rest}`
}

function axisTable(cells: readonly ReportFailureCell[], title: string, aside: string): Content {
  return table({
    kind: 'failures',
    caption: html`<b>${title}</b> <span class="quiet">${aside}</span>`,
    head: [
      title.replace(/^By (.)/, (_, first: string) => first.toUpperCase()),
      html`Failed, first sweep<small>% · 95 % interval · of questions</small>`,
      html`Tried again<small>last sweep</small>`,
      html`Of these, failed before<small>%, first sweep</small>`,
      html`Failed after<small>%, last sweep</small>`,
      html`Change<small>points</small>`,
    ],
    rows: cells.map((cell) => {
      const { before, beforeOfSame, after } = cell
      const isAgain = beforeOfSame !== null && after !== null
      return {
        head: html`<bdi>${nameOf(cell)}</bdi>`,
        cells: [
          countCell(before, true),
          isAgain ? whole(after.questions) : '–',
          isAgain ? countCell(beforeOfSame, false) : '–',
          isAgain ? countCell(after, false) : '–',
          isAgain ? changeCell(after.share - beforeOfSame.share) : '–',
        ],
      }
    }),
  })
}

function countCell({ share, interval, failed, questions }: Count, withN: boolean): Content {
  const [low, high] = interval
  const of = withN ? html` <small class="inline of">${whole(failed)} of ${whole(questions)}</small>` : null
  return html`<span class="spread">${intervalBar(share, interval, null)}<b>${percent(share)}</b> <small class="inline range">${percent(low)}–${percent(high)}</small>${of}</span>`
}

/** Fewer failures are an improvement. */
function changeCell(difference: number): Content {
  const tone = difference === 0 ? 'same' : difference < 0 ? 'up' : 'down'
  return html`<span class="delta ${tone}">${points(difference)}</span>`
}
