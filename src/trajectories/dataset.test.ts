import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readJsonl } from '../core/jsonl.ts'
import { readParquetRows } from '../questions/sources/parquet-rows.ts'
import { writeDataset } from './dataset.ts'
import { scriptedTeacher } from './fixtures/scripted-teacher.ts'
import { choiceTask, soundThinking } from './fixtures/tasks.ts'
import { type Taught, teach } from './teach.ts'

const dir = mkdtempSync(join(tmpdir(), 'fleming-dataset-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const tasks = ['q1', 'q2', 'q3'].map((id) => choiceTask(id, id === 'q3' ? { difficulty: null } : {}))

const taughtBy = async (): Promise<Taught> =>
  teach(tasks, {
    teacher: scriptedTeacher(({ task, mode, revision }) => {
      const isRight = task.id === 'q1' || (mode === 'answer-aware' && (task.id === 'q2' || revision !== null))
      return ` ${soundThinking(` | <b> 肺 ${task.id}`)}</think><answer> ${isRight ? 'B' : 'C'}</answer>`
    }),
    ...{ attempts: 2, mode: 'blind-first', strategies: ['backtracking'], depth: 1 },
    ...{ actions: {}, judgeSteps: null },
  })

const write = async (name: string) => {
  const { trajectories, report } = await taughtBy()
  const files = await writeDataset(join(dir, name), trajectories, tasks, { name: 'own run', report, cut: 1 })
  return { trajectories, report, files }
}

test('JSONL and Parquet hold the same rows, and the same trajectories make the same bytes', async () => {
  const { trajectories, files } = await write('a')
  await write('b')
  for (const file of files) expect(readFileSync(join(dir, 'a', file))).toEqual(readFileSync(join(dir, 'b', file)))
  const rows = readJsonl(join(dir, 'a', 'trajectories.jsonl'), (value) => value as Record<string, unknown>)
  expect(rows.map(({ id }) => id)).toEqual(trajectories.map(({ id }) => id))
  expect(rows[0]).toEqual({
    ...{
      id: trajectories[0]!.id,
      question_id: 'q1',
      prompt: tasks[0]!.prompt,
      completion: trajectories[0]!.completion,
    },
    ...{ thinking: soundThinking(' | <b> 肺 q1'), answer: 'B', language: 'en', difficulty: 'moderate' },
    ...{
      teacher: 'scripted-teacher',
      saw_gold: false,
      origin: 'blind',
      strategy: null,
      attempts: 2,
      backtracks: false,
    },
    ...{ grounded_steps: 0, checkable_steps: 0, licenses: ['CC0-1.0'], sources: ['written'] },
  })
  const read: unknown[] = []
  for await (const { value } of readParquetRows(join(dir, 'a', 'trajectories.parquet'))) read.push(value)
  const flat = rows.map((row) => ({ ...row, licenses: 'CC0-1.0', sources: 'written' }))
  expect(read).toEqual(flat)
})

test('the card has front matter that YAML reads, counts, lineage and the warning', async () => {
  await write('card')
  const card = readFileSync(join(dir, 'card', 'README.md'), 'utf8')
  const [, front = ''] = card.split('---\n')
  expect(parse(front)).toEqual({
    pretty_name: 'own run: reasoning trajectories',
    license: 'cc0-1.0',
    language: ['en'],
    task_categories: ['question-answering', 'text-generation'],
    tags: ['medical', 'reasoning', 'synthetic'],
    configs: [{ config_name: 'default', data_files: [{ split: 'train', path: 'trajectories.parquet' }] }],
  })
  for (const line of [
    'Research only, not for clinical use.',
    '| questions asked | 3 |',
    '| trajectories | 3 |',
    '| cut for the share that saw the gold | 1 |',
    '| written by a teacher that saw the gold or the path to it | 2 |',
    '| origin: refined | 1 |',
    '| rescued by: backtracking | 1 |',
    '| blind | 3 | 6 | 2 | 1 | 0 | 0 |',
    '| answer-aware, backtracking, depth 1 | 1 | 1 | 1 | 1 | 0 | 0 |',
    'Teachers: scripted-teacher.',
    'Sources: written. Licences: CC0-1.0.',
  ]) {
    expect(card).toContain(line)
  }
})

test('several licences are named, not chosen from', async () => {
  const { trajectories, report } = await taughtBy()
  const mixed = tasks.map((task, index) => ({ ...task, licenses: [index === 0 ? 'MIT' : 'CC-BY-SA-4.0'] }))
  await writeDataset(join(dir, 'mixed'), trajectories, mixed, { name: 'n', report, cut: 0 })
  const [, front = ''] = readFileSync(join(dir, 'mixed', 'README.md'), 'utf8').split('---\n')
  expect(parse(front)).toMatchObject({ license: 'other', license_name: 'CC-BY-SA-4.0, MIT' })
})

test('no trajectories make an empty data set with all its columns', async () => {
  const { report } = await taughtBy()
  await writeDataset(join(dir, 'empty'), [], tasks, { name: 'n', report, cut: 0 })
  expect(readFileSync(join(dir, 'empty', 'trajectories.jsonl'), 'utf8')).toBe('')
  const rows: unknown[] = []
  for await (const row of readParquetRows(join(dir, 'empty', 'trajectories.parquet'))) rows.push(row)
  expect(rows).toEqual([])
})

test('a trajectory of a question that is not given is refused', async () => {
  const { trajectories, report } = await taughtBy()
  const write = writeDataset(join(dir, 'none'), trajectories, tasks.slice(1), { name: 'n', report, cut: 0 })
  await expect(write).rejects.toThrow('answers a question that is not given')
})
