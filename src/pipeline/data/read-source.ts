import { hashInputs } from '../../graph/build-inputs.ts'
import { knowledgeSources } from '../../graph/registry.ts'
import type { RejectedRecord, TripleRecord } from '../../graph/types.ts'

export type ReasonCount = { readonly count: number; readonly example: string }

/** What a reader found in the files of a knowledge source. */
export type SourceReading = {
  readonly source: string
  readonly title: string
  readonly license: string
  readonly isPublishable: boolean
  readonly revision: string | null
  readonly testedOn: string
  readonly files: readonly { readonly file: string; readonly sha256: string; readonly sizeBytes: number }[]
  readonly entities: number
  readonly triples: number
  readonly rejected: number
  /** Entity type → entities. */
  readonly entitiesByType: Readonly<Record<string, number>>
  /** Relation → triples. */
  readonly triplesByRelation: Readonly<Record<string, number>>
  /** Reason → rows, with the first of them. */
  readonly rejectedByReason: Readonly<Record<string, ReasonCount>>
  /** The first triples, as the source names their ends. */
  readonly examples: readonly string[]
}

/**
 * What one knowledge source says, counted without building a graph.
 *
 * @param mapping YAML file of a `columns` source
 * @throws {ConfigError} for an unknown source or another number of files than it reads
 * @throws {DataError} when a file is not of that form
 */
export async function readKnowledge(
  name: string,
  files: readonly string[],
  options: { readonly mapping?: string; readonly examples?: number } = {},
): Promise<SourceReading> {
  const source = knowledgeSources.get(name)
  const input = { files, ...(options.mapping === undefined ? {} : { mapping: options.mapping }) }
  const entitiesByType = new Map<string, number>()
  const triplesByRelation = new Map<string, number>()
  const rejectedByReason = new Map<string, { count: number; example: string }>()
  const labels = new Map<string, string>()
  const examples: TripleRecord[] = []
  let revision: string | null = null
  let license = source.license
  let { isPublishable } = source
  for await (const record of source.read(input)) {
    if (record.kind === 'entity') {
      bump(entitiesByType, record.type)
      labels.set(record.key, record.label)
    } else if (record.kind === 'triple') {
      bump(triplesByRelation, record.relation)
      if (examples.length < (options.examples ?? 5)) examples.push(record)
    } else if (record.kind === 'rejected') bumpReason(rejectedByReason, record)
    else {
      revision = record.revision ?? revision
      license = record.license ?? license
      isPublishable &&= record.isPublishable ?? true
    }
  }
  const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((total, n) => total + n, 0)
  const nameOf = (key: string): string => labels.get(key) ?? key
  return {
    source: source.name,
    title: source.title,
    license,
    isPublishable,
    revision,
    testedOn: source.testedOn,
    files: hashInputs(input),
    entities: sum(entitiesByType),
    triples: sum(triplesByRelation),
    rejected: [...rejectedByReason.values()].reduce((total, { count }) => total + count, 0),
    entitiesByType: byCount(entitiesByType),
    triplesByRelation: byCount(triplesByRelation),
    rejectedByReason: Object.fromEntries(
      [...rejectedByReason].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1)),
    ),
    examples: examples.map(({ head, relation, tail }) => `${nameOf(head)} — ${relation} → ${nameOf(tail)}`),
  }
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function bumpReason(counts: Map<string, { count: number; example: string }>, record: RejectedRecord): void {
  const known = counts.get(record.reason)
  if (known !== undefined) known.count += 1
  else counts.set(record.reason, { count: 1, example: `${record.file}:${record.line}: ${record.detail}` })
}

/** Most frequent first. */
export function byCount(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
}
