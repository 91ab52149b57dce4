/**
 * Jinja chat templates, run within bounds by the interpreter of `@huggingface/jinja`.
 *
 * A template sees its variables, `range`, `namespace` and `raise_exception`, and nothing else: not even the date, because
 * a prompt must not change from day to day. One known difference from Jinja: what an iteration has written before a
 * `break` or `continue` is lost.
 */

import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { DataError } from '../core/errors.ts'
import { createTemplateBudget } from './template-budget.ts'
import { boundMachine, type TemplateMachine, type TemplateNode } from './template-machine.ts'
import type { TemplateScope } from './template-methods.ts'

const maxTemplateLength = 65_536
/** The library's reader takes quadratic time over white space. */
const maxSpaceRun = 1000
const maxMessageLength = 500

// The library's own types do not resolve under NodeNext; these are the parts that we use.
type Library = {
  readonly Scope: new () => TemplateScope
  readonly Machine: new (scope: TemplateScope) => TemplateMachine
  readonly read: (source: string) => TemplateNode
}
const library: Library = {
  Scope: Environment,
  Machine: Interpreter,
  read: (source) => parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })),
}

/** A template that was read, ready to be rendered any number of times. */
export type Template = { readonly source: string; readonly program: TemplateNode }

/**
 * A template from its source.
 *
 * @throws {DataError} when it is too long or does not parse
 */
export function parseTemplate(source: string): Template {
  if (source.length > maxTemplateLength) {
    throw new DataError(`the chat template has ${source.length} characters; the limit is ${maxTemplateLength}`)
  }
  if (new RegExp(`\\s{${maxSpaceRun + 1}}`).test(source)) {
    throw new DataError(`the chat template has more than ${maxSpaceRun} white-space characters in a row`)
  }
  try {
    return { source, program: library.read(source) }
  } catch (cause) {
    throw templateError('does not parse', cause)
  }
}

/**
 * The text of a template with these variables: strings, numbers, booleans, null, lists and plain objects.
 *
 * @throws {DataError} with the template's own words where it calls `raise_exception`; when it fails; when it passes the
 *   bounds of `template-budget.ts`
 */
export function renderTemplate({ source, program }: Template, variables: Readonly<Record<string, unknown>>): string {
  const budget = createTemplateBudget()
  const constants = { true: true, True: true, false: false, False: false, none: null, None: null }
  const functions = { range: budget.range, raise_exception: raiseException }
  try {
    const scope = new library.Scope()
    for (const [name, value] of Object.entries({ ...constants, ...variables, ...functions })) scope.set(name, value)
    const machine = new library.Machine(scope)
    boundMachine(machine, () => new library.Scope(), budget, source.length)
    const { value } = machine.evaluate(program, scope)
    if (typeof value !== 'string') throw new DataError('the chat template gives no text')
    return value
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    throw templateError('fails', cause)
  }
}

function raiseException(message: unknown): never {
  throw new DataError(`the chat template fails: ${String(message).slice(0, maxMessageLength)}`)
}

function templateError(what: string, cause: unknown): DataError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new DataError(`the chat template ${what}: ${message.slice(0, maxMessageLength)}`, { cause })
}
