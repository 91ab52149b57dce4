import { type Cells, defineQuestionSource, hasColumns } from './kit.ts'
import { isMissing } from './letters.ts'
import { optionTexts, splitOptions } from './option-list.ts'
import { cleanText, type Draft } from './row-rules.ts'

/**
 * MedReason: each row names the set it was made from, among them MedXpertQA's test and MMLU, which is the contamination that
 * the row inherits. The answer is written out: an option, with its letter before it or an explanation after it. Read as the
 * code that made it writes it, without real rows.
 */
export const medreason = defineQuestionSource({
  name: 'medreason',
  title: 'MedReason',
  license: 'Apache-2.0; made from test sets too',
  language: 'en',
  hub: 'UCSC-VLAA/MedReason',
  use: 'training',
  testedOn: 'written samples',
  columns: 'dataset_name, question, answer, options, reasoning',
  open:
    () =>
    ({ cells }) =>
      read(cells),
})

function read(cells: Cells): Draft | null {
  if (!hasColumns(cells, 'dataset_name', 'question', 'answer')) return null
  const { answer, options: given } = cells
  const options = (typeof given === 'string' ? splitOptions(given)?.options : optionTexts(given)) ?? []
  const name = cleanText(cells.dataset_name)
  const common = {
    ...{ stem: cells.question, row: cells.id_in_dataset, subject: name, explanation: cells.reasoning },
    ...(name === null ? {} : { inheritedFrom: [name] }),
  }
  if (options.length === 0) return { ...common, options: [], golds: [], isOpen: true, answers: [answer] }
  return { ...common, options, golds: isMissing(answer) ? null : [goldOf(cleanText(answer), options)] }
}

/** The one option that an answer starts with, after an "(A)" before it; NaN when there is none, or several fit. */
function goldOf(answer: string | null, options: readonly unknown[]): number {
  const text = comparable(answer?.replace(/^\([A-U]\)\s{0,4}/, '') ?? '')
  const keys = options.map((option) => comparable(cleanText(option) ?? ''))
  const exact = keys.indexOf(text)
  if (exact !== -1) return exact
  const said = text.startsWith('the final decision is: ') ? text.slice('the final decision is: '.length) : text
  const fits = keys.flatMap((key, index) => (key !== '' && said.startsWith(`${key}.`) ? [index] : []))
  // "Iron" and "Iron. Deficiency": the longer one is meant when both fit.
  const longest = fits.toSorted((a, b) => (keys[b]?.length ?? 0) - (keys[a]?.length ?? 0))[0]
  return longest ?? Number.NaN
}

function comparable(text: string): string {
  return text.toLowerCase().replace(/\.$/, '').trim()
}
