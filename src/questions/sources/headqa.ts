import { type Cells, defineQuestionSource, hasColumns } from './kit.ts'
import { isMissing, labelledGolds, wholeNumber } from './letters.ts'
import { optionTexts } from './option-list.ts'
import type { Draft } from './row-rules.ts'

/**
 * HEAD-QA (English): `ra` is the number of the right answer among those listed, which say their own numbers; and the form of
 * openlifescienceai with letters. Read in its documented forms, without real rows.
 */
export const headqa = defineQuestionSource({
  name: 'headqa',
  title: 'HEAD-QA',
  license: 'MIT',
  language: 'en',
  hub: 'EleutherAI/headqa',
  hubConfig: 'en',
  use: 'training',
  testedOn: 'written samples',
  columns: 'qtext, answers, ra (or data with Question, Options, Correct Option)',
  open:
    () =>
    ({ cells }) =>
      hasColumns(cells, 'qtext', 'ra') ? fromAnswers(cells) : fromData(cells),
})

type Answer = { readonly number: number; readonly text: unknown }

function fromAnswers(cells: Cells): Draft | null {
  const answers = answersOf(cells.answers)
  if (answers === null) return null
  const right = wholeNumber(cells.ra)
  const gold = answers.findIndex(({ number }) => number === right)
  return {
    stem: cells.qtext,
    options: answers.map(({ text }) => text),
    golds: isMissing(cells.ra) ? null : [gold === -1 ? Number.NaN : gold],
    ...{ row: cells.qid, subject: cells.category },
  }
}

/** `[{aid, atext}]`, or `{aid: [], atext: []}` as Parquet may keep it. */
function answersOf(value: unknown): readonly Answer[] | null {
  if (typeof value !== 'object' || value === null) return null
  const pairs = Array.isArray(value) ? value : zip(value)
  const answers = pairs.map((pair: unknown) => {
    if (typeof pair !== 'object' || pair === null || !('aid' in pair) || !('atext' in pair)) return null
    const number = wholeNumber(pair.aid)
    return number === null ? null : { number, text: pair.atext }
  })
  return answers.some((answer) => answer === null) ? null : answers.filter((answer) => answer !== null)
}

function zip(value: object): readonly unknown[] {
  if (!('aid' in value && 'atext' in value)) return []
  const { aid, atext } = value
  if (!Array.isArray(aid) || !Array.isArray(atext) || aid.length !== atext.length) return []
  return aid.map((id: unknown, index) => ({ aid: id, atext: atext[index] as unknown }))
}

function fromData(cells: Cells): Draft | null {
  const { data } = cells
  if (typeof data !== 'object' || data === null) return null
  const inner: Cells = Object.fromEntries(Object.entries(data))
  const options = optionTexts(inner.Options)
  if (options === null || !hasColumns(inner, 'Question', 'Correct Option')) return null
  return {
    stem: inner.Question,
    options,
    golds: labelledGolds(inner['Correct Option']),
    answers: [inner['Correct Answer']],
    ...{ row: cells.id, subject: cells.subject_name },
  }
}
