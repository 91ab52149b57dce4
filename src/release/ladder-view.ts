import { type Column, type Fall, type LadderBlock, rungs, type ScoreRow, type Scores, splitTitles } from './types.ts'

/** The rungs that follow each other, so that a later one can fall below an earlier one. */
const climbed = ['base', 'cold-start', 'rl-1', 'rl-2']

/** One block per split: a row per rung that was scored, a column per hop count and rarity that has questions. */
export function ladderBlocks(scores: Scores): LadderBlock[] {
  const splits = [...new Set(scores.ladder.map(({ split }) => split))]
  return splits.map((split) => {
    const columns = columnsOf(scores, split)
    const rows = rungs.map(({ stage, title }) => ({
      stage,
      title,
      cells: columns.map((column) => findRow(scores, { stage, split, ...column }) ?? null),
      recall: scores.facts.find((fact) => fact.stage === stage) ?? null,
    }))
    return {
      split,
      title: splitTitle(split),
      columns,
      rows: rows.filter(({ cells }) => cells.some((cell) => cell !== null)),
      mostFrequent: scores.mostFrequent.find((row) => row.split === split && row.n > 0) ?? null,
    }
  })
}

/** The row of the open form; undefined when no question fell into it. */
export function findRow(
  scores: Pick<Scores, 'ladder'>,
  cell: { readonly stage: string; readonly split: string; readonly hop: number | 'all'; readonly rarity: string },
): ScoreRow | undefined {
  return scores.ladder.find(
    (row) =>
      row.form === 'open' &&
      row.n > 0 &&
      row.stage === cell.stage &&
      row.split === cell.split &&
      row.hop === cell.hop &&
      row.rarity === cell.rarity,
  )
}

/** Every (stage, split, hop count) that scores below the stage right before it, with the paired test's p. */
export function findFalls(scores: Pick<Scores, 'ladder' | 'paired'>): Fall[] {
  return scores.paired.flatMap(({ from, to, split, hop, p }) => {
    if (climbed.indexOf(to) !== climbed.indexOf(from) + 1) return []
    const before = findRow(scores, { stage: from, split, hop, rarity: 'all' })?.accuracy
    const after = findRow(scores, { stage: to, split, hop, rarity: 'all' })?.accuracy
    if (before === undefined || after === undefined || after >= before) return []
    return [{ from, to, split, hop, before, after, p }]
  })
}

export const stageTitle = (stage: string): string => rungs.find((rung) => rung.stage === stage)?.title ?? stage

export const splitTitle = (split: string): string => splitTitles[split] ?? split

function columnsOf(scores: Pick<Scores, 'ladder'>, split: string): Column[] {
  const columns = new Map<string, Column>()
  for (const row of scores.ladder) {
    if (row.split !== split || row.form !== 'open' || row.n === 0) continue
    const { hop, rarity, n } = row
    const title = hop !== 'all' ? `${hop} hops` : rarity !== 'all' ? rarity : 'pooled'
    if (!columns.has(title)) columns.set(title, { title, hop, rarity, n })
  }
  return [...columns.values()]
}
