import { parseUnit, type Unit } from '../../text/units.ts'

/** A number as it stands in a text, with what follows it. */
export type Quantity = {
  readonly kind: 'quantity'
  readonly value: number
  /** Decimal places that are printed. */
  readonly decimals: number
  /** The known unit behind it; null for none and for words that are none. */
  readonly unit: Unit | null
  readonly unitText: string
  /** True when a word stands behind it that is no unit: "3 tablets". */
  readonly hasWord: boolean
}

export type Operator = '+' | '-' | '*' | '/' | '^'

/** A piece of a text, as arithmetic reads it. `break`: anything that belongs to no equation. */
export type Token = (
  | Quantity
  | { readonly kind: 'operator'; readonly operator: Operator }
  | { readonly kind: 'open' | 'close' | 'break' }
  | { readonly kind: 'equals'; readonly isRough: boolean }
) & { readonly start: number; readonly end: number }

type Piece = Quantity | { kind: 'operator'; operator: Operator } | { kind: 'open' | 'close' | 'break' } | Equals
type Equals = { readonly kind: 'equals'; readonly isRough: boolean }

const number = /\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3}(?![\p{L}\d]))?/uy
const letters = /\p{L}[\p{L}\p{M}\p{N}'’]*/uy
/** Longest unit is shorter than this. */
const unitRun =
  /[\p{Script=Latin}µμ°%ΩΜ][\p{Script=Latin}µμ°%²³^/·]{0,39}|(?:毫|微|千|分)?(?:克|升|米)|公斤|天|小时|分钟/uy
const perUnit = / per (\p{Script=Latin}{1,20})\b/uy
const spaces = /[ \t\u00a0\u2009\u202f]+/y
const operators: ReadonlyMap<string, Operator> = new Map([
  ...['+', '＋'].map((sign) => [sign, '+'] as const),
  ...['-', '−', '–', '－'].map((sign) => [sign, '-'] as const),
  ...['×', '*', '·', '⋅', '∗'].map((sign) => [sign, '*'] as const),
  ...['/', '÷', '⁄'].map((sign) => [sign, '/'] as const),
  ['^', '^'],
])

/** The tokens of a text, each character looked at a bounded number of times. */
export function* tokensOf(text: string): Generator<Token> {
  let before: Piece['kind'] = 'break'
  for (let at = 0; at < text.length; ) {
    const skipped = match(spaces, text, at)
    if (skipped !== null) {
      at += skipped.length
      continue
    }
    const { piece, end } = readPiece(text, at, before === 'quantity' || before === 'close')
    yield { ...piece, start: at, end }
    before = piece.kind
    at = end
  }
}

function readPiece(text: string, at: number, afterOperand: boolean): { piece: Piece; end: number } {
  const character = text[at]!
  if (character >= '0' && character <= '9') return readQuantity(text, at)
  if (character === '=' || character === '≈' || character === '≅') {
    return { piece: { kind: 'equals', isRough: character !== '=' }, end: at + 1 }
  }
  if (character === '(' || character === '[') return { piece: { kind: 'open' }, end: at + 1 }
  if (character === ')' || character === ']') return { piece: { kind: 'close' }, end: at + 1 }
  const operator = operators.get(character)
  // "10-15" is a range, "anti-A" a word: a stroke counts only with space on both sides.
  const isTight = operator === '-' && (isSolid(text[at - 1]) || isSolid(text[at + 1]))
  if (operator !== undefined && afterOperand && !isTight) return { piece: { kind: 'operator', operator }, end: at + 1 }
  if (afterOperand && (character === 'x' || character === 'X') && /^[ \d(]$/.test(text[at + 1] ?? '')) {
    return { piece: { kind: 'operator', operator: '*' }, end: at + 1 }
  }
  const word = match(letters, text, at)
  if (word === null) return { piece: { kind: 'break' }, end: at + (text.codePointAt(at)! > 0xffff ? 2 : 1) }
  if (word === 'of' && afterOperand) return { piece: { kind: 'operator', operator: '*' }, end: at + word.length }
  return { piece: { kind: 'break' }, end: at + word.length }
}

function readQuantity(text: string, at: number): { piece: Piece; end: number } {
  const digits = match(number, text, at)!
  const value = Number(digits.replaceAll(',', ''))
  const point = digits.indexOf('.')
  const decimals = point === -1 ? 0 : digits.slice(point + 1).replace(/e.*$/i, '').length
  let end = at + digits.length
  let unit: Unit | null = null
  let unitText = ''
  let hasWord = false
  const gap = match(spaces, text, end)?.length ?? 0
  const run = match(unitRun, text, end + gap)?.replace(/[/·^]+$/, '') ?? ''
  const isTimes = /^x$/i.test(run)
  if (run !== '' && !isTimes && run !== 'of') {
    unit = parseUnit(run)
    end += gap + run.length
    unitText = run
    hasWord = unit === null
    const per = unit === null ? null : matchGroup(perUnit, text, end)
    const compound = per === null ? null : parseUnit(`${run}/${per.group}`)
    if (per !== null && compound !== null) {
      unit = compound
      unitText = `${run}/${per.group}`
      end += per.length
    }
  }
  return { piece: { kind: 'quantity', value, decimals, unit, unitText, hasWord }, end }
}

function isSolid(character: string | undefined): boolean {
  return character !== undefined && !/[\s()[\]]/.test(character)
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}

function matchGroup(pattern: RegExp, text: string, at: number): { group: string; length: number } | null {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  return found === null ? null : { group: found[1]!, length: found[0].length }
}
