import { join } from 'node:path'
import { DataError } from '../core/errors.ts'
import { formatJsonl } from '../core/jsonl.ts'
import { ensureDir, putAtomic } from '../core/store.ts'
import { readCompletion } from '../text/answer.ts'
import { type DatasetFacts, datasetCard } from './dataset-card.ts'
import type { TeacherTask, Trajectory } from './types.ts'

/** A row of the data set; names as data sets on the Hub have them. */
export type DatasetRow = {
  readonly id: string
  readonly question_id: string
  readonly prompt: string
  readonly completion: string
  readonly thinking: string
  readonly answer: string
  readonly language: string
  readonly difficulty: string | null
  readonly teacher: string
  readonly saw_gold: boolean
  readonly origin: string
  readonly strategy: string | null
  readonly attempts: number
  readonly backtracks: boolean
  readonly grounded_steps: number
  readonly checkable_steps: number
  readonly licenses: readonly string[]
  readonly sources: readonly string[]
}

export const datasetFiles = ['README.md', 'trajectories.jsonl', 'trajectories.parquet'] as const

/**
 * Writes trajectories as a data set that `datasets.load_dataset` reads: JSONL and Parquet with the same rows, and a card.
 * Same trajectories, same bytes.
 *
 * @param tasks those the trajectories answer, at least
 * @returns names of the files in `dir`
 * @throws {DataError} when a trajectory has no task
 */
export async function writeDataset(
  dir: string,
  trajectories: readonly Trajectory[],
  tasks: readonly TeacherTask[],
  facts: DatasetFacts,
): Promise<readonly string[]> {
  const byId = new Map<string, TeacherTask>(tasks.map((task) => [task.id, task]))
  const rows = trajectories.map((trajectory) => {
    const task = byId.get(trajectory.questionId)
    if (task === undefined) throw new DataError(`trajectory ${trajectory.id} answers a question that is not given`)
    return rowOf(trajectory, task)
  })
  ensureDir(dir)
  putAtomic(join(dir, 'trajectories.jsonl'), formatJsonl(rows))
  putAtomic(join(dir, 'trajectories.parquet'), await parquetOf(rows))
  putAtomic(join(dir, 'README.md'), datasetCard(rows, facts))
  return datasetFiles
}

function rowOf(trajectory: Trajectory, task: TeacherTask): DatasetRow {
  const { thinking, answer } = readCompletion(trajectory.completion, { thinkPrefilled: true })
  return {
    id: trajectory.id,
    question_id: trajectory.questionId,
    prompt: task.prompt,
    completion: trajectory.completion,
    thinking: thinking ?? '',
    answer: answer ?? '',
    language: task.language,
    difficulty: task.difficulty,
    teacher: trajectory.teacher,
    saw_gold: trajectory.sawGold,
    origin: trajectory.origin,
    strategy: trajectory.strategy,
    attempts: trajectory.attempts,
    backtracks: trajectory.backtracks,
    grounded_steps: trajectory.groundedSteps,
    checkable_steps: trajectory.checkableSteps,
    licenses: task.licenses,
    sources: task.sources,
  }
}

const numbers = ['attempts', 'grounded_steps', 'checkable_steps'] as const
const flags = ['saw_gold', 'backtracks'] as const
const lists = ['licenses', 'sources'] as const

/** The rows as a Parquet file. Lists are joined by `; `: nested columns are read differently from reader to reader. */
async function parquetOf(rows: readonly DatasetRow[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const { id: _, ...rest } = emptyRow
  const columnData = ['id', ...Object.keys(rest)].map((name) => {
    const field = name as keyof DatasetRow
    const isNumber = numbers.some((known) => known === name)
    const isFlag = flags.some((known) => known === name)
    const isList = lists.some((known) => known === name)
    return {
      name,
      type: isNumber ? ('INT32' as const) : isFlag ? ('BOOLEAN' as const) : ('STRING' as const),
      data: rows.map((row) => (isList ? (row[field] as readonly string[]).join('; ') : row[field])),
    }
  })
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'fleming' }))
}

/** Names and order of the columns, also where there are no rows. */
const emptyRow: DatasetRow = {
  ...{ id: '', question_id: '', prompt: '', completion: '', thinking: '', answer: '', language: '', difficulty: null },
  ...{ teacher: '', saw_gold: false, origin: '', strategy: null, attempts: 0, backtracks: false },
  ...{ grounded_steps: 0, checkable_steps: 0, licenses: [], sources: [] },
}
