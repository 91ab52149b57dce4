/**
 * What a chat template may cost. A template comes with a model and is code: without bounds it can loop for hours or
 * double a string until memory is gone. The bounds are counts, not times, so the same template fails at the same place on
 * every computer. All chosen by us, ten times what a long conversation under Qwen3's template takes.
 */

import { DataError } from '../core/errors.ts'

/** Nodes of the syntax tree that are evaluated. */
const maxSteps = 200_000
/** Characters and list elements that are handled, each time they are. */
const maxWork = 32_000_000
/** Calls inside calls; leaves room on the stack of JavaScript. */
const maxDepth = 400
/** Characters of one text, or of all that a list or object holds. */
const maxSize = 2_000_000
/** Elements of one list. */
const maxItems = 100_000
/** Lists in lists. */
const maxNesting = 64
/** Elements of `range`. */
const maxRange = 10_000

/** A value of the Jinja interpreter, as far as its cost is asked. */
export type TemplateValue = {
  readonly type: string
  readonly value: unknown
  readonly builtins: Map<string, TemplateValue>
}

type Size = { readonly size: number; readonly nesting: number }

/** Counts what one rendering costs; every method throws a {@link DataError} where a bound is passed. */
export type TemplateBudget = {
  /** Goes one call deeper. */
  enter(): void
  leave(): void
  /** Counts steps that the interpreter makes without evaluating a node. */
  spendSteps(count: number): void
  /** Counts characters handled. */
  spendWork(count: number): void
  /** Counts what it takes to look for one text in another. */
  spendSearch(text: string, part: string): void
  /** Refuses a text or list of that many characters before it is made. */
  checkSize(size: number): void
  /** Refuses a list of that many elements before it is made. */
  checkItems(count: number): void
  /** Counts a value that was evaluated; refuses one that is too large in itself. */
  take(value: TemplateValue): void
  /** Characters of a value with all that it holds, and how deep it nests. */
  sizeOf(value: TemplateValue): Size
  /** Elements of a list or object; 0 of anything else. */
  countOf(value: TemplateValue): number
  /** The numbers from `start` to before `stop`, as Python's `range` has them. */
  range(start: unknown, stop?: unknown, step?: unknown): number[]
}

/** A fresh budget, for one rendering. */
export function createTemplateBudget(): TemplateBudget {
  let steps = 0
  let work = 0
  let depth = 0
  const known = new WeakMap<TemplateValue, Size>()
  const spendSteps = (count: number): void => {
    steps += count
    if (steps > maxSteps) refuse(`takes more than ${maxSteps} steps`)
  }
  const spendWork = (count: number): void => {
    work += count
    if (work > maxWork) refuse(`handles more than ${maxWork} characters`)
  }
  const sizeOf = (value: TemplateValue, nesting = 0): Size => {
    if (typeof value.value === 'string') return { size: value.value.length + 1, nesting: 0 }
    const items = itemsOf(value)
    if (items === null) return { size: 1, nesting: 0 }
    const before = known.get(value)
    if (before !== undefined) return before
    if (nesting >= maxNesting) refuse(`nests lists deeper than ${maxNesting}`)
    let size = 1
    let deepest = 0
    for (const item of items) {
      // A namespace can change after its size was taken, and could come to hold itself.
      if (item.type === 'NamespaceValue') refuse('puts a namespace into another value')
      const inner = sizeOf(item, nesting + 1)
      size += inner.size
      deepest = Math.max(deepest, inner.nesting)
    }
    const total = { size, nesting: deepest + 1 }
    if (value.type !== 'NamespaceValue') known.set(value, total)
    return total
  }
  const checkSize = (size: number): void => {
    if (size > maxSize) refuse(`makes a text or list of more than ${maxSize} characters`)
  }
  const checkItems = (count: number): void => {
    if (count > maxItems) refuse(`makes a list of more than ${maxItems} elements`)
  }
  return {
    enter: () => {
      spendSteps(1)
      depth += 1
      if (depth > maxDepth) refuse(`nests deeper than ${maxDepth} calls`)
    },
    leave: () => {
      depth -= 1
    },
    spendSteps,
    spendWork,
    // In the worst case of hostile texts every place is compared with the whole part.
    spendSearch: (text, part) => spendWork(text.length * (1 + Math.floor(part.length / 16))),
    checkSize,
    checkItems,
    take: (value) => {
      const { size, nesting } = sizeOf(value)
      checkSize(size)
      if (nesting > maxNesting) refuse(`nests lists deeper than ${maxNesting}`)
      const own = typeof value.value === 'string' ? value.value.length : countOf(value)
      if (typeof value.value !== 'string') checkItems(own)
      spendWork(own)
    },
    sizeOf: (value) => sizeOf(value),
    countOf,
    range: (start, stop, step) => range(start, stop, step, spendSteps),
  }
}

/** The values that a value holds, or null where it is none that holds others. */
function itemsOf({ value }: TemplateValue): Iterable<TemplateValue> | null {
  if (Array.isArray(value)) return value
  return value instanceof Map ? value.values() : null
}

function countOf({ value }: TemplateValue): number {
  if (Array.isArray(value)) return value.length
  return value instanceof Map ? value.size : 0
}

function range(from: unknown, to: unknown, by: unknown, spendSteps: (count: number) => void): number[] {
  const [start, stop, step] = to === undefined ? [0, from, 1] : [from, to, by ?? 1]
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(stop) || !Number.isSafeInteger(step) || step === 0) {
    throw new DataError('range() of the chat template needs whole numbers and a step that is not 0')
  }
  const [first, stride] = [Number(start), Number(step)]
  const count = Math.max(0, Math.ceil((Number(stop) - first) / stride))
  if (count > maxRange) refuse(`makes a range of more than ${maxRange} numbers`)
  spendSteps(count)
  return Array.from({ length: count }, (_, index) => first + index * stride)
}

function refuse(what: string): never {
  throw new DataError(`the chat template ${what}`, {
    hint: 'no template of a chat model does; use another one, or write your own without the loop',
  })
}
