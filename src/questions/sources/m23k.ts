import { type Cells, cell, defineQuestionSource } from './kit.ts'
import { isMissing, labelledGolds, numberedGolds } from './letters.ts'
import { optionTexts, splitOptions } from './option-list.ts'
import { standingOf } from './pubmedqa-test.ts'
import { cleanText, type Draft, type Refusal } from './row-rules.ts'

/**
 * m23k and sets of its form: question and options in one prompt, the answer as letter, number and words, which must agree.
 * The set it was made from is inherited contamination; rows that repeat an id of the official test of PubMedQA are test rows,
 * for m1 split PubMedQA by a shuffle of its own, and rows of PubMedQA without an id are dropped. Read as the code that made it writes it, without real rows.
 */
export const m23k = defineQuestionSource({
  name: 'm23k',
  title: 'm23k',
  license: 'none declared; made from MedQA, MedMCQA, HEAD-QA and PubMedQA',
  language: 'en',
  hub: 'UCSC-VLAA/m23k-tokenized',
  use: 'training',
  testedOn: 'written samples',
  columns: 'prompt, answer_letter, answer_string, source',
  open:
    () =>
    ({ cells }) =>
      read(cells),
})

function read(cells: Cells): Draft | Refusal | null {
  const prompt = cell(cells, 'prompt', 'question')
  const letter = cell(cells, 'answer_letter', 'answer')
  const answer = cells.answer_string
  if (typeof prompt !== 'string' || (letter === undefined && answer === undefined)) return null
  const asked = askedOf(prompt, cells.options)
  const source = cleanText(cells.source)
  const standing = standingOf(source, cells.metadata)
  if (standing === 'unknown') return { reason: 'no row id', detail: `of ${source}, and may be of its official test` }
  const common = {
    ...{ row: cells.id, explanation: cells.reasoning },
    ...(source === null ? {} : { inheritedFrom: [source] }),
    ...(standing === 'official test' ? { split: 'test' as const } : {}),
  }
  if (asked === null)
    return { stem: prompt, options: [], golds: [], isOpen: true, answers: [answer ?? letter], ...common }
  const byNumber = isMissing(cells.answer_idx) ? null : numberedGolds(cells.answer_idx, 0)
  const golds = isMissing(letter) ? byNumber : labelledGolds(letter)
  if (byNumber !== null && golds !== null && byNumber[0] !== golds[0])
    return { reason: 'answer and gold differ', detail: `letter ${String(letter)}, number ${String(cells.answer_idx)}` }
  return { stem: asked.stem, options: asked.options, golds, answers: [answer], ...common }
}

function askedOf(
  prompt: string,
  given: unknown,
): { readonly stem: string; readonly options: readonly unknown[] } | null {
  const options = typeof given === 'string' ? splitOptions(given)?.options : optionTexts(given)
  if (options !== undefined && options !== null && options.length > 0) return { stem: prompt, options }
  const split = splitOptions(prompt)
  return split === null ? null : { stem: split.before, options: split.options }
}
