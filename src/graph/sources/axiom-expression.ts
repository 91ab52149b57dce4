/** Class expressions in Manchester syntax, as the reports of the Disease Ontology print them. */

export type Expression =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'some'; readonly property: string; readonly filler: Expression }
  /** `exactly`, `min`, `max`, `only`: read, and nothing is made of them. */
  | { readonly kind: 'bounded'; readonly property: string }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }

/** Deeper nesting than this is an attack or a mistake. */
const MAX_DEPTH = 50

class NotAnExpression extends SyntaxError {}

/**
 * The expressions of a cell, which separates them by `|`; null when it is not of this form.
 *
 * A quote opens a name only where a name may begin, so that `diphenylmethane-4,4'-diisocyanate` is one bare name.
 */
export function readExpressions(text: string): readonly Expression[] | null {
  const tokens = tokenize(text)
  if (tokens === null) return null
  const parser = createParser(tokens)
  try {
    const expressions = [parser.expression(0)]
    while (parser.take('|')) expressions.push(parser.expression(0))
    return parser.isAtEnd() ? expressions : null
  } catch (cause) {
    if (cause instanceof NotAnExpression) return null
    throw cause
  }
}

type Token = { readonly kind: '(' | ')' | '|' | 'word' | 'quoted'; readonly text: string }

function tokenize(text: string): Token[] | null {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const character = text[at]!
    if (character === ' ') at++
    else if (character === '|' || character === ')') {
      tokens.push({ kind: character, text: character })
      at++
    } else if (character === '(' && !opensBareName(text, at)) {
      tokens.push({ kind: '(', text: '(' })
      at++
    } else if (character === "'") {
      const end = quotedEnd(text, at + 1)
      if (end === -1) return null
      tokens.push({ kind: 'quoted', text: text.slice(at + 1, end) })
      at = end + 1
    } else {
      const end = bareEnd(text, at)
      tokens.push({ kind: 'word', text: text.slice(at, end) })
      at = end
    }
  }
  return tokens
}

/** `(-)-carvone` begins a name, `('a' or 'b')` a group: the name has its bracket closed before any space. */
function opensBareName(text: string, at: number): boolean {
  for (let end = at + 1; end < text.length; end++) {
    const character = text[end]!
    if (character === ' ' || character === '(' || character === "'" || character === '|') return false
    if (character === ')') return end + 1 < text.length && !' )|'.includes(text[end + 1]!)
  }
  return false
}

/** A quote closes a name only where a name may end. */
function quotedEnd(text: string, from: number): number {
  for (let end = text.indexOf("'", from); end !== -1; end = text.indexOf("'", end + 1)) {
    if (end + 1 === text.length || ' )|'.includes(text[end + 1]!)) return end
  }
  return -1
}

function bareEnd(text: string, from: number): number {
  // Brackets inside a bare name belong to it while they are balanced.
  let depth = 0
  for (let end = from; end < text.length; end++) {
    const character = text[end]!
    if (character === ' ' || character === '|') return end
    if (character === '(') depth++
    if (character === ')' && --depth < 0) return end
  }
  return text.length
}

function createParser(tokens: readonly Token[]) {
  let at = 0
  const isWord = (text: string): boolean => tokens[at]?.kind === 'word' && tokens[at]!.text === text
  const take = (kind: Token['kind']): boolean => {
    if (tokens[at]?.kind !== kind) return false
    at++
    return true
  }
  const name = (): string => {
    const token = tokens[at]
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted')) throw new NotAnExpression()
    at++
    return token.text
  }
  const primary = (depth: number): Expression => {
    if (depth > MAX_DEPTH) throw new NotAnExpression()
    if (take('(')) {
      const inner = expression(depth + 1)
      if (!take(')')) throw new NotAnExpression()
      return inner
    }
    const first = name()
    if (isWord('some')) {
      at++
      return { kind: 'some', property: first, filler: primary(depth + 1) }
    }
    if (['exactly', 'min', 'max', 'only'].some(isWord)) {
      const isCounted = !isWord('only')
      at++
      if (isCounted && !/^\d+$/.test(name())) throw new NotAnExpression()
      primary(depth + 1)
      return { kind: 'bounded', property: first }
    }
    return { kind: 'name', name: first }
  }
  const expression = (depth: number): Expression => {
    const parts = [primary(depth)]
    const operator = isWord('and') ? 'and' : isWord('or') ? 'or' : null
    while (operator !== null && isWord(operator)) {
      at++
      parts.push(primary(depth))
    }
    // "a and b or c" without brackets has no one meaning here.
    if (isWord('and') || isWord('or')) throw new NotAnExpression()
    return operator === null ? parts[0]! : { kind: operator, parts }
  }
  return { expression, take, isAtEnd: () => at === tokens.length }
}
