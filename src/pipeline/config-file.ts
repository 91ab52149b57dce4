import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { ConfigError } from '../core/errors.ts'
import { readText } from '../core/read.ts'
import { formatHint } from '../core/registry.ts'
import { type Config, configSchema } from './config.ts'
import { expandPreset } from './config-grpo.ts'
import { expandItems } from './config-items.ts'

type Path = readonly (string | number)[]

/**
 * The configuration of a YAML file with `--set a.b=c` assignments on top, validated and with defaults filled in.
 *
 * @param assignments each "path.to.key=value", the value read as YAML
 * @throws {ConfigError} naming file:line (or the assignment), the offending key or value and a remedy
 */
export function loadConfig(file: string, assignments: readonly string[] = []): Config {
  return parseConfig(readText(file), file, assignments)
}

/** The same for a text at hand; `file` is only named in errors. */
export function parseConfig(text: string, file: string, assignments: readonly string[] = []): Config {
  return parseWith(configSchema, 'docs/configuration.md', text, file, assignments, (document) =>
    expandItems(expandPresets(document)),
  )
}

/** The document with the settings of presets filled in, where the stages of reinforcement learning name one. */
function expandPresets(document: unknown): unknown {
  if (typeof document !== 'object' || document === null) return document
  const stages = Object.entries(document).map(([name, section]): [string, unknown] => [
    name,
    name === 'rl-1' || name === 'rl-2' ? expandPreset(section) : section,
  ])
  return Object.fromEntries(stages)
}

/**
 * A configuration by a schema of its own, with the same errors.
 *
 * @param page where every key is explained, for hints
 * @param prepare applied to the document, assignments included, before it is checked
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  page: string,
  text: string,
  file: string,
  assignments: readonly string[] = [],
  prepare: (document: unknown) => unknown = (document) => document,
): z.infer<Schema> {
  const lines = new LineCounter()
  const document: Document = parseDocument(text, { lineCounter: lines })
  const broken = document.errors[0]
  if (broken !== undefined) {
    throw new ConfigError(`${file}:${lines.linePos(broken.pos[0]).line}: not YAML: ${broken.message.split('\n')[0]}`)
  }
  if (document.contents === null) document.contents = document.createNode({})
  if (!isMap(document.contents)) {
    throw new ConfigError(`${file}:1: expected sections with keys, found something else`, {
      hint: `${page} lists every key with its default`,
    })
  }
  const origins = new Map<string, string>()
  for (const assignment of assignments) assign(document, assignment, origins)
  const parsed = schema.safeParse(prepare(document.toJS()))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!
    const known = knownKeys(schema, path)
    const place = placeOf(document, lines, file, [...path, key], origins)
    throw new ConfigError(`${place}: unknown key "${[...path, key].join('.')}"`, { hint: formatHint(key, known) })
  }
  const place = placeOf(document, lines, file, path, origins)
  throw new ConfigError(`${place}: ${path.join('.')}: ${issue.message}`, {
    hint: `${page} lists every key with its default`,
  })
}

function assign(document: Document, assignment: string, origins: Map<string, string>): void {
  const at = assignment.indexOf('=')
  if (at <= 0)
    throw new ConfigError(`--set ${assignment}: expected key=value`, { hint: 'for example --set rl-2.steps=40' })
  const path = assignment.slice(0, at).split('.')
  const parsed = parseDocument(assignment.slice(at + 1))
  const broken = parsed.errors[0]
  if (broken !== undefined) {
    throw new ConfigError(`--set ${assignment}: not YAML: ${broken.message.split('\n')[0]}`, {
      hint: 'quote values with special characters',
    })
  }
  for (let depth = 1; depth < path.length; depth++) {
    const parent = path.slice(0, depth)
    if (!isMap(document.getIn(parent, true))) document.setIn(parent, document.createNode({}))
  }
  document.setIn(path, document.createNode(parsed.toJS() as unknown))
  origins.set(path.join('.'), `--set ${assignment}`)
}

function placeOf(
  document: Document,
  lines: LineCounter,
  file: string,
  path: Path,
  origins: ReadonlyMap<string, string>,
): string {
  const origin = origins.get(path.join('.'))
  if (origin !== undefined) return origin
  for (let depth = path.length; depth > 0; depth--) {
    const parent = document.getIn(path.slice(0, depth - 1), true)
    const range = rangeOf(parent, path[depth - 1])
    if (range !== null && range !== undefined) return `${file}:${lines.linePos(range[0]!).line}`
  }
  return file
}

/** Where an entry of a section, or an element of a list, begins. */
function rangeOf(parent: unknown, part: string | number | undefined): readonly number[] | null | undefined {
  if (isSeq(parent)) {
    const element = parent.items[Number(part)]
    return isNode(element) ? element.range : undefined
  }
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
    : undefined
  return pair !== undefined && isScalar(pair.key) ? pair.key.range : undefined
}

/** The keys that the schema knows in the section at `path`, defaults and lists unwrapped. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let at: z.ZodType = unwrapped(schema)
  for (const part of path) {
    if (at instanceof z.ZodObject) at = unwrapped(at.shape[String(part)] as z.ZodType)
    else if (at instanceof z.ZodArray) at = unwrapped(at.element as z.ZodType)
    else if (at instanceof z.ZodRecord) at = unwrapped(at.valueType as z.ZodType)
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : []
}

function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodNullable) {
    return unwrapped(schema.unwrap() as z.ZodType)
  }
  return schema
}
