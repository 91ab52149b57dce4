import { join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { formatJsonl } from '../../core/jsonl.ts'
import { putAtomic } from '../../core/store.ts'
import { type ItemPairedRow, type ItemRow, itemPairedRows, itemRows, scoreItems } from '../../evaluation/item-scores.ts'
import { answerItems, type ItemAnswer } from '../../evaluation/items.ts'
import { type LadderStage, ladderStages } from '../../evaluation/ladder.ts'
import type { Metrics } from '../../policy/loop.ts'
import { ITEM_SCORES_FILE } from '../../release/item-scores.ts'
import type { Config } from '../config.ts'
import { stageOf } from '../load-run.ts'
import type { Observer } from '../observer.ts'
import { startFrom } from '../stages/shared.ts'
import type { Student, StudentSource } from '../student.ts'
import type { ItemMaterial } from './material.ts'

/** What `item-scores.json` holds. */
export type ItemScores = { readonly rows: readonly ItemRow[]; readonly paired: readonly ItemPairedRow[] }

/**
 * The scores of the checkpoints of a run on its held-out items, answered greedily.
 *
 * @param onAnswers called with the answers of each checkpoint as they are there
 * @returns `paired` empty unless every checkpoint was scored
 */
export async function scoreItemCheckpoints(
  runDir: string,
  student: Student,
  maxTokens: number,
  { test, ground }: Pick<ItemMaterial, 'test' | 'ground'>,
  stages: readonly LadderStage[],
  onAnswers: (stage: LadderStage, answers: readonly ItemAnswer[]) => void,
): Promise<ItemScores> {
  const records: Partial<Record<LadderStage, readonly ItemAnswer[]>> = {}
  const rows: ItemRow[] = []
  for (const stage of stages) {
    await startFrom(student, runDir, stageOf(stage))
    const answers = await answerItems({ ...student, maxTokens, ground }, test)
    records[stage] = answers
    rows.push(...itemRows(stage, answers))
    onAnswers(stage, answers)
  }
  const { base, 'cold-start': coldStart, 'rl-1': rlOne, 'rl-2': rlTwo } = records
  const paired =
    base && coldStart && rlOne && rlTwo
      ? itemPairedRows({ base, 'cold-start': coldStart, 'rl-1': rlOne, 'rl-2': rlTwo })
      : []
  return { rows, paired }
}

/**
 * Scores every checkpoint on the held-out items and writes answers and scores. `scores.json` is there with empty tables:
 * no question of the starter graph was asked.
 *
 * @returns the files written, relative to `dir`
 */
export async function makeItemEvaluation(
  dir: string,
  config: Config,
  material: Pick<ItemMaterial, 'test' | 'ground'>,
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const outputs: string[] = []
  const write = (stage: LadderStage, answers: readonly ItemAnswer[]): void => {
    putAtomic(join(dir, `item-answers-${stage}.jsonl`), formatJsonl(answers))
    outputs.push(`item-answers-${stage}.jsonl`)
    const { correct, n, unparsed, interval } = scoreItems(answers)
    const [low, high] = interval.map((end) => (100 * end).toFixed(1))
    observer.note(`${stage}: ${correct} of ${n} items right, 95 % interval ${low} to ${high} %; ${unparsed} unparsed`)
    observer.progress('evaluation', outputs.length, ladderStages.length, {})
  }
  const { maxTokens } = config.evaluation
  const student = await source.get()
  const scores = await scoreItemCheckpoints(join(dir, '..'), student, maxTokens, material, ladderStages, write)
  putAtomic(join(dir, ITEM_SCORES_FILE), `${formatJson({ schemaVersion: 1, ...scores }, { pretty: true })}\n`)
  putAtomic(join(dir, 'scores.json'), `${formatJson({ schemaVersion: 1, ...noScores }, { pretty: true })}\n`)
  return [...outputs, ITEM_SCORES_FILE, 'scores.json']
}

const noScores = { ladder: [], paired: [], mostFrequent: [], facts: [] } as const

/** What a probe of items says: accuracy pooled and by form, unread answers, grounding. Nothing where there are none. */
export async function probeItems(
  student: Student,
  maxTokens: number,
  { probe, ground }: Pick<ItemMaterial, 'probe' | 'ground'>,
): Promise<Metrics> {
  if (probe.length === 0) return {}
  const rows = itemRows('base', await answerItems({ ...student, maxTokens, ground }, probe))
  return Object.fromEntries(
    rows.flatMap(({ axis, name, n, accuracy, unparsed, groundedStepRate }): [string, number][] => {
      if (axis === 'all') {
        const grounded: [string, number][] =
          groundedStepRate === null ? [] : [['probe/grounded_share', groundedStepRate]]
        return [['probe/accuracy', accuracy], ['probe/items', n], ['probe/unread_share', unparsed / n], ...grounded]
      }
      if (axis !== 'form') return []
      return [
        [`probe/${name}/accuracy`, accuracy],
        [`probe/${name}/items`, n],
      ]
    }),
  )
}
