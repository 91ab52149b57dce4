import { basename } from 'node:path'
import type { QuestionInput } from '../types.ts'
import { detectAnswerBase } from './answer-base.ts'
import { type Cells, defineQuestionSource, hasColumns } from './kit.ts'
import { labelledGolds, numberedGolds, wholeNumber } from './letters.ts'
import type { Draft } from './row-rules.ts'

const letters = ['A', 'B', 'C', 'D'] as const
const columns = ['question', ...letters, 'answer'] as const

/**
 * MMLU: Parquet and JSONL with `choices` and answers from 0, and the CSV without a header, whose name is its subject. Read in
 * its documented forms, without real rows.
 */
export const mmlu = defineQuestionSource({
  name: 'mmlu',
  title: 'MMLU',
  license: 'MIT',
  language: 'en',
  hub: 'cais/mmlu',
  use: 'benchmark',
  testedOn: 'written samples',
  columns: 'question, choices, answer (or a CSV without header: question, A, B, C, D, letter)',
  rowOptions: { csvColumns: (first) => (isRecord(first) ? columns : null) },
  open: async (input, rows) => {
    const optionCount = ({ choices }: Cells) => (Array.isArray(choices) ? choices.length : letters.length)
    const base = await detectAnswerBase(input, rows(), { column: 'answer', optionCount, documented: 0 })
    return ({ cells }) => read(cells, base, input)
  },
})

/** Six cells of which the last is a letter: a question already, no header. */
function isRecord(first: readonly string[]): boolean {
  return first.length === columns.length && /^\s*[A-D]\s*$/.test(first[5] ?? '')
}

function read(cells: Cells, base: 0 | 1, { file }: QuestionInput): Draft | null {
  const { choices, answer } = cells
  if (!hasColumns(cells, 'question', 'answer')) return null
  const options = Array.isArray(choices)
    ? (choices as readonly unknown[])
    : hasColumns(cells, ...letters)
      ? letters.map((letter) => cells[letter])
      : null
  if (options === null) return null
  const golds = wholeNumber(answer) === null ? labelledGolds(answer) : numberedGolds(answer, base)
  return { stem: cells.question, options, golds, subject: cells.subject ?? subjectOfName(file) }
}

/** `college_biology_test.csv` is of college_biology. */
function subjectOfName(file: string): string | null {
  return /^([a-z_]+)_(?:test|dev|val)\.csv$/.exec(basename(file))?.[1] ?? null
}
