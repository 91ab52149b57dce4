import { describe, expect, test } from 'vitest'
import { convertUnit, parseUnit } from './units.ts'
import { analytes } from './units-table.ts'

const convert = (value: number, from: string, to: string, analyte?: string): number | null =>
  convertUnit(value, parseUnit(from)!, parseUnit(to)!, analyte)

describe('a factor equals a second way of computing it', () => {
  test.each([
    // Definitions: 7,000 grains of 64.79891 mg; 16 ounces; 12 inches of 25.4 mm.
    [1, 'lb', 'mg', 7_000 * 64.798_91],
    [16, 'oz', 'lb', 1],
    [1, 'ft', 'cm', 12 * 2.54],
    // A torr is 1/760 of 101,325 Pa; the conventional mmHg differs in the seventh place.
    [760, 'mmHg', 'Pa', 101_325],
    [1, 'cmH2O', 'Pa', 98.0665],
    [1, 'kcal', 'kJ', 4.184],
    [1, 'Cal', 'cal', 1_000],
    [1, 'wk', 'min', 10_080],
    [12, 'months', 'years', 1],
    [1, 'dL', 'cm3', 100],
    [1, 'L', 'dm^3', 1],
    [1, 'kPa', 'mmHg', 7.500_617],
    [37, '°C', '°F', 98.6],
    [-40, '°F', '°C', -40],
    [0, 'K', 'Cel', -273.15],
    [25, '%', '1', 0.25],
    [5, 'mM', 'mmol/L', 5],
    [90, 'mg/L', 'mg/dL', 9],
    [6, 'ug/kg/min', 'mg/kg/h', 0.36],
    [4.5, '10^3/uL', '10^9/L', 4.5],
    [72, 'bpm', '/s', 1.2],
    [3, 'mg.dL-1', 'g/L', 0.03],
  ])('%d %s in %s', (value, from, to, expected) => {
    expect(convert(value, from, to)! / expected).toBeCloseTo(1, 6)
  })

  // IUPAC abridged standard atomic weights.
  const weights: { readonly [element: string]: number } = {
    H: 1.008,
    C: 12.011,
    N: 14.007,
    O: 15.999,
    Na: 22.99,
    Mg: 24.305,
    Cl: 35.45,
    K: 39.098,
    Ca: 40.078,
  }
  const massOf = (formula: string): number =>
    [...formula.matchAll(/([A-Z][a-z]?)(\d*)/g)].reduce(
      (sum, [, element, count]) => sum + weights[element!]! * (count === '' ? 1 : Number(count)),
      0,
    )

  test('molar masses are the sums of atomic weights of the formula', () => {
    const formulas: { readonly [name: string]: string } = {
      glucose: 'C6H12O6',
      cholesterol: 'C27H46O',
      creatinine: 'C4H7N3O',
      bilirubin: 'C33H36N4O6',
      'urea nitrogen': 'N2',
      'uric acid': 'C5H4N4O3',
      calcium: 'Ca',
      magnesium: 'Mg',
      sodium: 'Na',
      potassium: 'K',
      chloride: 'Cl',
      bicarbonate: 'CHO3',
    }
    expect(Object.keys(formulas)).toEqual([...analytes.keys()])
    for (const [name, { molarMass }] of analytes) expect(molarMass).toBeCloseTo(massOf(formulas[name]!), 2)
  })

  test.each([
    ['glucose', 'mmol/L', 'mg/dL', 18.02],
    ['cholesterol', 'mmol/L', 'mg/dL', 38.67],
    ['creatinine', 'mg/dL', 'umol/L', 88.42],
    ['bilirubin', 'mg/dL', 'umol/L', 17.1],
    ['calcium', 'mmol/L', 'mg/dL', 4.008],
    ['urea nitrogen', 'mmol/L', 'mg/dL', 2.8],
  ])('%s: one %s in %s is the factor of clinical tables, within 0.1 %%', (analyte, from, to, expected) => {
    expect(Math.abs(convert(1, from, to, analyte)! / expected - 1)).toBeLessThan(1e-3)
    expect(convert(convert(1, from, to, analyte)!, to, from, analyte)).toBeCloseTo(1, 12)
  })
})

test('equivalents need the charge: calcium is two of them to the mole, glucose none', () => {
  expect(convert(2, 'mEq/L', 'mmol/L', 'calcium')).toBeCloseTo(1, 12)
  expect(convert(1, 'mEq/L', 'mg/dL', 'calcium')).toBeCloseTo(40.078 / 2 / 10, 9)
  expect(convert(140, 'mEq/L', 'mmol/L', 'sodium')).toBeCloseTo(140, 9)
  expect(convert(2, 'mEq/L', 'mmol/L', 'glucose')).toBeNull()
})

test('what does not fit is null, not a number', () => {
  for (const [from, to] of [
    ['mg', 'mL'],
    ['mg/dL', 'mmol/L'],
    ['mEq/L', 'mmol/L'],
    ['IU', 'mg'],
    ['mL/min/1.73 m2', 'mL/min'],
    ['mmHg', 'mm'],
    ['°C', 'mg'],
  ]) {
    expect(convert(1, from!, to!)).toBeNull()
    if (from !== 'mg/dL') expect(convert(1, from!, to!, 'glucose')).toBeNull()
  }
  expect(convert(1, 'mg2', 'mol2', 'glucose')).toBeNull()
  expect(convert(180.156, 'mg/kg', 'mmol/kg', 'glucose')).toBeCloseTo(1, 12)
})

test('one unit is written in many ways', () => {
  for (const name of ['µg', 'μg', 'ug', 'mcg', 'UG', 'micrograms', '微克'])
    expect(convert(1, name, 'g')).toBeCloseTo(1e-6, 18)
  for (const name of ['mL/min/1.73 m²', 'mL/min/1.73m2', 'mL/min/1.73 m^2', 'ml/min per 1.73 m2']) {
    expect(convert(60, name, 'mL/min/1.73 m2')).toBeCloseTo(60, 9)
  }
  for (const name of ['mg/dL', 'MG/DL', 'mg / dl', 'mg per dL', 'milligrams per decilitre', 'mg·dL-1']) {
    expect(convert(1, name, 'mg/dL')).toBeCloseTo(1, 12)
  }
})

test('case tells mM from mm, and a text that could be both is no unit', () => {
  expect(convert(1, 'mm', 'm')).toBe(1e-3)
  expect(convert(1, 'mM', 'mol/L')).toBeCloseTo(1e-3, 12)
  expect(parseUnit('MM')).toBeNull()
})

test('other texts are no unit, hostile ones included', () => {
  for (const text of [
    '',
    'tablets',
    'mg daily',
    '/',
    'mg/',
    'mg//dL',
    'm-9',
    '10',
    '__proto__',
    'constructor',
    'mg/'.repeat(40),
  ]) {
    expect(parseUnit(text)).toBeNull()
  }
})

test('an analyte that is not in the table is refused with those that are', () => {
  expect(() => convert(1, 'mg/dL', 'mmol/L', 'glucos')).toThrow(
    expect.objectContaining({ code: 'E_CONFIG', hint: expect.stringContaining('did you mean "glucose"?') }),
  )
})
