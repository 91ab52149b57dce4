import type { Interval, Paired, Score } from '../evaluation/types.ts'

/** One row of the stage table as `evaluation/scores.json` holds it. */
export type ScoreRow = Score & {
  readonly stage: string
  readonly split: string
  readonly hop: number | 'all'
  readonly rarity: string
  readonly form: 'open' | 'choice'
}

/** Two checkpoints on the same questions. */
export type PairedScore = Paired & {
  readonly from: string
  readonly to: string
  readonly split: string
  readonly hop: number | 'all'
}

/** What the policy of a stage still knows of the graph by heart. */
export type RecallScore = {
  readonly stage: string
  readonly n: number
  readonly recalled: number
  readonly rate: number
  readonly interval: Interval
}

/** Everything that `evaluation/scores.json` holds. */
export type Scores = {
  readonly ladder: readonly ScoreRow[]
  readonly paired: readonly PairedScore[]
  /** Always the answer that was most often gold in training, per split. */
  readonly mostFrequent: readonly (Score & { readonly split: string })[]
  readonly facts: readonly RecallScore[]
}

/** A stage that scores below the stage before it: part of the result, never left out. */
export type Fall = {
  readonly from: string
  readonly to: string
  readonly split: string
  readonly hop: number | 'all'
  readonly before: number
  readonly after: number
  readonly p: number
}

/** The column of a stage table: all questions of a split, or those of one hop count or one rarity. */
export type Column = {
  readonly title: string
  readonly hop: number | 'all'
  readonly rarity: string
  readonly n: number
}

/** The stage table of one split, ready to be drawn: a cell per column, null where there was nothing to answer. */
export type LadderBlock = {
  readonly split: string
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly {
    readonly stage: string
    readonly title: string
    readonly cells: readonly (ScoreRow | null)[]
    readonly recall: RecallScore | null
  }[]
  /** Always the answer that was most often gold in training. */
  readonly mostFrequent: Score | null
}

/**
 * The rungs of the stage table in order, as a reader sees them.
 *
 * @paper Fleming-R1 Table 4: base, + cold start, + RL stage 1, + RL stage 2
 */
export const rungs: readonly { readonly stage: string; readonly title: string }[] = [
  { stage: 'base-forced', title: 'base, form forced' },
  { stage: 'base', title: 'base' },
  { stage: 'cold-start', title: '+ cold start' },
  { stage: 'rl-1', title: '+ RL stage 1' },
  { stage: 'rl-2', title: '+ RL stage 2' },
]

export const splitTitles: Readonly<Record<string, string>> = {
  'held-out-composition': 'held-out composition',
  'held-out-disease': 'held-out disease',
}

/** Stands on everything that shows a number or an answer of the model. */
export const notice = 'research only, not for clinical use'

/** A file that is not what its manifest says. */
export type Problem = { readonly file: string; readonly expected: string; readonly found: string }

/** One sealed folder, read back file by file. */
export type FolderAudit = {
  readonly dir: string
  readonly stage: string
  readonly files: number
  readonly sizeBytes: number
  /** Hash of the manifest; null when the manifest itself is damaged. */
  readonly hash: string | null
  /** Name of an input → hash of the manifest that made it. */
  readonly inputs: Readonly<Record<string, string>>
  readonly problems: readonly Problem[]
}
