import { detectAnswerBase } from './answer-base.ts'
import { type Cells, cell, defineQuestionSource, hasColumns } from './kit.ts'
import { labelledGolds, numberedGolds } from './letters.ts'
import { optionTexts } from './option-list.ts'
import type { Draft } from './row-rules.ts'

const endings = ['ending0', 'ending1', 'ending2', 'ending3', 'ending4'] as const

/**
 * MedQA (USMLE, English): the 4- and 5-option JSONL, the `-hf` form with `ending0` to `ending3`, and the list of options of
 * bigbio. The answer in words must be the option that the letter names.
 */
export const medqa = defineQuestionSource({
  name: 'medqa',
  title: 'MedQA-USMLE',
  license: 'MIT (jind11/MedQA); copies differ',
  language: 'en',
  hub: 'GBaker/MedQA-USMLE-4-options',
  use: 'training',
  testedOn: 'real rows',
  columns: 'question, options, answer_idx (or sent1, ending0…, label)',
  open: async (input, rows) => {
    let base: 0 | 1 | null = null
    for await (const { value } of rows()) {
      if (typeof value !== 'object' || value === null || !('ending0' in value)) break
      const optionCount = (cells: Cells) => endingsOf(cells).length
      base = await detectAnswerBase(input, rows(), { column: 'label', optionCount, documented: 0 })
      break
    }
    return ({ cells }) =>
      hasColumns(cells, 'sent1', 'ending0', 'label') ? fromEndings(cells, base ?? 0) : fromOptions(cells)
  },
})

function fromOptions(cells: Cells): Draft | null {
  const options = optionTexts(cells.options)
  if (options === null || !hasColumns(cells, 'question') || !hasColumns(cells, 'answer_idx')) return null
  return {
    ...{ stem: cells.question, options, golds: labelledGolds(cells.answer_idx), answers: [cells.answer] },
    ...{ row: cells.id, subject: cell(cells, 'meta_info') },
  }
}

function fromEndings(cells: Cells, base: 0 | 1): Draft {
  const stem = [cells.sent1, cells.sent2].filter((part) => typeof part === 'string' && part.trim() !== '').join('\n')
  return { stem, options: endingsOf(cells), golds: numberedGolds(cells.label, base), row: cells.id }
}

function endingsOf(cells: Cells): readonly unknown[] {
  return endings.filter((name) => Object.hasOwn(cells, name)).map((name) => cells[name])
}
