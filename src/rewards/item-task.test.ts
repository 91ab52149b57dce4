import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Item, QuestionId } from '../questions/types.ts'
import { readAnswer } from '../text/kinds.ts'
import { isRight } from './correctness.ts'
import { promptOf } from './item-prompt.ts'
import { goldOf, orderAt, specOf, taskOf } from './item-task.ts'
import { canMove, isAnchored, refersToLetters } from './option-order.ts'

const item = (more: Partial<Item>): Item => ({
  id: 'q1' as QuestionId,
  form: 'single',
  language: 'en',
  stem: 'Which drug lowers hepatic glucose output?',
  context: null,
  options: ['Metformin', 'Glipizide', 'Sitagliptin', 'Pioglitazone'],
  golds: [0],
  answers: ['Metformin'],
  origin: {
    kind: 'curated',
    source: 'written',
    revision: '1',
    license: 'CC0-1.0',
    split: 'train',
    file: 'a.jsonl',
    line: 1,
    row: null,
  },
  ...more,
})
const open = (answers: readonly string[], stem = 'What is it?'): Item =>
  item({ form: 'open', options: [], golds: [], answers, stem })

describe('the spec of an item', () => {
  test('follows its form, and shows the options in the order asked for', () => {
    expect(specOf(item({}))).toEqual({
      kind: 'choice',
      options: ['Metformin', 'Glipizide', 'Sitagliptin', 'Pioglitazone'],
    })
    expect(taskOf(item({ form: 'multiple', golds: [0, 3] }), { order: [3, 2, 1, 0] })).toEqual({
      id: 'q1',
      spec: { kind: 'choices', options: ['Pioglitazone', 'Sitagliptin', 'Glipizide', 'Metformin'] },
      gold: { kind: 'options', indices: [0, 3] },
    })
    expect(goldOf(item({ golds: [1] }), { order: [2, 0, 3, 1] })).toEqual({ kind: 'options', indices: [3] })
    expect(taskOf(open(['gout', 'podagra']))).toMatchObject({
      spec: { kind: 'names', names: ['gout', 'podagra'] },
      gold: { kind: 'names' },
    })
  })

  test('of an open item whose wordings are one number is numeric, with the unit and the printed places', () => {
    expect(taskOf(open(['7.2 mg', '7,200 mcg', '0.0072 g']))).toEqual({
      id: 'q1',
      spec: { kind: 'number', form: 'number', unit: 'mg', isUnitFixed: false, decimalMark: '.' },
      gold: { kind: 'number', value: 7.2, decimals: 1 },
    })
    expect(specOf(open(['7.2 mg/dL'], 'What is the level in mg/dL?'))).toMatchObject({ isUnitFixed: true })
    expect(specOf(open(['7.2 mg'], 'What is the dose in mg/kg?'))).toMatchObject({ isUnitFixed: false })
    expect(taskOf(open(['5-10 %']), { tolerance: { relative: 0.05 } }).gold).toEqual({
      kind: 'range',
      low: 5,
      high: 10,
      decimals: null,
      tolerance: { relative: 0.05 },
    })
    for (const answers of [['7 mg', '8 mg'], ['7 mg', 'seven'], ['vitamin B12'], ['5', '5 mg'], ['7 tablets']]) {
      expect(specOf(open(answers)).kind).toBe('names')
    }
  })

  test('of an item that cannot be asked is refused', () => {
    const refusals: readonly (readonly [Item, string])[] = [
      [item({ options: [] }), 'options'],
      [item({ golds: [] }), 'golds'],
      [item({ golds: [4] }), 'golds'],
      [item({ golds: [0, 1] }), 'golds'],
      [item({ form: 'multiple', golds: [1, 1] }), 'golds'],
      [open([]), 'answers'],
      [open(['gout', ' ** ']), 'answers'],
    ]
    for (const [bad, field] of refusals)
      expect(() => taskOf(bad)).toThrow(expect.objectContaining({ code: 'E_DATA', field }))
    for (const order of [
      [0, 1, 2],
      [0, 1, 2, 2],
      [1, 2, 3, 4],
    ])
      expect(() => taskOf(item({}), { order })).toThrow(/order/)
  })
})

describe('numbers are right', () => {
  const isCorrect = (body: string, gold: string, more = {}): boolean => {
    const task = taskOf(open([gold]), more)
    return isRight(readAnswer(body, task.spec), task.gold)
  }

  test('when they round to the gold at its printed places, whole numbers only when they are the same', () => {
    expect(['7.2 mg', '7.24 mg', '7.15 mg', '7.25 mg', '7200 ug'].map((body) => isCorrect(body, '7.2 mg'))).toEqual(
      Array.from({ length: 5 }, () => true),
    )
    expect(['7 mg', '7.3 mg', '7.26 mg', '-7.2 mg', '7.2 g'].some((body) => isCorrect(body, '7.2 mg'))).toBe(false)
    expect([isCorrect('7', '7'), isCorrect('7.0', '7'), isCorrect('7.1', '7'), isCorrect('8', '7')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect([isCorrect('-0', '0'), isCorrect('5-10', '7'), isCorrect('>5', '7'), isCorrect('0.5', '1/2')]).toEqual([
      true,
      false,
      false,
      true,
    ])
  })

  test('within the tolerance, absolute or relative, whichever allows more, both ends included', () => {
    const relative = { tolerance: { relative: 0.05 } }
    expect([95, 105, 94.9, 105.1].map((value) => isCorrect(`${value}`, '100', relative))).toEqual([
      true,
      true,
      false,
      false,
    ])
    const both = { tolerance: { relative: 0.05, absolute: 10 } }
    expect([90, 110, 89, 111].map((value) => isCorrect(`${value}`, '100', both))).toEqual([true, true, false, false])
    expect(isCorrect('5.0 mmol/L', '90 mg/dL', { analyte: 'glucose', ...relative })).toBe(true)
    expect(isCorrect('5.0 mmol/L', '90 mg/dL', relative)).toBe(false)
  })
})

describe('the order of options', () => {
  test('depends on seed, item and visit alone, and visits differ', () => {
    expect(orderAt(item({}), 1, 0)).toEqual(orderAt(item({ stem: 'other' }), 1, 0))
    const orders = (make: (index: number) => readonly number[]): number =>
      new Set(Array.from({ length: 60 }, (_, index) => make(index).join(''))).size
    expect(orders((visit) => orderAt(item({}), 1, visit))).toBeGreaterThan(15)
    expect(orders((seed) => orderAt(item({}), seed, 0))).toBeGreaterThan(15)
    expect(orders((id) => orderAt(item({ id: `q${id}` as QuestionId }), 1, 0))).toBeGreaterThan(15)
  })

  test('keeps "none of the above" last, and leaves alone what speaks of letters or stands above others', () => {
    const anchored = item({ options: ['Gout', 'Sepsis', 'Anaemia', 'None of the above'] })
    const mixed = Array.from({ length: 40 }, (_, visit) => orderAt(anchored, 1, visit))
    expect(mixed.every((order) => order[3] === 3)).toBe(true)
    expect(new Set(mixed.map((order) => order.join(''))).size).toBe(6)
    for (const options of [
      ['Gout', 'Sepsis', 'Both A and B', 'Neither'],
      ['Gout', 'None of the above', 'Sepsis', 'Anaemia'],
      ['AB', 'A', 'O', 'B'],
      ['痛风', '败血症', 'A和B', '以上都不是'],
    ]) {
      for (let visit = 0; visit < 20; visit += 1) expect(orderAt(item({ options }), 1, visit)).toEqual([0, 1, 2, 3])
    }
    expect(orderAt(open(['gout']), 1, 0)).toEqual([])
  })

  test.each([
    ['None of the above', true],
    ['all of these', true],
    ['None of the above.', true],
    ['Neither', true],
    ['以上都不是', true],
    ['None', true],
    ['Nonetheless stable', false],
    ['All-trans retinoic acid', false],
    ['Allopurinol', false],
    ['Both lungs', false],
    ['Any fever', false],
  ])('%j stands below: %s', (option, expected) => {
    expect(isAnchored(option)).toBe(expected)
  })

  test.each([
    ['Both A and B', true],
    ['A and C only', true],
    ['Options B and D', true],
    ['A, B, and C', true],
    ['B & D', true],
    ['A和B', true],
    ['A', false],
    ['Hepatitis A and B', false],
    ['Vitamin D', false],
    ['A beta blocker and an ACE inhibitor', false],
  ])('%j speaks of letters: %s', (option, expected) => {
    expect(refersToLetters(option)).toBe(expected)
    expect(canMove(['Gout', option])).toBe(!expected && option !== 'A')
  })

  test('moves the gold with its option: the right text stays right, the right letter moves', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(1000), fc.nat(50), (gold, seed, visit) => {
        const asked = item({ golds: [gold] })
        const order = orderAt(asked, seed, visit)
        const task = taskOf(asked, { order })
        expect(isRight(readAnswer(asked.options[gold]!, task.spec), task.gold)).toBe(true)
        const letters = ['A', 'B', 'C', 'D'].filter((letter) => isRight(readAnswer(letter, task.spec), task.gold))
        expect(letters).toEqual(['ABCD'[order.indexOf(gold)]])
      }),
    )
  })
})

describe('the prompt', () => {
  test('is context, stem, options by letter and how to answer, the texts byte for byte', () => {
    const odd = item({ context: ' A  case.\r\n', stem: 'Which?\t\u00a0', options: [' x ', 'y\u200b'] })
    const prompt = promptOf(odd, { order: [1, 0] })
    expect(prompt.startsWith(' A  case.\r\n\n\nWhich?\t\u00a0\n\nA. y\u200b\nB.  x \n\nThink first')).toBe(true)
    expect(prompt).toContain('the letter of the one right option inside <answer></answer>')
  })

  test('tells the form and speaks the language, and never holds gold or explanation', () => {
    const instruction = (asked: Item): string => promptOf(asked).split('\n\n').at(-1)!
    expect(instruction(item({ form: 'multiple', golds: [0, 1] }))).toContain('letters of all of them')
    expect(instruction(open(['7 mg']))).toContain('one number with its unit')
    expect(instruction(open(['gout']))).toContain('nothing else')
    expect(instruction(item({ language: 'zh' }))).toContain('唯一正确选项的字母')
    const secret = promptOf({ ...open(['gout', 'podagra']), explanation: 'It is a crystal disease.' })
    expect(secret).not.toMatch(/gout|podagra|crystal/)
    expect(promptOf(item({ golds: [0] }))).toBe(promptOf(item({ golds: [3] })))
  })
})
