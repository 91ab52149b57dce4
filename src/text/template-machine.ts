/**
 * The wrapper that keeps the interpreter of chat templates within a budget.
 *
 * Everything that the interpreter evaluates goes through its one method `evaluate`. The wrapper takes that method's
 * place: it counts every node, evaluates the operands of an operation first where the operation could blow them up, and
 * hands them on as nodes that are done. Strings get the methods of Python where the library's differ.
 */

import { DataError } from '../core/errors.ts'
import type { TemplateBudget, TemplateValue } from './template-budget.ts'
import { givePythonMethods, type TemplateScope } from './template-methods.ts'

/** Blanks of `indent`, and characters of the separators of `tojson`. */
const maxIndent = 64

/** An error with its stack carries a `break` or `continue` out of the body. */
const stepsOfBreak = 10

/** What reading a character of a macro costs, in characters handled. */
const workOfMacro = 8

/** Scopes that the interpreter makes for each element of a loop before it runs the body. */
const stepsOfElement = 4

/** Filters whose cost does not depend on what their operand holds. */
const cheapFilters: ReadonlySet<string> = new Set(['length', 'first', 'last', 'default', 'list', 'safe'])

/** A node of the syntax tree, as far as its operands are asked for. */
export type TemplateNode = {
  readonly type: string
  readonly object?: TemplateNode
  readonly property?: TemplateNode
  readonly operand?: TemplateNode
  readonly filter?: TemplateNode
  readonly callee?: TemplateNode
  readonly iterable?: TemplateNode
  readonly lhs?: TemplateNode
  readonly left?: TemplateNode
  readonly right?: TemplateNode
  readonly args?: readonly TemplateNode[]
  readonly body?: readonly TemplateNode[]
  readonly operator?: { readonly value: string }
  readonly value?: unknown
  /** Only on the nodes made here: what the node evaluates to. */
  readonly done?: TemplateValue
}
type DoneNode = { readonly type: 'Done'; readonly done: TemplateValue }

export type TemplateMachine = {
  evaluate(node: TemplateNode | undefined, scope: TemplateScope): TemplateValue
}

/** What the functions below share. */
type Run = {
  readonly budget: TemplateBudget
  readonly newScope: () => TemplateScope
  /** The undefined value. */
  readonly missing: TemplateValue
  readonly sourceLength: number
  /** The interpreter's own `evaluate`, which calls the wrapper for every operand. */
  readonly free: (node: TemplateNode | undefined, scope: TemplateScope) => TemplateValue | undefined
  readonly done: (node: TemplateNode | undefined, scope: TemplateScope) => DoneNode
}

/**
 * Puts the wrapper in the place of a machine's `evaluate`.
 *
 * @param sourceLength characters of the template
 */
export function boundMachine(
  machine: TemplateMachine,
  newScope: () => TemplateScope,
  budget: TemplateBudget,
  sourceLength: number,
): void {
  const missing = newScope().lookupVariable('')
  const free: Run['free'] = machine.evaluate.bind(machine)
  const evaluate = (node: TemplateNode | undefined, scope: TemplateScope): TemplateValue => {
    if (node === undefined) return missing
    if (node.done !== undefined) return node.done
    budget.enter()
    try {
      // The library has no value for the first of an empty list, where Jinja has an undefined one.
      const value = evaluateNode(run, node, scope) ?? missing
      budget.take(value)
      return value
    } finally {
      budget.leave()
    }
  }
  const run: Run = {
    budget,
    newScope,
    missing,
    sourceLength,
    free,
    done: (node, scope) => ({ type: 'Done', done: evaluate(node, scope) }),
  }
  machine.evaluate = evaluate
}

function evaluateNode(run: Run, node: TemplateNode, scope: TemplateScope): TemplateValue | undefined {
  const { budget, newScope, free, done } = run
  switch (node.type) {
    case 'Identifier':
      return lookUp(run.missing, String(node.value), scope)
    case 'CallExpression':
      return evaluateCall(run, node, scope)
    case 'For':
      return evaluateLoop(run, node, scope)
    case 'Macro':
    case 'CallStatement':
      // The interpreter reads the whole body for the names that it uses, each time.
      budget.spendWork(workOfMacro * run.sourceLength)
      return free(node, scope)
    case 'Break':
    case 'Continue':
      budget.spendSteps(stepsOfBreak)
      return free(node, scope)
    case 'MemberExpression': {
      const object = done(node.object, scope)
      // A slice of nothing still goes through all of the text.
      if (typeof object.done.value === 'string') budget.spendWork(object.done.value.length)
      givePythonMethods(object.done, budget, newScope)
      return free({ ...node, object }, scope)
    }
    case 'BinaryExpression':
      return node.operator?.value === 'in' || node.operator?.value === 'not in'
        ? evaluateMembership(run, node, scope)
        : free(node, scope)
    case 'FilterExpression':
      return evaluateFilter(run, node, done(node.operand, scope), scope)
    case 'FilterStatement':
      return evaluateFilter(run, node, done({ type: 'Program', body: node.body ?? [] }, scope), scope)
    default:
      return free(node, scope)
  }
}

/** The interpreter's own way throws and catches an error for every name that is not there. */
function lookUp(missing: TemplateValue, name: string, scope: TemplateScope): TemplateValue {
  for (let at: TemplateScope | undefined = scope; at !== undefined; at = at.parent) {
    const value = at.variables.get(name)
    if (value !== undefined) return value
  }
  return missing
}

function evaluateCall({ free, missing }: Run, node: TemplateNode, scope: TemplateScope): TemplateValue | undefined {
  const { callee } = node
  const isDate = callee?.type === 'Identifier' && callee.value === 'strftime_now'
  if (isDate && lookUp(missing, 'strftime_now', scope) === missing) {
    throw new DataError("the chat template asks for today's date, which would change the prompts from day to day", {
      hint: 'use a copy of the template with a fixed date, or pass the date as a variable where it takes one',
    })
  }
  return free(node, scope)
}

function evaluateLoop(
  { budget, free, done }: Run,
  node: TemplateNode,
  scope: TemplateScope,
): TemplateValue | undefined {
  const selection = node.iterable?.type === 'SelectExpression' ? node.iterable : undefined
  const items = done(selection === undefined ? node.iterable : selection.lhs, scope)
  budget.spendSteps(stepsOfElement * budget.countOf(items.done))
  return free({ ...node, iterable: selection === undefined ? items : { ...selection, lhs: items } }, scope)
}

function evaluateMembership(
  { budget, free, done }: Run,
  node: TemplateNode,
  scope: TemplateScope,
): TemplateValue | undefined {
  const left = done(node.left, scope)
  const right = done(node.right, scope)
  const part = left.done.value
  const whole = right.done.value
  if (typeof part === 'string' && typeof whole === 'string') budget.spendSearch(whole, part)
  else budget.spendWork(budget.sizeOf(right.done).size)
  return free({ ...node, left, right }, scope)
}

function evaluateFilter(
  run: Run,
  node: TemplateNode,
  operand: DoneNode,
  scope: TemplateScope,
): TemplateValue | undefined {
  const { filter } = node
  const isCall = filter?.type === 'CallExpression'
  const name = String(isCall ? filter.callee?.value : filter?.value)
  const args = (isCall ? (filter.args ?? []) : []).map((argument) => evaluateArgument(run, name, argument, scope))
  givePythonMethods(operand.done, run.budget, run.newScope)
  const strip = name === 'trim' ? operand.done.builtins.get('strip') : undefined
  if (strip !== undefined) {
    return run.free({ type: 'CallExpression', callee: { type: 'Done', done: strip }, args }, scope)
  }
  if (!cheapFilters.has(name)) spendFilter(run.budget, name, operand.done, args)
  const known = filter === undefined ? {} : { filter: isCall ? { ...filter, args } : filter }
  return run.free({ ...node, type: 'FilterExpression', operand, ...known }, scope)
}

function evaluateArgument(run: Run, filter: string, argument: TemplateNode, scope: TemplateScope): TemplateNode {
  if (argument.type === 'KeywordArgumentExpression') {
    return isNode(argument.value) ? { ...argument, value: run.done(argument.value, scope) } : argument
  }
  if (argument.type.endsWith('SpreadExpression')) {
    throw new DataError(`the chat template unpacks arguments of the filter ${filter}, which is not supported`)
  }
  // The filters that select take literals only, and look at the node for it.
  return argument.type === 'StringLiteral' ? argument : run.done(argument, scope)
}

function isNode(value: unknown): value is TemplateNode {
  return typeof value === 'object' && value !== null && 'type' in value
}

/** Counts what a filter will cost, and refuses what it would make too large. */
function spendFilter(
  budget: TemplateBudget,
  name: string,
  operand: TemplateValue,
  args: readonly TemplateNode[],
): void {
  const { size, nesting } = budget.sizeOf(operand)
  const values = args.map(({ done, value }) => done?.value ?? (isNode(value) ? value.done?.value : value))
  const texts = values.flatMap((value) =>
    Array.isArray(value) ? value.map((item: TemplateValue) => item.value) : [value],
  )
  const width = texts.reduce((sum: number, value) => sum + widthOf(value), 0)
  budget.spendWork(name === 'sort' || name === 'dictsort' ? size * Math.ceil(Math.log2(size + 1)) : size)
  if (name === 'tojson' || name === 'indent') {
    if (width > maxIndent) {
      throw new DataError(`the chat template wants ${name} with an indent or separators of more than ${maxIndent}`)
    }
    budget.checkSize(size * (1 + width * (nesting + 1)))
  }
  if (name === 'join') budget.checkSize(size + width * size)
}

function widthOf(value: unknown): number {
  if (typeof value === 'number') return Math.abs(value)
  return typeof value === 'string' ? value.length : 0
}
