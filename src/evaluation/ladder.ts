import { pairedTest, scoreOf } from './metrics.ts'
import type { AnswerRecord, Paired, Score } from './types.ts'

export const ladderStages = ['base', 'cold-start', 'rl-1', 'rl-2'] as const
export type LadderStage = (typeof ladderStages)[number]

export type LadderRow = Score & {
  readonly stage: LadderStage | 'base-forced'
  readonly split: string
  readonly hop: number | 'all'
  readonly rarity: string
  readonly form: 'open' | 'choice'
}

export type PairedRow = Paired & {
  readonly from: LadderStage
  readonly to: LadderStage
  readonly split: string
  readonly hop: number | 'all'
}

const splits = ['held-out-composition', 'held-out-disease'] as const

/**
 * The rows of the stage table: every checkpoint by split, by hop count and by rarity, in both forms.
 *
 * @paper Fleming-R1 Table 4: base, + cold start, + RL stage 1, + RL stage 2
 */
export function ladderRows(stage: LadderRow['stage'], records: readonly AnswerRecord[]): LadderRow[] {
  const rows: LadderRow[] = []
  for (const split of splits) {
    const ofSplit = records.filter((record) => record.split === split)
    const hops = [...new Set(ofSplit.map((record) => record.hop))].sort()
    const rarities = ['common', 'uncommon', 'rare'].filter((rarity) =>
      ofSplit.some((record) => record.rarity === rarity),
    )
    for (const form of ['open', 'choice'] as const) {
      const row = (part: readonly AnswerRecord[], hop: number | 'all', rarity: string): LadderRow => ({
        stage,
        split,
        hop,
        rarity,
        form,
        ...scoreOf(part, form),
      })
      rows.push(row(ofSplit, 'all', 'all'))
      for (const hop of hops)
        rows.push(
          row(
            ofSplit.filter((record) => record.hop === hop),
            hop,
            'all',
          ),
        )
      for (const rarity of rarities)
        rows.push(
          row(
            ofSplit.filter((record) => record.rarity === rarity),
            'all',
            rarity,
          ),
        )
    }
  }
  return rows
}

/** Which checkpoints are compared: neighbours, and cold start against the end. */
export const pairedStages: readonly (readonly [from: LadderStage, to: LadderStage])[] = [
  ['base', 'cold-start'],
  ['cold-start', 'rl-1'],
  ['rl-1', 'rl-2'],
  ['cold-start', 'rl-2'],
]

/** Paired tests between checkpoints of the ladder on the same questions: neighbours, and cold start against the end. */
export function pairedRows(records: Readonly<Record<LadderStage, readonly AnswerRecord[]>>): PairedRow[] {
  return pairedStages.flatMap(([from, to]) =>
    splits.flatMap((split) => {
      const before = records[from].filter((record) => record.split === split)
      const after = records[to].filter((record) => record.split === split)
      const hops = [...new Set(before.map((record) => record.hop))].sort()
      const rows: PairedRow[] = [{ from, to, split, hop: 'all', ...pairedTest(before, after) }]
      for (const hop of hops) {
        const ofHop = (part: readonly AnswerRecord[]): AnswerRecord[] => part.filter((record) => record.hop === hop)
        rows.push({ from, to, split, hop, ...pairedTest(ofHop(before), ofHop(after)) })
      }
      return rows
    }),
  )
}
