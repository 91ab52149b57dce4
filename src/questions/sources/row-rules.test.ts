import { describe, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import type { CuratedOrigin, Item } from '../types.ts'
import { assertTrainable, cleanText, type Draft, makeItem, type Refusal } from './row-rules.ts'
import { splitOfInput, splitOfName } from './split.ts'

const origin: CuratedOrigin = {
  ...{ kind: 'curated', source: 's', revision: 'r', license: 'l', split: 'train', file: 'f.jsonl', line: 3, row: null },
}
const source = { name: 's', language: 'en' } as const
const make = (draft: Partial<Draft>): Item | Refusal =>
  makeItem({ stem: 'Which?', options: ['a', 'b'], golds: [0], ...draft }, source, origin)
const item = (draft: Partial<Draft>): Item => {
  const made = make(draft)
  if ('reason' in made) throw new TypeError(made.reason)
  return made
}

describe('the text of a cell', () => {
  test.each([
    [' a \t b ', 'a b'],
    ['a&nbsp;b &lt; 5 &#956;g &#x3b1; &Delta;', 'a b < 5 μg α Δ'],
    ['&amp;lt; &bogus; & &#0; &#xd800; &#99999999;', '&lt; &bogus; & &#0; &#xd800; &#99999999;'],
    ['a\r\nb\r\r\r\rc', 'a\nb\n\nc'],
    ['Bb × BB', 'Bb × BB'],
  ])('%j is %j', (text, clean) => {
    expect(cleanText(text)).toBe(clean)
  })

  test('is none for blanks, null, NaN and what is no text; a number is its own', () => {
    for (const value of ['', ' \n ', '&nbsp;', null, undefined, Number.NaN, {}, ['a'], true])
      expect(cleanText(value)).toBeNull()
    expect(cleanText(4.6)).toBe('4.6')
  })

  test('takes time in proportion to its length', () => {
    const start = performance.now()
    for (const piece of ['&', ' \n', '&#1', ' ', '\r', '&amp']) cleanText(piece.repeat(300_000))
    expect(performance.now() - start).toBeLessThan(3000)
  })
})

describe('a row', () => {
  test.each<[string, Partial<Draft>, string]>([
    ['no question', { stem: ' ' }, 'missing text'],
    ['a null option', { options: ['a', null] }, 'missing text'],
    ['one option', { options: ['a'] }, 'too few options'],
    ['22 options', { options: Array.from({ length: 22 }, (_, index) => `o${index}`) }, 'too many options'],
    ['no answer', { golds: null }, 'unlabelled'],
    ['a gold beyond the options', { golds: [2] }, 'gold is not an option'],
    ['a gold before the options', { golds: [-1] }, 'gold is not an option'],
    ['an unreadable gold', { golds: [Number.NaN] }, 'gold is not an option'],
    ['two equal options', { options: ['a', ' a', 'b'] }, 'duplicate options'],
    ['two options equal but for how é is written', { options: ['é', 'e\u0301'] }, 'duplicate options'],
    ['an answer that is another option', { answers: ['b'] }, 'answer and gold differ'],
    ['half of a character', { stem: 'a\ud800' }, 'malformed text'],
    ['an open question without an answer', { isOpen: true, answers: [null] }, 'unlabelled'],
    ['an open question with an essay', { isOpen: true, answers: ['x'.repeat(201)] }, 'answer is no short wording'],
  ])('with %s is dropped', (_, draft, reason) => {
    expect(make(draft)).toMatchObject({ reason })
  })

  test('says whether a duplicate touches the gold', () => {
    expect(make({ options: ['a', 'a', 'b'], golds: [2] })).toMatchObject({ detail: '"a" twice; gold unaffected' })
    expect(make({ options: ['a', 'a', 'b'], golds: [1] })).toMatchObject({ detail: '"a" twice; it is the gold' })
  })

  test('with options that differ in case alone is kept: Bb and BB are two genotypes', () => {
    expect(item({ options: ['Bb', 'BB'] }).options).toEqual(['Bb', 'BB'])
  })

  test('has an id of what is asked and answered, wherever it stands', () => {
    const { id } = item({})
    expect(item({ stem: ' Which? ', row: 7, explanation: 'because' }).id).toBe(id)
    for (const draft of [{ stem: 'What?' }, { golds: [1] }, { options: ['a', 'c'] }, { context: 'x' }])
      expect(item(draft).id).not.toBe(id)
  })

  test('with several golds is of the form multiple, its golds in order', () => {
    expect(item({ options: ['a', 'b', 'c'], golds: [2, 0, 2] })).toMatchObject({
      form: 'multiple',
      golds: [0, 2],
      answers: ['a', 'c'],
    })
  })

  test('keeps notes with half of a character, without it', () => {
    expect(item({ explanation: 'so\udc00 it is' }).explanation).toBe('so\ufffd it is')
  })
})

describe('the split', () => {
  test.each([
    ['train-00000-of-00001.parquet', 'train'],
    ['dev.first500.json', 'dev'],
    ['validation.jsonl', 'dev'],
    ['phrases_no_exclude_test.jsonl', 'test'],
    ['train_and_test.json', 'test'],
    ['constraint.json', null],
    ['latest.json', null],
  ])('that %s names is %s', (name, split) => {
    expect(splitOfName(name)).toBe(split)
  })

  const input = (file: string, split: 'train' | 'dev' | 'test' | null) => ({ file, split, revision: 'r' })
  const training = { name: 'medqa', use: 'training' }
  const benchmark = { name: 'careqa', use: 'benchmark' }

  test('is train only where that is declared or named', () => {
    expect(splitOfInput(input('/train/rows.json', null), training)).toBe('test')
    expect(splitOfInput(input('rows.json', 'train'), training)).toBe('train')
    expect(splitOfInput(input('train.json', null), training)).toBe('train')
    expect(splitOfInput(input('train.json', 'dev'), training)).toBe('dev')
  })

  test('of a file of the hub is what any part of its path in the repository says, test before all', () => {
    const onHub = (path: string, split: 'train' | null) => ({
      ...input('/home/me/.cache/train/0000.parquet', split),
      place: `hf:test/train@dev:${path}`,
    })
    expect(() => splitOfInput(onHub('default/test/0000.parquet', 'train'), training)).toThrow(
      'hf:test/train@dev:default/test/0000.parquet: declared as training data, but its name says test',
    )
    expect(() => splitOfInput(onHub('validation/train-0.jsonl', 'train'), training)).toThrow('its name says dev')
    expect(splitOfInput(onHub('default/test/0000.parquet', null), training)).toBe('test')
    expect(splitOfInput(onHub('default/train/0000.parquet', null), training)).toBe('train')
    expect(splitOfInput(onHub('default/0000.parquet', 'train'), training)).toBe('train')
    expect(splitOfInput(onHub('default/0000.parquet', null), training)).toBe('test')
  })

  test('of a file that is named otherwise, or of a benchmark, cannot be declared train', () => {
    expect(() => splitOfInput(input('test.json', 'train'), training)).toThrow(DataError)
    expect(() => splitOfInput(input('rows.json', 'train'), benchmark)).toThrow('careqa is a benchmark')
    expect(splitOfInput(input('train.json', null), benchmark)).toBe('test')
  })

  test('train alone passes the last guard', () => {
    expect(() => assertTrainable(item({}))).not.toThrow()
    expect(() => assertTrainable(item({ split: 'test' }))).toThrow('f.jsonl:3: a test row of s cannot be trained on')
    expect(() => assertTrainable(item({ split: 'dev' }))).toThrow(DataError)
  })
})
