import { DataError } from '../../core/errors.ts'
import type { QuestionInput } from '../types.ts'
import { wholeNumber } from './letters.ts'
import type { Row } from './rows.ts'

/** Where a row keeps the number of its answer. */
export type NumberedAnswer = {
  readonly column: string
  /** Options of a row, the number that only a count from 1 can reach. */
  readonly optionCount: (cells: Readonly<Record<string, unknown>>) => number
  /** What the data set's own documents say; null where its copies differ. */
  readonly documented: 0 | 1 | null
}

/**
 * Whether a file counts its options from 0 or from 1, by its rows: a 0 occurs only in the one, the number of options only in
 * the other. Without either the documented base holds, where there is one.
 *
 * @returns as declared where the input declares it
 * @throws {DataError} when both occur, when neither does and no document helps, or when the rows contradict the document
 */
export async function detectAnswerBase(
  input: QuestionInput,
  rows: AsyncIterable<Row>,
  { column, optionCount, documented }: NumberedAnswer,
): Promise<0 | 1> {
  if (input.answerBase !== undefined) return input.answerBase
  let zero: number | null = null
  let last: number | null = null
  let isLabelled = false
  for await (const { value, line } of rows) {
    if (typeof value !== 'object' || value === null) continue
    const cells = Object.fromEntries(Object.entries(value))
    const answer = wholeNumber(cells[column])
    if (answer === null || answer < 0) continue
    isLabelled = true
    if (answer === 0) zero ??= line
    else if (answer === optionCount(cells)) last ??= line
  }
  const { file } = input
  const ask = 'declare the base of its answers: 0 or 1'
  if (zero !== null && last !== null)
    throw new DataError(
      `"${column}" is 0 in line ${zero}, and in line ${last} the number of options: no one base fits`,
      {
        ...{ file, line: last, field: column },
        hint: `this looks like two copies in one file; separate them, or ${ask}`,
      },
    )
  const shown = zero !== null ? 0 : last !== null ? 1 : null
  if (shown !== null && documented !== null && shown !== documented)
    throw new DataError(`"${column}" counts options from ${shown}, this data set from ${documented}`, {
      ...{ file, line: zero ?? last ?? 1, field: column },
      hint: `is this the data set you named? if it is, ${ask}`,
    })
  const base = shown ?? documented
  if (base !== null) return base
  // Without a label there is nothing to misread.
  if (!isLabelled) return 0
  throw new DataError(`"${column}" never holds 0 and never the number of options: it shows no base`, {
    ...{ file, field: column },
    hint: `copies of this data set differ; ${ask}`,
  })
}
