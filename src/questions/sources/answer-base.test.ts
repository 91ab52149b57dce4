import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { formatJsonl } from '../../core/jsonl.ts'
import type { QuestionInput, QuestionSource } from '../types.ts'
import { careqa } from './careqa.ts'
import { readAll } from './fixtures/read-all.ts'
import { medmcqa } from './medmcqa.ts'

const root = mkdtempSync(join(tmpdir(), 'base-'))
afterAll(() => rmSync(root, { recursive: true }))

function read(source: QuestionSource, cops: readonly unknown[], input: Partial<QuestionInput> = {}) {
  const file = join(root, 'rows.jsonl')
  const texts = { opa: 'a', opb: 'b', opc: 'c', opd: 'd', op1: 'a', op2: 'b', op3: 'c', op4: 'd' }
  writeFileSync(file, formatJsonl(cops.map((cop, index) => ({ question: `Which of ${index}?`, ...texts, cop }))))
  return readAll(source, file, input)
}
const answersOf = async (promise: ReturnType<typeof read>) => (await promise).items.map(({ answers }) => answers[0])

describe('the base of answers', () => {
  test('is 0 where a 0 occurs, and 1 where the number of options does', async () => {
    expect(await answersOf(read(medmcqa, [1, 0, 3]))).toEqual(['b', 'a', 'd'])
    expect(await answersOf(read(medmcqa, [1, 4, 3]))).toEqual(['a', 'd', 'c'])
    expect(await answersOf(read(medmcqa, ['1', 4.0]))).toEqual(['a', 'd'])
  })

  test('is asked for where rows do not show it, and taken as declared', async () => {
    const error = await read(medmcqa, [1, 2, 3]).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(DataError)
    expect(error).toMatchObject({ field: 'cop', hint: expect.stringContaining('declare the base') })
    expect(await answersOf(read(medmcqa, [1, 2, 3], { answerBase: 0 }))).toEqual(['b', 'c', 'd'])
    expect(await answersOf(read(medmcqa, [1, 2, 3], { answerBase: 1 }))).toEqual(['a', 'b', 'c'])
  })

  test('fits no file in which both occur, and the error names both lines', async () => {
    await expect(read(medmcqa, [1, 4, 0])).rejects.toThrow(/0 in line 3, and in line 2 the number of options/)
  })

  test('needs no sign in a file without labels: every row is unlabelled', async () => {
    expect((await read(medmcqa, [-1, null, -1])).reasons).toEqual({ unlabelled: 3 })
  })

  test('of a data set that documents it holds without a sign, and a copy that contradicts it is refused', async () => {
    expect(await answersOf(read(careqa, [1, 2]))).toEqual(['a', 'b'])
    await expect(read(careqa, [0, 2])).rejects.toThrow('counts options from 0, this data set from 1')
    expect(await answersOf(read(careqa, [0, 2], { answerBase: 0 }))).toEqual(['a', 'c'])
  })

  test('leaves golds that are no option, or no number, as faults of their rows', async () => {
    const { items, reasons } = await read(medmcqa, [4, 5, 'x', 2.5, null])
    expect([items.length, reasons]).toEqual([1, { 'gold is not an option': 3, unlabelled: 1 }])
  })
})
