/** What every source needs: checks of ends against the clinical schema, rejections, files. */

import { ConfigError } from '../../core/errors.ts'
import { clinicalSchema } from '../clinical.ts'
import type { EntityRecord, EntityType, RejectedRecord, SourceInput, TripleRecord } from '../types.ts'

export type Place = { readonly file: string; readonly line: number }

/** Longer details are cut: a report is read, a file is opened at its line. */
const MAX_DETAIL = 200

const endsByName = new Map(
  clinicalSchema.relations.map(({ name, domain, range }) => [
    name,
    { domain: new Set<EntityType>(domain), range: new Set<EntityType>(range) },
  ]),
)

/** True when the relation of the clinical schema may join ends of these types. */
export function joins(relation: string, head: EntityType, tail: EntityType): boolean {
  const ends = endsByName.get(relation)
  return ends?.domain.has(head) === true && ends.range.has(tail)
}

/** True for a name of the clinical schema. */
export function isRelation(name: string): boolean {
  return endsByName.has(name)
}

/** A row that gave nothing. */
export function rejected(place: Place, reason: string, detail: string): RejectedRecord {
  const { file, line } = place
  return { kind: 'rejected', file, line, reason, detail: shorten(detail) }
}

function shorten(text: string): string {
  if (text.length <= MAX_DETAIL) return text
  // Never half of a surrogate pair: the detail must have UTF-8.
  return `${text.slice(0, MAX_DETAIL - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** An entity without what it lacks. */
export function entityRecord(
  place: Place,
  fields: {
    readonly key: string
    readonly label: string
    readonly type: EntityType
    readonly synonyms?: readonly string[]
    readonly xrefs?: readonly string[]
    readonly labelZh?: string | undefined
  },
): EntityRecord {
  const { key, label, type, labelZh } = fields
  return {
    kind: 'entity',
    file: place.file,
    line: place.line,
    key,
    label,
    type,
    synonyms: distinct(fields.synonyms ?? [], label),
    xrefs: distinct(fields.xrefs ?? [], key),
    ...(labelZh === undefined || labelZh === '' ? {} : { labelZh }),
  }
}

/** A triple; qualifiers that are empty are left out. */
export function tripleRecord(
  place: Place,
  head: string,
  relation: string,
  tail: string,
  more: { readonly qualifiers?: Readonly<Record<string, string>>; readonly quote?: string; readonly url?: string } = {},
): TripleRecord {
  const qualifiers = Object.fromEntries(Object.entries(more.qualifiers ?? {}).filter(([, value]) => value !== ''))
  return {
    kind: 'triple',
    file: place.file,
    line: place.line,
    head,
    relation,
    tail,
    ...(Object.keys(qualifiers).length === 0 ? {} : { qualifiers }),
    ...(more.quote === undefined ? {} : { quote: more.quote }),
    ...(more.url === undefined ? {} : { url: more.url }),
  }
}

/** Says of each key whether it comes for the first time. */
export function createFirsts(): (key: string) => boolean {
  const met = new Set<string>()
  return (key) => {
    if (met.has(key)) return false
    met.add(key)
    return true
  }
}

/**
 * The files of an input, one for each that the source names.
 *
 * @throws {ConfigError} when there are more or fewer
 */
export function filesOf(input: SourceInput, source: string, names: readonly string[]): readonly string[] {
  if (input.files.length !== names.length) {
    throw new ConfigError(`source "${source}" takes ${names.length} file(s), got ${input.files.length}`, {
      hint: `name them in this order: ${names.join(', ')}`,
    })
  }
  return input.files
}

/** The one file of an input. @throws {ConfigError} as {@link filesOf} */
export function fileOf(input: SourceInput, source: string, name: string): string {
  return filesOf(input, source, [name])[0]!
}

function distinct(values: readonly string[], except: string): string[] {
  return [...new Set(values)].filter((value) => value !== '' && value !== except)
}
