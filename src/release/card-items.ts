import { formatP, percent } from './card-tables.ts'
import type { ItemScoreFile } from './item-scores.ts'
import { stageTitle } from './ladder-view.ts'
import type { ItemProvenance } from './provenance-items.ts'

/** Where the training questions came from and what the model does, for the card of a run on items. */
export function itemIntroduction(items: ItemProvenance, hasColdStart: boolean): string[] {
  const total = Object.values(items.bySplit).reduce((sum, count) => sum + count, 0)
  const shown = hasColdStart ? 'shown checked chains of reasoning over some of them (cold start), and then ' : ''
  return [
    `Its questions are ${total} items of a data run, ${items.bySplit.train ?? 0} of them trained on: ${countsText(items.bySource)}.`,
    `It was ${shown}trained by reinforcement learning with a verifiable reward in two stages, after`,
    'Fleming-R1 (arXiv 2509.15279). It thinks between think tags, then answers with letters, a number or a name.',
  ]
}

/** The section on results of the card of a run on items. */
export function itemResults({ rows, paired }: ItemScoreFile): string {
  const pooled = rows.filter(({ axis }) => axis === 'all' || axis === 'form' || axis === 'source')
  return [
    '## Results',
    '',
    'Accuracy in percent with 95 % Wilson intervals on held-out items of the same data run; greedy answers. Answers that',
    'could not be read count as wrong. Chance is the share right of one who guesses among the options. No benchmark was asked.',
    '',
    ...table(
      ['checkpoint', 'items', 'n', 'accuracy', 'chance', 'unparsed', 'cut off'],
      pooled.map(({ stage, axis, name, n, accuracy, interval, chance, unparsed, truncated }) => [
        stageTitle(stage),
        axis === 'all' ? 'all' : `${axis} ${name}`,
        String(n),
        `${percent(accuracy)} [${interval.map(percent).join('–')}]`,
        percent(chance),
        String(unparsed),
        String(truncated),
      ]),
    ),
    '',
    '### Paired tests',
    '',
    ...table(
      ['checkpoints', 'n', 'gained', 'lost', 'points', 'p (exact McNemar)'],
      paired
        .filter(({ axis }) => axis === 'all')
        .map(({ from, to, n, gained, lost, difference, p }) => [
          `${stageTitle(from)} → ${stageTitle(to)}`,
          ...[String(n), String(gained), String(lost), percent(difference), formatP(p)],
        ]),
    ),
  ].join('\n')
}

/** The section on training data of the card of a run on items. */
export function itemData(items: ItemProvenance, trajectories: string): string {
  return [
    '## Training data',
    '',
    ...items.sources.map(
      ({ source, revision, license, items: count }) =>
        `- **${source}**, revision ${revision}, licence ${license}: ${count} items are rows of it or rest on it.`,
    ),
    `- Items by split: ${countsText(items.bySplit)}; by form: ${countsText(items.byForm)}; by language: ${countsText(items.byLanguage)};`,
    `  by source: ${countsText(items.bySource)}. Graph of the data run: ${items.graph.entities} entities, ${items.graph.triples} triples.`,
    trajectories,
    '- A licence above may forbid publishing what is made of its source, or demand that it is named: look before you share this.',
  ].join('\n')
}

/** The section on limits of the card of a run on items. */
export function itemLimits({ rows }: ItemScoreFile, stage: string, contextLength: number): string {
  const found = rows.find((row) => row.stage === stage && row.axis === 'all')
  const share =
    found === undefined ? [] : [`- It answers wrongly often: ${percent(1 - found.accuracy)} % of held-out items.`]
  return [
    '## Limitations',
    '',
    ...share,
    '- Held-out items are of the same data run: what was trained on is near to them. They are no benchmark and no exam.',
    '- A confident tone says nothing about being right.',
    `- Prompt and completion share ${contextLength} tokens.`,
  ].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ')
