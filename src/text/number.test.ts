import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cpuMs } from './fixtures/cpu-time.ts'
import { readGoldNumber, readNumber } from './number.ts'
import type { AnswerValue, NumberSpec } from './types.ts'

const mg: NumberSpec = { kind: 'number', form: 'number', unit: 'mg', isUnitFixed: false, decimalMark: '.' }
const specIn = (unit: string | null, more: Partial<NumberSpec> = {}): NumberSpec => ({
  kind: 'number',
  form: 'number',
  unit,
  isUnitFixed: true,
  ...more,
})

/** The value to nine digits, or the kind. */
const shortened = (value: AnswerValue): number | string | readonly number[] => {
  if (value.kind === 'number') return Number(value.value.toPrecision(9))
  return value.kind === 'range' ? [value.low, value.high] : value.kind
}
const read = (body: string, spec: NumberSpec = mg): number | string | readonly number[] =>
  shortened(readNumber(body, spec))

describe('in mg, decimals with a point', () => {
  test.each([
    ['7 mg', 7],
    ['7mg', 7],
    ['**7 mg**', 7],
    ['The answer is 7 mg.', 7],
    ['答案是 7 毫克。', 7],
    ['about 7 mg', 7],
    ['≈ 7 mg', 7],
    ['7000 mcg', 7],
    ['0.007 g', 7],
    ['7 mg (0.007 g)', 7],
    ['7 mg = 0.007 g', 7],
    ['1,500 mg', 1500],
    ['1.500 mg', 1.5],
    ['1,500,000 mg', 1_500_000],
    ['1\u2009500 mg', 1500],
    ['1\u202f500\u202f000 mg', 1_500_000],
    ['1.5e3 mg', 1500],
    ['1.5 × 10³ mg', 1500],
    ['1.5 x 10^3 mg', 1500],
    ['2*10^-3 g', 2],
    ['2 \\times 10^{-3} g', 2],
    ['2 × 10⁻³ g', 2],
    ['10² mg', 100],
    ['1/2 mg', 0.5],
    ['½ mg', 0.5],
    ['$\\frac{1}{2}$ mg', 0.5],
    ['\\boxed{7\\text{ mg}}', 7],
    ['-5 mg', -5],
    ['\u22125 mg', -5],
    ['+5 mg', 5],
    ['.5 mg', 0.5],
    ['７ mg', 7],
    ['-0 mg', 0],
    ['7', 'missingUnit'],
    ['7 mL', 'unitMismatch'],
    ['7 mg/dL', 'unitMismatch'],
    ['7 tablets', 'unknownUnit'],
    ['7 mg daily', 'unknownUnit'],
    ['0x10 mg', 'unknownUnit'],
    ['>5 mg', 'comparator'],
    ['≥ 5 mg', 'comparator'],
    ['less than 5 mg', 'comparator'],
    ['5-10 mg', 'several'],
    ['5\u201310 mg', 'several'],
    ['5 mg to 10 mg', 'several'],
    ['between 0 and 10000 mg', 'several'],
    ['7 mg or 14 mg', 'several'],
    ['7 mg, 8 mg', 'several'],
    ['7 mg (0.008 g)', 'several'],
    ['1 500 mg', 'several'],
    ['1½ mg', 'several'],
    ['7.0.1 mg', 'several'],
    ['1,2,3 mg', 'several'],
    ['1,5 mg', 'ambiguous'],
    ['NaN', 'notFinite'],
    ['-Infinity', 'notFinite'],
    ['∞', 'notFinite'],
    ['1e999 mg', 'notFinite'],
    ['1/0 mg', 'notFinite'],
    ['not 7 mg', 'negated'],
    ['', 'none'],
    [' ** ', 'none'],
    ['seven mg', 'noMatch'],
    ['mg 7', 'noMatch'],
    ['--5 mg', 'noMatch'],
    ['\u0667 mg', 'noMatch'],
    ['the dose is 7 mg', 'noMatch'],
  ])('%j reads as %s', (body, expected) => {
    expect(read(body)).toBe(expected)
  })
})

describe('elsewhere', () => {
  test.each<readonly [string, NumberSpec, number | string]>([
    ['1,500', specIn(null), 'ambiguous'],
    ['1.500', specIn(null), 'ambiguous'],
    ['0.500', specIn(null), 0.5],
    ['1,500.25', specIn(null), 1500.25],
    ['1500.250', specIn(null), 1500.25],
    ['1.500', specIn(null, { decimalMark: ',' }), 1500],
    ['1.500,5', specIn(null, { decimalMark: ',' }), 1500.5],
    ['1,500.5', specIn(null, { decimalMark: ',' }), 'ambiguous'],
    ['50%', specIn(null), 0.5],
    ['50', specIn('%'), 50],
    ['150', specIn(null), 150],
    ['7 mg', specIn(null), 'unitMismatch'],
    ['120/80 mmHg', specIn('mmHg'), 'several'],
    ['120/80', specIn('mmHg'), 'several'],
    ['7 mmol/L', specIn('mg/dL'), 'unitMismatch'],
    ['5 mmol/L', specIn('mg/dL', { analyte: 'glucose' }), 90.078],
    ['90 mg/dL (5.0 mmol/L)', specIn('mg/dL', { analyte: 'glucose' }), 90],
    ['90 mg/dL (6.0 mmol/L)', specIn('mg/dL', { analyte: 'glucose' }), 'several'],
    ['150 × 10⁹/L', specIn('10^9/L'), 150],
    ['150 K/uL', specIn('10^9/L'), 150],
    ['38 °C', specIn('°F'), 100.4],
  ])('%j', (body, spec, expected) => {
    expect(read(body, spec)).toBe(expected)
  })

  test('a range is an answer only where one is asked for, low end first', () => {
    const range = specIn('mg', { form: 'range' })
    expect(read('5-10', range)).toEqual([5, 10])
    expect(read('between 5 and 10 mg', range)).toEqual([5, 10])
    expect(read('0.005 g to 0.01 g', range)).toEqual([5, 10])
    expect(read('-10 to -5 mg', range)).toEqual([-10, -5])
    expect(read('10-5 mg', range)).toBe('noMatch')
    expect(read('7 mg', range)).toBe('noMatch')
    expect(read('5 mg to 10 g', range)).toBe('several')
  })

  test('a spec with an unknown unit is a fault of the config', () => {
    expect(() => readNumber('7', specIn('tablets'))).toThrow(expect.objectContaining({ code: 'E_CONFIG' }))
  })
})

test('a gold keeps its unit and the places it is printed to', () => {
  expect(readGoldNumber('7.30 mg/dL', '.')).toMatchObject({ low: 7.3, unit: 'mg/dL', decimals: 2, isRange: false })
  expect(readGoldNumber('1,500')).toBeNull()
  expect(readGoldNumber('1,500', '.')).toMatchObject({ low: 1500, unit: null, decimals: null })
  expect(readGoldNumber('1.5e3')).toMatchObject({ low: 1500, decimals: -2 })
  expect(readGoldNumber('5-10 %')).toMatchObject({ low: 5, high: 10, unit: '%', isRange: true })
  for (const text of ['vitamin B12', '7 tablets', 'type 2', '>5', '']) expect(readGoldNumber(text)).toBeNull()
})

describe('properties', () => {
  test('what is printed is read back, in any unit of the dimension and any white space', () => {
    const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(finite, fc.constantFrom([1, 'mg'], [1e3, 'ug'], [1e-3, 'g']), (value, [factor, unit]) => {
        const scaled = value * (factor as number)
        const result = readNumber(`  ${scaled} \n${unit} `, mg)
        expect(result.kind).toBe('number')
        if (result.kind === 'number') expect(result.value).toBeCloseTo(value, 5)
      }),
    )
  })

  test('any text has a value, the same twice, and a number is finite', () => {
    const piece = fc.constantFrom(
      '7',
      ',',
      '.',
      ' ',
      'mg',
      '/',
      '-',
      'e',
      '^',
      '×',
      '10',
      '(',
      ')',
      'to',
      '%',
      '=',
      '<',
      "'",
    )
    const body = fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 12 })
    fc.assert(
      fc.property(body, (parts) => {
        const value = readNumber(parts.join(''), mg)
        if (value.kind === 'number') expect(Number.isFinite(value.value)).toBe(true)
        expect(readNumber(parts.join(''), mg)).toEqual(value)
      }),
      { numRuns: 1000 },
    )
  })

  test('hostile bodies take less than 5 ms each', () => {
    const pieces = [
      '7',
      '7,',
      '7 ',
      '1,000',
      '(',
      '(7',
      '-',
      '7-',
      '7 to ',
      '10^',
      '7=',
      '*10**',
      '¹',
      '½',
      '\\frac{1}{2}',
      'mg/',
    ]
    for (const piece of pieces) {
      const body = piece.repeat(Math.floor(1000 / piece.length))
      readNumber(body, mg)
      const long = piece.repeat(Math.floor(200_000 / piece.length))
      // Ten readings; the factor of four leaves room for a busy computer.
      const spentMs = cpuMs(() => {
        for (let round = 0; round < 5; round += 1) {
          readNumber(body, mg)
          readNumber(long, mg)
        }
      })
      expect(spentMs).toBeLessThan(10 * 5 * 4)
    }
  })
})
