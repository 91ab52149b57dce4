import { findFalls, ladderBlocks, splitTitle, stageTitle } from './ladder-view.ts'
import type { Fall, LadderBlock, Scores } from './types.ts'

/** Percent with one decimal, as everything on screen and in cards; files hold fractions. */
export const percent = (fraction: number): string => (100 * fraction).toFixed(1)

/** A p value with three decimals, or that it is below what they can show. */
export const formatP = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3))

/** Markdown of the stage table of one split: accuracy in percent with its 95 % interval. */
export function ladderTable({ columns, rows, mostFrequent }: LadderBlock): string {
  const baseline = mostFrequent === null ? [] : [['most frequent answer', intervalText(mostFrequent)]]
  return markdownTable(
    ['', ...columns.map(({ title, n }) => `${title} (n ${n})`)],
    [
      ...rows.map(({ title, cells }) => [title, ...cells.map((cell) => (cell === null ? '–' : intervalText(cell)))]),
      ...baseline.map((cells) => [...cells, ...columns.slice(1).map(() => '')]),
    ],
  )
}

/** Markdown of the paired tests of checkpoints on the same questions, pooled over hop counts. */
export function pairedTable(scores: Scores): string {
  const rows = scores.paired
    .filter(({ hop, n }) => hop === 'all' && n > 0)
    .map((pair) => [
      `${stageTitle(pair.from)} → ${stageTitle(pair.to)}`,
      splitTitle(pair.split),
      String(pair.n),
      String(pair.gained),
      String(pair.lost),
      `${pair.difference > 0 ? '+' : ''}${percent(pair.difference)}`,
      formatP(pair.p),
    ])
  return markdownTable(['checkpoints', 'questions', 'n', 'gained', 'lost', 'points', 'p (exact McNemar)'], rows)
}

/** Markdown of what stands beside accuracy: format, grounding, reasons and what is still known by heart. */
export function auditTable(scores: Scores): string {
  const rows = ladderBlocks(scores).flatMap((block) =>
    block.rows.map(({ title, cells, recall }) => {
      const pooled = cells[0]
      return [
        title,
        block.title,
        pooled ? `${pooled.unparsed} of ${pooled.n}` : '–',
        rateText(pooled?.groundedStepRate),
        rateText(pooled?.rightForWrongReason),
        recall === null ? '–' : `${percent(recall.rate)} (n ${recall.n})`,
      ]
    }),
  )
  const header = ['', 'questions', 'unparsed', 'grounded steps %', 'right for the wrong reason %', 'facts recalled %']
  return markdownTable(header, rows)
}

/** Every fall in one line each, or the sentence that there is none. */
export function fallLines(scores: Scores): string[] {
  const falls = findFalls(scores)
  return falls.length === 0 ? ['No stage scores below the stage before it.'] : falls.map(fallText)
}

function fallText(fall: Fall): string {
  const where = `${splitTitle(fall.split)}, ${fall.hop === 'all' ? 'pooled' : `${fall.hop} hops`}`
  const change = `${stageTitle(fall.from)} ${percent(fall.before)} → ${stageTitle(fall.to)} ${percent(fall.after)}`
  return `${where}: ${change} (p ${formatP(fall.p)})`
}

const rateText = (rate: number | null | undefined): string =>
  rate === null || rate === undefined ? '–' : percent(rate)

const intervalText = (score: { readonly accuracy: number; readonly interval: readonly [number, number] }): string =>
  `${percent(score.accuracy)} [${percent(score.interval[0])}, ${percent(score.interval[1])}]`

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rule = `| ${header.map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`
  return [line(header), rule, ...rows.map(line)].join('\n')
}
