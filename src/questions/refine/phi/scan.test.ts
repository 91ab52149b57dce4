import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDea, isGtin14, isNpi, isVin } from './checksums.ts'
import { measurePhi } from './measure.ts'
import { findNames } from './names.ts'
import { decoys } from './note-words.ts'
import { generateNote } from './notes.ts'
import { scanPhi } from './scan.ts'

const found = (text: string): string[] =>
  scanPhi(text).map(({ start, end, type }) => `${type}: ${text.slice(start, end)}`)

test.each([
  ['Mr. Okonkwo was seen.', 'name: Okonkwo'],
  ['Seen by Dr. Parkinson.', 'name: Parkinson'],
  ['PATIENT NAME: NWACHUKWU, IFEANYI', 'name: NWACHUKWU, IFEANYI'],
  ['I spoke with Bertrand d’Aubigny today.', 'name: Bertrand d’Aubigny'],
  ['He lives in Springfield with his son.', 'location: Springfield'],
  ['Moved to 12 Old Mill Lane, Apt 4B.', 'location: 12 Old Mill Lane, Apt 4B'],
  ['MRN: A123456', 'record: A123456'],
  ['seen on 3/14 for cough', 'date: 3/14'],
  ['born 12.05.1961 in', 'date: 12.05.1961'],
  ['on January 5, 2019 he', 'date: January 5, 2019'],
  ['an otherwise well 93-year-old man', 'age: 93'],
  ['call (212) 555-0187 ext 12', 'phone: (212) 555-0187 ext 12'],
  ['reach me: j.doe+x@mail.example.org.', 'email: j.doe+x@mail.example.org'],
  ['SSN 123-45-6789', 'ssn: 123-45-6789'],
  ['from 10.12.0.7.', 'ip: 10.12.0.7'],
  ['see https://portal.example.com/p?id=4 now', 'url: https://portal.example.com/p?id=4'],
])('%s', (text, expected) => {
  expect(found(text)).toEqual([expected])
})

test.each(decoys)('nothing is found in: %s', (text) => {
  expect(found(text)).toEqual([])
})

test.each([
  'the numbers 000-12-3456, 666-12-3456 and 900-12-3456 were never issued',
  'doi https://doi.org/10.1000/xyz and https://pubmed.gov/123',
  'version 1.2.3.4 of the guideline',
  'He may 12 hours later improve',
  'a 3-year-old boy from Nigeria, in December',
  'The patient reports Crohn disease; mother has Graves disease.',
])('what only looks like an identifier is left alone: %s', (text) => {
  expect(found(text)).toEqual([])
})

test('a name that was found is found again wherever it recurs, but not inside an eponym', () => {
  const text = 'Mr. Wilson came. Wilson denies pain. Wilson disease was excluded.'
  expect(found(text)).toEqual(['name: Wilson', 'name: Wilson'])
})

test('check digits: numbers that were issued pass, one digit off does not', () => {
  expect(isNpi('1234567893')).toBe(true)
  expect(isNpi('1234567894')).toBe(false)
  expect(isDea('AB1234563')).toBe(true)
  expect(isDea('AB1234564')).toBe(false)
  expect(isVin('1M8GDM9AXKP042788')).toBe(true)
  expect(isVin('1M8GDM9AXKP042789')).toBe(false)
  expect(isGtin14('00012345600012')).toBe(true)
  expect(isGtin14('00012345600013')).toBe(false)
})

test('a pattern that stands twice is judged by what stands around each, not around the first', () => {
  expect(found('Software version 10.1.2.3 runs there. Host 10.1.2.3 holds the images.')).toEqual(['ip: 10.1.2.3'])
  expect(found('Host 10.1.2.3 holds them. Software version 10.1.2.3 runs there.')).toEqual(['ip: 10.1.2.3'])
  expect(found('which may 5 times recur. He is seen again on may 5 as planned.')).toEqual(['date: may 5'])
})

describe('on generated notes', () => {
  const measure = measurePhi({ notes: 300, seed: 11 })

  test('numbers with check digits, addresses of mail and web are all found; dates, ages and record numbers nearly all', () => {
    for (const type of ['email', 'phone', 'ssn', 'url', 'ip', 'vehicle', 'device', 'license']) {
      expect([type, measure.recallByType[type]?.recall]).toEqual([type, 1])
    }
    expect(measure.recallByType.date!.recall).toBeGreaterThanOrEqual(0.995)
    expect(measure.recallByType.age!.recall).toBeGreaterThanOrEqual(0.995)
    expect(measure.recallByType.record!.recall).toBeGreaterThanOrEqual(0.99)
  })

  test('names of twelve cultures are found alike, most of them in no list', () => {
    const recalls = Object.values(measure.nameRecallByCulture)
    expect(recalls).toHaveLength(12)
    expect(measure.recallByType.name!.recall).toBeGreaterThanOrEqual(0.95)
    expect(Math.max(...recalls) - Math.min(...recalls)).toBeLessThanOrEqual(0.03)
  })

  test('eponyms, vital signs, scores, doses and codes are untouched', () => {
    expect([measure.decoys, measure.decoyDamage]).toEqual([new Set(decoys).size, 0])
    expect(measure.precision).toBeGreaterThan(0.98)
  })
})

test('a note is the same for the same seed and index, and its identifiers stand where it says', () => {
  const note = generateNote(3, 5)
  expect(generateNote(3, 5)).toEqual(note)
  expect(generateNote(3, 6)).not.toEqual(note)
  const names = note.gold.filter(({ type }) => type === 'name').map(({ start, end }) => note.text.slice(start, end))
  expect(names.length).toBeGreaterThan(1)
  for (const name of names) expect(name).toMatch(/^[\p{L}'’ ,-]+$/u)
})

test('spans lie inside the text, in order, apart from each other, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      let end = 0
      for (const span of scanPhi(text)) {
        expect(span.start).toBeGreaterThanOrEqual(end)
        expect(span.end).toBeGreaterThan(span.start)
        end = span.end
      }
      expect(end).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['at signs', '@'.repeat(50_000)],
  ['digits and hyphens', '123-45-'.repeat(8_000)],
  ['capitals', 'Patient: '.repeat(6_000)],
  ['dotted numbers', '1.2.'.repeat(15_000)],
  ['months', 'May '.repeat(15_000)],
])('hostile text is scanned in linear time: %s', (_, text) => {
  const milliseconds = (part: string): number => {
    const started = performance.now()
    scanPhi(part)
    return performance.now() - started
  }
  milliseconds(text.slice(0, 5_000))
  const half = milliseconds(text.slice(0, text.length / 2))
  // Quadratic work on 50,000 characters would take a minute; the bound is loose because other tests run beside this one.
  expect(milliseconds(text)).toBeLessThan(Math.max(2_000, 8 * half))
})

test('eight times as many names take some eight times as long to find, not sixty-four', () => {
  const best = (count: number): number => {
    const text = 'John Smith '.repeat(count)
    const times = Array.from({ length: 3 }, () => {
      const started = performance.now()
      expect(findNames(text)).toHaveLength(count)
      return performance.now() - started
    })
    return Math.min(...times)
  }
  best(1_000)
  expect(best(40_000) / best(5_000)).toBeLessThan(24)
})
