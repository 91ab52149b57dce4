import { createRng, type Rng } from '../../../core/rng.ts'
import { isDea, isGtin14, isNpi, isVin } from './checksums.ts'
import { cultures, decoys } from './note-words.ts'
import type { PhiType } from './types.ts'

export type GoldSpan = {
  readonly start: number
  readonly end: number
  readonly type: PhiType
  readonly culture?: string
}

/** A note with every identifier in it marked. */
export type Note = { readonly text: string; readonly gold: readonly GoldSpan[] }

type Piece = string | { readonly text: string; readonly type: PhiType; readonly culture?: string }

/** A generated note: made by templates, with exact places of all identifiers, the same for the same seed and index. */
export function generateNote(seed: number, index: number): Note {
  const rng = createRng(seed, 'phi-note', index)
  const culture = rng.pick(Object.keys(cultures))
  const { given, family } = cultures[culture]!
  const person = { given: rng.pick(given), family: rng.pick(family), culture }
  const other = cultures[rng.pick(Object.keys(cultures))]!
  const doctor = rng.pick(other.family)
  const pieces: Piece[] = [
    ...header(rng, person),
    ...rng
      .shuffle([
        ...rng.shuffle(sentences(rng, person, doctor, other)).slice(0, 6),
        ...rng
          .shuffle(decoys)
          .slice(0, 4)
          .map((text) => [text]),
      ])
      .flatMap((sentence) => [...sentence, rng.int(6) === 0 ? '\n' : ' ']),
    ...signature(rng, doctor, other.given),
  ]
  return assemble(pieces)
}

function assemble(pieces: readonly Piece[]): Note {
  let text = ''
  const gold: GoldSpan[] = []
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece
    else {
      const { text: words, ...rest } = piece
      gold.push({ start: text.length, end: text.length + words.length, ...rest })
      text += words
    }
  }
  return { text, gold }
}

type Person = { readonly given: string; readonly family: string; readonly culture: string }

function header(rng: Rng, { given, family, culture }: Person): Piece[] {
  const name = (text: string): Piece => ({ text, type: 'name', culture })
  const forms: Piece[][] = [
    ['Patient: ', name(`${given} ${family}`), '\n'],
    ['PATIENT NAME: ', name(`${family.toUpperCase()}, ${given.toUpperCase()}`), '\n'],
    ['Name: ', name(`${family}, ${given}`), '\n'],
    ['Re: ', name(`${given} ${family}`), '\n'],
  ]
  return [
    ...rng.pick(forms),
    'MRN: ',
    { text: recordNumber(rng), type: 'record' },
    '  DOB: ',
    { text: date(rng), type: 'date' },
    '\n',
  ]
}

function sentences(
  rng: Rng,
  { given, family, culture }: Person,
  doctor: string,
  other: { given: readonly string[]; family: readonly string[] },
): Piece[][] {
  const name = (text: string): Piece => ({ text, type: 'name', culture })
  return [
    ['Mr. ', name(family), ' was admitted on ', { text: date(rng), type: 'date' }, ' with chest pain.'],
    [
      'Seen by Dr. ',
      { text: doctor, type: 'name' },
      ' at ',
      {
        text: `${rng.pick(['Mercy', 'Lakeside', 'Riverbend', 'Summit'])} ${rng.pick(['Hospital', 'Medical Center'])}`,
        type: 'location',
      },
      '.',
    ],
    [
      'The daughter, ',
      { text: `${rng.pick(other.given)} ${rng.pick(other.family)}`, type: 'name' },
      ', can be reached at ',
      { text: phone(rng), type: 'phone' },
      '.',
    ],
    [
      'Lives at ',
      { text: address(rng), type: 'location' },
      ', ',
      { text: 'Springfield, IL', type: 'location' },
      ' ',
      { text: String(10_000 + rng.int(89_999)), type: 'zip' },
      '.',
    ],
    [
      'E-mail ',
      { text: `${given.toLowerCase().replace(/[^a-z]/g, '')}.${rng.int(99)}@example.org`, type: 'email' },
      ' on file.',
    ],
    ['SSN ', { text: ssn(rng), type: 'ssn' }, ' was verified.'],
    ['She is a ', { text: String(90 + rng.int(14)), type: 'age' }, '-year-old woman living alone.'],
    [
      'NPI ',
      { text: npi(rng), type: 'license' },
      ' and DEA ',
      { text: dea(rng), type: 'license' },
      ' on the prescription.',
    ],
    ['Vehicle ', { text: vin(rng), type: 'vehicle' }, ' was involved in the collision.'],
    ['Pacemaker (01)', { text: gtin(rng), type: 'device' }, ' was interrogated.'],
    [
      'Images are at ',
      { text: `https://portal.example.com/${rng.uint32().toString(36)}`, type: 'url' },
      ' and host ',
      { text: `10.${rng.int(255)}.${rng.int(255)}.${1 + rng.int(254)}`, type: 'ip' },
      '.',
    ],
    [
      'Member ID: ',
      { text: `W${100_000_000 + rng.int(899_999_999)}`, type: 'record' },
      ', account number ',
      { text: String(1_000_000 + rng.int(8_999_999)), type: 'record' },
      '.',
    ],
    ['Follow-up on ', { text: textDate(rng), type: 'date' }, ' with ', 'Dr. ', { text: doctor, type: 'name' }, '.'],
    ['I spoke with ', name(`${given} ${family}`), ' about the risks.'],
    // Without title or role, and now and then broken over two lines: what rules find worst.
    [
      { text: `${rng.pick(other.given)} ${rng.pick(other.family)}`, type: 'name' },
      ` ${rng.pick(['brought him in', 'was at the bedside', 'will drive her home'])}.`,
    ],
    [
      'The next of kin is ',
      { text: `${rng.pick(other.given)}${rng.int(4) === 0 ? '\n' : ' '}${rng.pick(other.family)}`, type: 'name' },
      '.',
    ],
    ['Serial number: ', { text: `SN-${100_000 + rng.int(899_999)}`, type: 'device' }, ' of the infusion pump.'],
  ]
}

const signature = (rng: Rng, doctor: string, given: readonly string[]): Piece[] => [
  '\nElectronically signed by ',
  { text: `${rng.pick(given)} ${doctor}`, type: 'name' },
  ', MD on ',
  { text: date(rng), type: 'date' },
  '.',
]

const two = (value: number): string => String(value).padStart(2, '0')
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

function date(rng: Rng): string {
  const [year, month, day] = [1930 + rng.int(95), 1 + rng.int(12), 1 + rng.int(28)]
  const forms = [
    `${two(month)}/${two(day)}/${year}`,
    `${month}/${day}/${two(year % 100)}`,
    `${year}-${two(month)}-${two(day)}`,
  ]
  return rng.int(4) === 0 ? textDate(rng) : rng.pick(forms)
}

function textDate(rng: Rng): string {
  const [month, day, year] = [rng.pick(months), 1 + rng.int(28), 2000 + rng.int(25)]
  return rng.pick([`${month} ${day}, ${year}`, `${day} ${month} ${year}`, `${month.slice(0, 3)} ${day}, ${year}`])
}

const recordNumber = (rng: Rng): string =>
  rng.pick([String(1_000_000 + rng.int(8_999_999)), `A${100_000 + rng.int(899_999)}`])

function phone(rng: Rng): string {
  const [area, exchange, line] = [201 + rng.int(780), 200 + rng.int(799), 1000 + rng.int(8999)]
  return rng.pick([
    `(${area}) ${exchange}-${line}`,
    `${area}-${exchange}-${line}`,
    `+1 ${area} ${exchange} ${line}`,
    `${area}.${exchange}.${line}`,
  ])
}

const address = (rng: Rng): string =>
  `${1 + rng.int(9999)} ${rng.pick(['Maple', 'Chestnut', 'North Elm', 'Sunset', 'Harbor', 'Old Mill'])} ${rng.pick(['Street', 'Avenue', 'Rd', 'Lane', 'Blvd'])}`

const ssn = (rng: Rng): string =>
  `${two(1 + rng.int(5))}${1 + rng.int(9)}-${two(1 + rng.int(98))}-${1000 + rng.int(8999)}`

/** Draws until the check digit fits: one try in ten or so does. */
function until(draw: () => string, accept: (text: string) => boolean): string {
  for (;;) {
    const text = draw()
    if (accept(text)) return text
  }
}

const npi = (rng: Rng): string => until(() => `1${100_000_000 + rng.int(899_999_999)}`, isNpi)
const dea = (rng: Rng): string => until(() => `B${rng.pick([...'ABCDEFG'])}${1_000_000 + rng.int(8_999_999)}`, isDea)
const gtin = (rng: Rng): string =>
  until(() => `0${1_000_000_000 + rng.int(899_999_999)}${100 + rng.int(899)}`, isGtin14)
const vin = (rng: Rng): string =>
  until(() => Array.from({ length: 17 }, () => rng.pick([...'ABCDEFGHJKLMNPRSTUVWXYZ0123456789'])).join(''), isVin)
