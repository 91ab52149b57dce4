/**
 * Units and substances as facts: exact by definition (SI, the international yard and pound) unless said otherwise. Base
 * units are g, m, s, mol, K; Eq, IU, osmol and the normalised body surface are dimensions of their own.
 */

/** Exponents of a unit, in the order of `axes`. */
export type Dimension = readonly number[]

export const axes = [
  'mass',
  'length',
  'time',
  'amount',
  'temperature',
  'charge',
  'activity',
  'osmoles',
  'surface',
] as const

export type Axis = (typeof axes)[number]

/** A unit that is a factor times base units. */
export type UnitAtom = {
  /** Codes that take prefixes when `isMetric`: `g`, `L`. */
  readonly codes: readonly string[]
  /** Words that take the words of prefixes: `gram`, `grams`. */
  readonly words: readonly string[]
  readonly factor: number
  readonly dimension: Partial<Readonly<Record<Axis, number>>>
  readonly isMetric: boolean
}

const minuteS = 60
const hourS = 3_600
const dayS = 86_400
const yardPoundG = 453.592_37

function metric(codes: string, words: string, factor: number, dimension: UnitAtom['dimension']): UnitAtom {
  return { codes: codes.split(' '), words: words.split(' ').filter(Boolean), factor, dimension, isMetric: true }
}

function plain(codes: string, factor: number, dimension: UnitAtom['dimension']): UnitAtom {
  return { codes: codes.split(' '), words: [], factor, dimension, isMetric: false }
}

const pressure = { mass: 1, length: -1, time: -2 }
const energy = { mass: 1, length: 2, time: -2 }

/** The units that are read; prefixes and products are made of them. */
export const unitAtoms: readonly UnitAtom[] = [
  metric('g gm', 'gram grams gramme grammes 克', 1, { mass: 1 }),
  metric('m', 'metre metres meter meters 米', 1, { length: 1 }),
  metric('L', 'litre litres liter liters 升', 1e-3, { length: 3 }),
  metric('s sec', 'second seconds 秒', 1, { time: 1 }),
  metric('mol', 'mole moles 摩尔', 1, { amount: 1 }),
  metric('M', '', 1e3, { amount: 1, length: -3 }),
  metric('Eq', 'equivalent equivalents', 1, { charge: 1 }),
  metric('Osm osmol', 'osmole osmoles', 1, { osmoles: 1 }),
  metric('IU [IU] [iU] U', 'unit units', 1, { activity: 1 }),
  metric('Pa', 'pascal pascals', 1e3, pressure),
  metric('J', 'joule joules', 1e3, energy),
  metric('cal', 'calorie calories', 4_184, energy),
  metric('Hz', 'hertz', 1, { time: -1 }),
  plain('Cal', 4_184_000, energy),
  plain('min mins minute minutes 分钟 分', minuteS, { time: 1 }),
  plain('h hr hrs hour hours 小时', hourS, { time: 1 }),
  plain('d day days 天 日', dayS, { time: 1 }),
  plain('wk wks week weeks 周', 7 * dayS, { time: 1 }),
  // The Julian year and its twelfth, as UCUM has them.
  plain('mo month months 个月', 30.4375 * dayS, { time: 1 }),
  plain('a yr yrs year years 年 岁', 365.25 * dayS, { time: 1 }),
  plain('lb lbs pound pounds', yardPoundG, { mass: 1 }),
  plain('oz ounce ounces', yardPoundG / 16, { mass: 1 }),
  plain('公斤', 1_000, { mass: 1 }),
  plain('in inch inches', 0.0254, { length: 1 }),
  plain('ft foot feet', 0.3048, { length: 1 }),
  // Conventional: mercury of 13,595.1 kg/m³ and water of 1,000 kg/m³ under 9.80665 m/s². Base pressure is g/(m·s²).
  plain('mmHg mm_Hg torr 毫米汞柱', 13_595.1 * 9.806_65, pressure),
  plain('cmH2O cm_H2O', 98_066.5, pressure),
  plain('1 point points score cell cells beat beats breath breaths copies 次', 1, {}),
  plain('% percent', 0.01, {}),
  plain('K', 1, { temperature: 1 }),
  plain('bsa173', 1, { surface: 1 }),
]

/** Prefixes of codes with their factors. */
export const codePrefixes: readonly (readonly [string, number])[] = [
  ['', 1],
  ['k', 1e3],
  ['d', 1e-1],
  ['c', 1e-2],
  ['m', 1e-3],
  ['u', 1e-6],
  ['μ', 1e-6],
  ['mc', 1e-6],
  ['n', 1e-9],
  ['p', 1e-12],
  ['f', 1e-15],
]

/** Prefixes of words with their factors. */
export const wordPrefixes: readonly (readonly [string, number])[] = [
  ['', 1],
  ['kilo', 1e3],
  ['deci', 1e-1],
  ['centi', 1e-2],
  ['milli', 1e-3],
  ['micro', 1e-6],
  ['nano', 1e-9],
  ['pico', 1e-12],
  ['千', 1e3],
  ['分', 1e-1],
  ['厘', 1e-2],
  ['毫', 1e-3],
  ['微', 1e-6],
  ['纳', 1e-9],
  ['皮', 1e-12],
]

/** Whole units that are written in their own way, lower case, and what they mean. */
export const unitAliases: ReadonlyMap<string, string> = new Map([
  ['bpm', 'beats/min'],
  ['rpm', 'breaths/min'],
  ['k/ul', '10^3/uL'],
  ['k/μl', '10^3/uL'],
  ['cc', 'mL'],
  ['per cent', '%'],
  ['mm hg', 'mmHg'],
  ['cm h2o', 'cmH2O'],
  ['international unit', 'IU'],
  ['international units', 'IU'],
])

type Temperature = { readonly shift: number; readonly factor: number }

const celsius = ['°c', 'c', 'cel', 'degc', 'celsius', 'degrees celsius', 'degree celsius', 'degrees c', '摄氏度']
const fahrenheit = ['°f', 'f', 'degf', '[degf]', 'fahrenheit', 'degrees fahrenheit', 'degrees f', '华氏度']

/** Temperatures: their zero is not 0 K. K = (value + shift) · factor; alone only, never in a product. */
export const temperatures: ReadonlyMap<string, Temperature> = new Map<string, Temperature>([
  ...celsius.map((name) => [name, { shift: 273.15, factor: 1 }] as const),
  ...fahrenheit.map((name) => [name, { shift: 459.67, factor: 5 / 9 }] as const),
])

/** What converts mass, amount and charge of a substance into each other. */
export type Analyte = {
  /** g/mol; sums of IUPAC abridged standard atomic weights. */
  readonly molarMass: number
  /** Elementary charges of the ion; absent for what is no ion. */
  readonly charge?: number
}

/** Substances by the name that a spec declares. Urea nitrogen is counted as the two nitrogen atoms of urea. */
export const analytes: ReadonlyMap<string, Analyte> = new Map<string, Analyte>([
  ['glucose', { molarMass: 180.156 }],
  ['cholesterol', { molarMass: 386.664 }],
  ['creatinine', { molarMass: 113.12 }],
  ['bilirubin', { molarMass: 584.673 }],
  ['urea nitrogen', { molarMass: 28.014 }],
  ['uric acid', { molarMass: 168.112 }],
  ['calcium', { molarMass: 40.078, charge: 2 }],
  ['magnesium', { molarMass: 24.305, charge: 2 }],
  ['sodium', { molarMass: 22.99, charge: 1 }],
  ['potassium', { molarMass: 39.098, charge: 1 }],
  ['chloride', { molarMass: 35.45, charge: 1 }],
  ['bicarbonate', { molarMass: 61.016, charge: 1 }],
])
