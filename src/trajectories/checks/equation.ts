import { type Operator, type Quantity, type Token, tokensOf } from './quantity.ts'

/** One side of an equation, evaluated twice: by its bare numbers, and by numbers in base units where all are known. */
export type Side = {
  readonly plain: number
  /** Null where a unit is unknown or the dimensions do not allow the operation. */
  readonly base: { readonly value: number; readonly dimension: readonly number[] } | null
  /** How many operators it holds. */
  readonly operations: number
  readonly quantities: readonly Quantity[]
}

/** "left = right", or "left (right)" for a quantity that is given twice. */
export type Equation = {
  readonly left: Side
  readonly right: Side
  /** What is right when only the first number after the sign is meant: "5 × 4 = 20 / 2 = 10". */
  readonly rightStart: Side
  readonly isRough: boolean
  readonly start: number
  readonly end: number
}

/** More tokens than this on one side are not read (chosen by us: a formula in a chain has a dozen). */
const maxTokens = 40

/** The equations of a text that arithmetic can read, in order; what it cannot read is left out. */
export function equationsOf(text: string): Equation[] {
  const equations: Equation[] = []
  let side: Token[] = []
  let left: { readonly tokens: readonly Token[]; readonly isRough: boolean } | null = null
  const close = (): void => {
    if (left !== null) equations.push(...equationOf(left.tokens, side, left.isRough))
    equations.push(...twiceGiven(side))
  }
  for (const token of tokensOf(text)) {
    if (token.kind === 'equals') {
      close()
      left = { tokens: side.slice(-maxTokens), isRough: token.isRough }
      side = []
    } else if (token.kind === 'break') {
      close()
      left = null
      side = []
    } else {
      // A list of numbers without end is no formula.
      if (side.length >= 10 * maxTokens) {
        close()
        left = null
        side = []
      }
      side.push(token)
    }
  }
  close()
  return equations
}

function equationOf(before: readonly Token[], after: readonly Token[], isRough: boolean): Equation[] {
  const left = longestSuffix(before)
  const right = longestPrefix(after.slice(0, maxTokens))
  if (left === null || right === null) return []
  const rightStart = parseAll(right.tokens.slice(0, 1)) ?? right.side
  const [first, last] = [left.tokens[0]!, right.tokens.at(-1)!]
  return [{ left: left.side, right: right.side, rightStart, isRough, start: first.start, end: last.end }]
}

/** "0.5 g (500 mg)": quantity, bracket, quantity, bracket. */
function twiceGiven(tokens: readonly Token[]): Equation[] {
  return tokens.flatMap((token, index) => {
    const [open, inner, close] = tokens.slice(index + 1, index + 4)
    if (token.kind !== 'quantity' || open?.kind !== 'open' || inner?.kind !== 'quantity' || close?.kind !== 'close')
      return []
    const [left, right] = [parseAll([token]), parseAll([inner])]
    if (left === null || right === null) return []
    return [{ left, right, rightStart: right, isRough: false, start: token.start, end: close.end }]
  })
}

type Parsed = { readonly side: Side; readonly tokens: readonly Token[] }

function longestSuffix(tokens: readonly Token[]): Parsed | null {
  for (let from = 0; from < tokens.length; from++) {
    const rest = tokens.slice(from)
    const side = parseAll(rest)
    if (side !== null) return { side, tokens: rest }
  }
  return null
}

function longestPrefix(tokens: readonly Token[]): Parsed | null {
  for (let to = tokens.length; to > 0; to--) {
    const start = tokens.slice(0, to)
    const side = parseAll(start)
    if (side !== null) return { side, tokens: start }
  }
  return null
}

/** The value of tokens that are one expression; null when they are not. */
function parseAll(tokens: readonly Token[]): Side | null {
  let at = 0
  const peekOperator = (among: readonly Operator[]): Operator | null => {
    const token = tokens[at]
    return token?.kind === 'operator' && among.includes(token.operator) ? token.operator : null
  }
  const chain = (among: readonly Operator[], next: () => Side | null): Side | null => {
    let value = next()
    for (let operator = peekOperator(among); operator !== null && value !== null; operator = peekOperator(among)) {
      at += 1
      const right = next()
      value = right === null ? null : combine(value, right, operator)
    }
    return value
  }
  const operand = (): Side | null => {
    const token = tokens[at]
    at += 1
    if (token?.kind === 'quantity') return sideOf(token)
    if (token?.kind !== 'open') return null
    const inner = sum()
    const closing = tokens[at]
    at += 1
    return closing?.kind === 'close' ? inner : null
  }
  const product = (): Side | null => chain(['*', '/'], () => chain(['^'], operand))
  const sum = (): Side | null => chain(['+', '-'], product)
  const side = sum()
  return at === tokens.length ? side : null
}

function sideOf(quantity: Quantity): Side {
  const { value, unit, hasWord } = quantity
  const base =
    hasWord || (unit !== null && unit.shift !== 0)
      ? null
      : { value: value * (unit?.factor ?? 1), dimension: unit?.dimension ?? [] }
  return { plain: value, base, operations: 0, quantities: [quantity] }
}

function combine(left: Side, right: Side, operator: Operator): Side {
  return {
    plain: apply(left.plain, right.plain, operator),
    base: combineBase(left.base, right.base, operator),
    operations: left.operations + right.operations + 1,
    quantities: [...left.quantities, ...right.quantities],
  }
}

function combineBase(left: Side['base'], right: Side['base'], operator: Operator): Side['base'] {
  if (left === null || right === null) return null
  const value = apply(left.value, right.value, operator)
  if (operator === '^') {
    if (!isDimensionless(right.dimension)) return null
    return { value, dimension: left.dimension.map((exponent) => exponent * right.value) }
  }
  if (operator === '+' || operator === '-') {
    return isSameDimension(left.dimension, right.dimension) ? { value, dimension: left.dimension } : null
  }
  const sign = operator === '*' ? 1 : -1
  const length = Math.max(left.dimension.length, right.dimension.length)
  const dimension = Array.from(
    { length },
    (_, axis) => (left.dimension[axis] ?? 0) + sign * (right.dimension[axis] ?? 0),
  )
  return { value, dimension }
}

function apply(left: number, right: number, operator: Operator): number {
  if (operator === '+') return left + right
  if (operator === '-') return left - right
  if (operator === '*') return left * right
  return operator === '/' ? left / right : left ** right
}

function isDimensionless(dimension: readonly number[]): boolean {
  return dimension.every((exponent) => exponent === 0)
}

/** Whether two dimensions are one; what is left out of the shorter is 0. */
export function isSameDimension(left: readonly number[], right: readonly number[]): boolean {
  const length = Math.max(left.length, right.length)
  return Array.from({ length }).every((_, axis) => (left[axis] ?? 0) === (right[axis] ?? 0))
}

/** Chosen by us: recomputed to 1 %. */
const tolerance = 0.01
/** What "≈" allows (chosen by us). */
const roughTolerance = 0.05

/**
 * Whether two values of an equation agree: to 1 % (5 % behind "≈"), or to what the printed places may have rounded away.
 *
 * @param slack half of the last printed place, in the unit of the values
 */
export function isClose(left: number, right: number, isRough: boolean, slack: number): boolean {
  if (!Number.isFinite(left) || !Number.isFinite(right)) return false
  const allowed = (isRough ? roughTolerance : tolerance) * Math.max(Math.abs(left), Math.abs(right))
  return Math.abs(left - right) <= Math.max(allowed, slack) + 1e-12
}

/** Half of the last printed place of a quantity; 0 for a whole number, unless it is called rough. */
export function slackOf(side: Side, isRough: boolean): number {
  const [quantity] = side.quantities
  if (quantity === undefined || side.operations > 0) return 0
  return quantity.decimals > 0 || isRough ? 0.5 * 10 ** -quantity.decimals * 1.000_001 : 0
}
