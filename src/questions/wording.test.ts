import { expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { starterSchema } from '../graph/schema.ts'
import { showOptions } from './shown-options.ts'
import { holdsName, openStatement, stemFrames, wordComparison, wordStatement, wordStem } from './wording.ts'

const [hallmarkOf, firstLine, actsBy] = ['hallmark_of', 'first_line', 'acts_by'].map((name) => starterSchema.step(name))
const steps = [hallmarkOf!, firstLine!, actsBy!]
const chain = ' mechanism of action of the first-line drug for the disease with the hallmark tophi'

/** Keys enough that each frame comes up. */
const keys = Array.from({ length: 64 }, (_, index) => `q${index}`)

test('a stem reads from the last step to the first, about the subject, in one of the frames', () => {
  const stems = new Set(keys.map((key) => wordStem(steps, ' tophi', key)))
  expect(stems).toEqual(
    new Set([`What is the${chain}?`, `Name the${chain}.`, `State the${chain}.`, `Which is the${chain}?`]),
  )
})

test('the key alone decides the frame, and each frame is as frequent as the others', () => {
  const frameOf = (key: string): string => wordStem([firstLine!], ' gout', key).split(' first')[0]!
  expect(keys.map((key) => frameOf(key))).toEqual(keys.map((key) => wordStem(steps, ' x', key).split(' mech')[0]!))
  const counts = new Map<string, number>()
  for (let index = 0; index < 2000; index++) {
    const frame = frameOf(`key ${index}`)
    counts.set(frame, (counts.get(frame) ?? 0) + 1)
  }
  expect(counts.size).toBe(stemFrames.length)
  // 500 each; a standard deviation is 19.
  for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(80)
})

test('a subject with the signs of a replacement pattern is put in as it is', () => {
  expect(wordStem([firstLine!], " $& 50 % $' gout", 'q')).toContain(" first-line drug for $& 50 % $' gout")
})

test('a comparison names both diseases in the given order, and the feature of one', () => {
  const step = starterSchema.step('has_hallmark')
  expect(wordComparison(['gout', 'pseudogout'], step, 'tophi')).toBe(
    ' whichever of gout and pseudogout has the hallmark tophi',
  )
})

test('a statement is head, statement and tail with a space before each', () => {
  expect(wordStatement(firstLine!, 'gout', 'naproxen')).toBe(' gout is first treated with naproxen')
})

test('the opening of a statement takes the frame off, whichever it is', () => {
  for (const key of keys) expect(openStatement(wordStem(steps, ' tophi', key))).toBe(`The${chain} is`)
})

test('the opening of a statement leaves out the options that stand behind the stem', () => {
  const asked = showOptions(wordStem(steps, ' tophi', 'q'), ['naproxen', 'vitamin A'])
  expect(openStatement(asked)).toBe(`The${chain} is`)
})

test('a stem in no frame is refused, not guessed at', () => {
  expect(() => openStatement('Which drug treats gout?')).toThrow(DataError)
  expect(() => openStatement('What is the first-line drug for gout')).toThrow(/"What is the first-line drug for gout"/)
})

test('a stem holds a name only as whole words, in any letter case', () => {
  const stem = 'State the protein behind low C1 inhibitor activity, iron-rich diets and HTT.'
  expect(holdsName(stem, ['c1 Inhibitor'])).toBe(true)
  expect(holdsName(stem, ['HTT'])).toBe(true)
  expect(holdsName(stem, ['iron'])).toBe(true)
  expect(holdsName(stem, ['state the'])).toBe(true)
  expect(holdsName(stem, ['inhibit', 'C1 inhibitors', 'ron', 'diet'])).toBe(false)
  expect(holdsName('What is the ironic iron?', ['iron'])).toBe(true)
  expect(holdsName(stem, [])).toBe(false)
})

test('a Chinese name is found inside a Chinese sentence, and a Latin one between Chinese characters', () => {
  const stem = '患者出现发热和joint pain，既往有2型糖尿病。'
  expect(holdsName(stem, ['发热'])).toBe(true)
  expect(holdsName(stem, ['Joint pain'])).toBe(true)
  expect(holdsName(stem, ['2型糖尿病'])).toBe(true)
  expect(holdsName(stem, ['joint', '咳嗽', 'pai', ''])).toBe(true)
  expect(holdsName(stem, ['咳嗽', 'pai', 'oint pain', ''])).toBe(false)
  expect(holdsName('患者有12型', ['2型'])).toBe(false)
})
