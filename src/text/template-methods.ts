import { DataError } from '../core/errors.ts'
import { countParts, replaceText, splitText, stripText } from './python-text.ts'
import type { TemplateBudget, TemplateValue } from './template-budget.ts'

/** Names and values that a template sees; setting a function makes it callable from the template. */
export type TemplateScope = {
  readonly variables: ReadonlyMap<string, TemplateValue>
  readonly parent?: TemplateScope
  set(name: string, value: unknown): unknown
  lookupVariable(name: string): TemplateValue
}

/** Gives a string those methods of Python's that the library has in another form, or without a bound. */
export function givePythonMethods(value: TemplateValue, budget: TemplateBudget, newScope: () => TemplateScope): void {
  const text = value.value
  if (typeof text !== 'string') return
  const methods = newScope()
  methods.set('strip', (characters?: unknown) => stripText(text, textOrNull('strip', characters), 'both'))
  methods.set('lstrip', (characters?: unknown) => stripText(text, textOrNull('lstrip', characters), 'left'))
  methods.set('rstrip', (characters?: unknown) => stripText(text, textOrNull('rstrip', characters), 'right'))
  methods.set('split', (separator?: unknown, limit?: unknown) => {
    const part = textOrNull('split', separator)
    if (part === '') throw new DataError('the chat template splits at nothing')
    if (part !== null) {
      budget.spendSearch(text, part)
      budget.checkItems(countParts(text, part) + 1)
    }
    const pieces = splitText(text, part, limitOf('maxsplit', limit))
    budget.checkItems(pieces.length)
    return pieces
  })
  methods.set('replace', (part: unknown, by: unknown, limit?: unknown) => {
    if (typeof part !== 'string' || typeof by !== 'string') {
      throw new DataError('replace() of the chat template needs two texts')
    }
    budget.spendSearch(text, part)
    budget.checkSize(text.length + countParts(text, part) * by.length)
    return replaceText(text, part, by, limitOf('count', limit))
  })
  for (const name of ['strip', 'lstrip', 'rstrip', 'split', 'replace']) {
    value.builtins.set(name, methods.lookupVariable(name))
  }
}

function textOrNull(method: string, value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  throw new DataError(`${method}() of the chat template needs a text`)
}

/** A limit by position or by name; -1 where there is none. */
function limitOf(name: string, value: unknown): number {
  const limit: unknown = value instanceof Map ? value.get(name)?.value : value
  return typeof limit === 'number' ? limit : -1
}
