import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cpuMs } from './fixtures/cpu-time.ts'
import { formatAnswer, readAnswer } from './kinds.ts'
import type { AnswerSpec } from './types.ts'

const signs: AnswerSpec = {
  kind: 'choices',
  options: ['Fever', 'Cough', 'Fever, chills and cough', 'All of the above'],
}
const names: AnswerSpec = {
  kind: 'names',
  names: ['myocardial infarction', 'heart attack', 'cancer of the lung', 'type 2 diabetes mellitus', 'hypertension'],
}
const read = (body: string | null, spec: AnswerSpec): string => formatAnswer(readAnswer(body, spec))

describe('a set of options', () => {
  test.each([
    ['A', 'A'],
    ['A, B', 'A B'],
    ['B,A', 'A B'],
    ['A；B', 'A B'],
    ['A、B', 'A B'],
    ['A和B', 'A B'],
    ['A/B', 'A B'],
    ['A & B', 'A B'],
    ['A and B', 'A B'],
    ['A, B, and D', 'A B D'],
    ['both A and B', 'A B'],
    ['AB', 'A B'],
    ['A B', 'A B'],
    ['(A), (B)', 'A B'],
    ['**A**, **B**.', 'A B'],
    ['A. Fever\nB. Cough', 'A B'],
    ['fever; cough', 'A B'],
    ['A, fever, B', 'A B'],
    ['Fever, chills and cough', 'C'],
    ['C. Fever, chills and cough, B', 'B C'],
    ['all of the above', 'D'],
    ['the answers are A and C', 'A C'],
    ['答案是 A、B', 'A B'],
    ['A,A', 'duplicate'],
    ['ABA', 'duplicate'],
    ['A, fever', 'A'],
    ['A, B, fever', 'duplicate'],
    ['A, E', 'outOfRange'],
    ['А, B', 'outOfRange'],
    ['A. Cough, B', 'conflict'],
    ['A or B', 'several'],
    ['A, B or C', 'several'],
    ['not A', 'negated'],
    ['not A and B', 'negated'],
    ['bad', 'noMatch'],
    ['A, because of the fever', 'noMatch'],
    ['', 'none'],
  ])('%j reads as %s', (body, expected) => {
    expect(read(body, signs)).toBe(expected)
  })

  test('order, separators and spaces do not change it', () => {
    const list = fc.shuffledSubarray(['A', 'B', 'C', 'D'], { minLength: 1 })
    const separator = fc.constantFrom(',', ';', '、', '/', ' and ', '&', '和', '\n', ' , ')
    fc.assert(
      fc.property(list, separator, (letters, between) => {
        const sorted = [...letters].sort().join(' ')
        expect(read(letters.join(between), { kind: 'choices', options: ['wet', 'dry', 'hot', 'cold'] })).toBe(sorted)
      }),
    )
  })

  test('hostile lists take less than 5 ms each', () => {
    for (const piece of ['A,', 'A ', 'fever, ', ',', 'A and ', '(', 'A or ', 'not ', '和']) {
      const body = piece.repeat(Math.floor(4000 / piece.length))
      readAnswer(body, signs)
      const spentMs = cpuMs(() => {
        for (let round = 0; round < 5; round += 1) readAnswer(body, signs)
      })
      expect(spentMs).toBeLessThan(5 * 5 * 4)
    }
    expect(read('A,'.repeat(100_000), signs)).toBe('noMatch')
  })
})

describe('accepted wordings', () => {
  test.each([
    ['Heart attacks', 'wording 2'],
    ['The diagnosis is **myocardial infarction**.', 'wording 1'],
    ['myocardial infarction (MI)', 'wording 1'],
    ['MI (myocardial infarction)', 'wording 1'],
    ['heart attack (myocardial infarction)', 'wording 2'],
    ['type II diabetes mellitus', 'wording 4'],
    ['myocardial infarction (stroke)', 'conflict'],
    ['not a heart attack', 'negated'],
    ['no hypertension', 'negated'],
    ['heart attack or stroke', 'several'],
    ['heart attack, stroke', 'several'],
    ['cancer', 'tooGeneral'],
    ['diabetes mellitus', 'tooGeneral'],
    ['hypotension', 'noMatch'],
    ['non-hypertension', 'noMatch'],
    ['MI', 'noMatch'],
    ['acute heart attack', 'noMatch'],
    ['it is a heart attack because of the pain', 'noMatch'],
    ['', 'none'],
  ])('%j reads as %s', (body, expected) => {
    expect(read(body, names)).toBe(expected)
  })
})

test('no answer has no value, whatever is asked for', () => {
  const number: AnswerSpec = { kind: 'number', form: 'number', unit: 'mg', isUnitFixed: true }
  for (const spec of [signs, names, number]) expect(read(null, spec)).toBe('none')
  expect(read('7', number)).toBe('7')
  expect(read('B', { kind: 'choice', options: ['wet', 'dry'] })).toBe('B')
  expect(read('5-10', { ...number, form: 'range' })).toBe('5 to 10')
})
