/** How the columns of a table become entities and triples: the declaration and its reading from YAML. */

import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { readText } from '../../core/read.ts'
import { entityTypes } from '../packed/parts.ts'
import { isRelation } from './source-kit.ts'

const typeSchema = z.enum(entityTypes)
const relationSchema = z.string().refine(isRelation, { error: 'not a relation of the clinical schema' })
const columnName = z.string().min(1)

/** A value looked up by what a column holds, or by what it holds before a separator. */
const chosen = <Schema extends z.ZodType>(value: Schema) =>
  z.strictObject({ column: columnName, until: z.string().min(1).optional(), values: z.record(z.string(), value) })

const keySchema = z.union([
  columnName,
  z.strictObject({
    column: columnName,
    /** Take what follows this separator: `::` in `Gene::9021`. */
    after: z.string().min(1).optional(),
    /** Put before it; without one the column holds CURIEs. */
    prefix: z.union([z.string(), chosen(z.string())]).optional(),
    /** The column holds a name, not an identifier. */
    isName: z.boolean().optional(),
  }),
])
const manySchema = z.strictObject({
  column: columnName,
  separator: z.string().min(1).optional(),
  prefix: z.string().min(1).optional(),
})
const entitySchema = z.strictObject({
  key: keySchema,
  /** Without a label the table only refers to the entity; another file names it. */
  label: columnName.optional(),
  labelZh: columnName.optional(),
  type: z.union([typeSchema, chosen(typeSchema)]),
  synonyms: z.array(manySchema).optional(),
  xrefs: z.array(manySchema).optional(),
  /** Library headings, "Pain, Abdominal": turned round, the heading kept as a synonym. */
  isInverted: z.boolean().optional(),
})
const ruleSchema = z.strictObject({
  /** Column → what it may hold; every column must fit. */
  when: z.record(z.string(), z.array(z.string()).min(1)).optional(),
  /** Column → numbers between which its value must lie. */
  within: z
    .record(z.string(), z.strictObject({ above: z.number().optional(), below: z.number().optional() }))
    .optional(),
  /** The first column must sort before the second: of a pair given both ways, one row is taken. */
  isOrdered: z.tuple([columnName, columnName]).optional(),
  reject: z.string().min(1).max(60).optional(),
  head: z.string().optional(),
  tail: z.string().optional(),
  relation: z.union([relationSchema, chosen(relationSchema)]).optional(),
  qualifiers: z.record(z.string(), columnName).optional(),
})

const mappingSchema = z
  .strictObject({
    license: z.string().min(1).optional(),
    revision: z.string().min(1).optional(),
    format: z.strictObject({
      delimiter: z.string().min(1).max(4),
      quote: z.union([z.literal('"'), z.null()]),
      columns: z.array(columnName).min(1).optional(),
      comment: z.string().min(1).optional(),
    }),
    entities: z.record(z.string(), entitySchema),
    /** Tried in order, the first that fits decides. Without rules each row names its entities. */
    rules: z.array(ruleSchema).optional(),
    /** The column whose values the report counts when no rule fits. */
    otherwise: columnName.optional(),
  })
  .superRefine(({ entities, rules }, context) => {
    const names = Object.keys(entities)
    for (const name of rules === undefined ? names : []) {
      if (entities[name]!.label !== undefined) continue
      context.addIssue({ code: 'custom', path: ['entities', name], message: 'needs a label, as there are no rules' })
    }
    rules?.forEach((rule, index) => {
      const ends = [rule.head, rule.tail, rule.relation].filter((part) => part !== undefined).length
      if (rule.reject === undefined ? ends !== 3 : ends !== 0) {
        context.addIssue({
          code: 'custom',
          path: ['rules', index],
          message: 'takes head, relation and tail, or reject',
        })
      }
      for (const side of ['head', 'tail'] as const) {
        const name = rule[side]
        if (name !== undefined && !names.includes(name)) {
          context.addIssue({ code: 'custom', path: ['rules', index, side], message: `no entity "${name}" above` })
        }
      }
    })
  })

export type ColumnMapping = z.infer<typeof mappingSchema>
export type ColumnEntity = z.infer<typeof entitySchema>
export type ColumnRule = z.infer<typeof ruleSchema>
export type ColumnKey = z.infer<typeof keySchema>
export type ColumnMany = z.infer<typeof manySchema>

/**
 * The mapping in a YAML file.
 *
 * @throws {DataError} naming file and line of what does not fit
 */
export function readMapping(file: string): ColumnMapping {
  const lines = new LineCounter()
  const document = parseDocument(readText(file), { lineCounter: lines, uniqueKeys: true })
  const broken = document.errors[0]
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0])
    throw new DataError(`not YAML: ${broken.message.split('\n')[0]}`, { file, line, hint: 'see docs/formats.md' })
  }
  const parsed = mappingSchema.safeParse(document.toJS({ maxAliasCount: 100 }) as unknown)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  throw new DataError(`${path.join('.')}: ${issue.message}`, {
    file,
    line: lineOf(document, lines, path),
    field: path.join('.'),
    hint: 'a mapping has format, entities and rules; see docs/formats.md',
  })
}

function lineOf(
  document: ReturnType<typeof parseDocument>,
  lines: LineCounter,
  path: readonly (string | number)[],
): number {
  // The nearest part of the path that stands in the file: an absent field has no line of its own.
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null
    if (Array.isArray(range) && typeof range[0] === 'number') return lines.linePos(range[0]).line
  }
  return 1
}

/** The columns that a mapping reads. */
export function columnsOf(mapping: ColumnMapping): string[] {
  const names = new Set<string>()
  const add = (part: string | { readonly column: string } | undefined): void => {
    if (part !== undefined) names.add(typeof part === 'string' ? part : part.column)
  }
  for (const entity of Object.values(mapping.entities)) {
    add(entity.key)
    if (typeof entity.key === 'object' && typeof entity.key.prefix === 'object') add(entity.key.prefix)
    for (const name of [entity.label, entity.labelZh]) add(name)
    for (const many of [...(entity.synonyms ?? []), ...(entity.xrefs ?? [])]) add(many)
    if (typeof entity.type === 'object') add(entity.type)
  }
  for (const rule of mapping.rules ?? []) {
    for (const name of [...Object.keys(rule.when ?? {}), ...Object.keys(rule.within ?? {})]) names.add(name)
    for (const name of [...(rule.isOrdered ?? []), ...Object.values(rule.qualifiers ?? {})]) names.add(name)
    if (typeof rule.relation === 'object') add(rule.relation)
  }
  add(mapping.otherwise)
  return [...names]
}
