import { detectAnswerBase } from './answer-base.ts'
import { type Cells, defineQuestionSource, hasColumns } from './kit.ts'
import { numberedGolds } from './letters.ts'
import type { Draft } from './row-rules.ts'

const columns = ['op1', 'op2', 'op3', 'op4'] as const

/**
 * CareQA (English): answers from 1, in some copies as floats; bare NaN outside strings is nothing, within them sodium and
 * nitrogen. Rows without a question are dropped. The open-ended part is read too.
 */
export const careqa = defineQuestionSource({
  name: 'careqa',
  title: 'CareQA',
  license: 'Apache-2.0',
  language: 'en',
  hub: 'HPAI-BSC/CareQA',
  hubConfig: 'CareQA_en',
  use: 'benchmark',
  testedOn: 'real rows',
  columns: 'question, op1, op2, op3, op4, cop',
  rowOptions: { bareNaN: true },
  open: async (input, rows) => {
    const base = await detectAnswerBase(input, rows(), { column: 'cop', optionCount: () => 4, documented: 1 })
    return ({ cells }) => read(cells, base)
  },
})

function read(cells: Cells, base: 0 | 1): Draft | null {
  const common = { stem: cells.question, row: cells.unique_id, subject: cells.category }
  if (hasColumns(cells, 'question', 'cop', ...columns))
    return { ...common, options: columns.map((name) => cells[name]), golds: numberedGolds(cells.cop, base) }
  if (hasColumns(cells, 'question', 'answer'))
    return { ...common, options: [], golds: [], isOpen: true, answers: [cells.answer] }
  return null
}
