import { rowOf } from './packed/columns.ts'
import { type EntityColumns, entityTypes } from './packed/parts.ts'
import { createTextPool, type TextPool } from './packed/texts.ts'
import { buildEntities } from './resolve-entities.ts'
import {
  classifications,
  joinAlternatives,
  joinSpellings,
  nameGroups,
  referenceGroups,
  spaceName,
  spacesOf,
} from './resolve-groups.ts'
import { createClusters, type Group, type MergeRule, type Refusal } from './resolve-join.ts'
import { createNameKeys, type Nodes, nodesOf, type RecordColumns } from './resolve-records.ts'
import { type Named, type NamesReport, namesReport, type Sampled, sample } from './resolve-report.ts'
import type { EntityType } from './types.ts'

/** What resolution did: every merge counted by its rule, everything that was doubtful listed and left apart. */
export type ResolutionReport = NamesReport & {
  readonly records: number
  readonly entities: number
  readonly merges: Readonly<Record<MergeRule, number>>
  /** Shared identifiers or names that would have joined two identifiers of one space. */
  readonly conflicts: Sampled<{
    readonly rule: MergeRule
    readonly shared: string
    readonly entities: readonly Named[]
  }> & { readonly byRule: Readonly<Record<string, number>> }
  /** Identifiers that entities of types which stay apart give as theirs: a disease and a finding with one UMLS concept. */
  readonly referenceClashes: Sampled<{ readonly shared: string; readonly entities: readonly Named[] }>
  /** Records that give a key another type than its first record does. */
  readonly keyTypeClashes: Sampled<{ readonly key: string; readonly types: readonly EntityType[] }>
}

/** Entities made of records, and how to find them by a source's key. */
export type Resolution = {
  readonly entities: EntityColumns
  /** The entity of a key or else of a cross-reference that leads to one entity alone; -1 when there is none. */
  entityOf(key: number): number
  readonly report: ResolutionReport
}

/**
 * Entities from the records of several sources. Records are one entity
 * 1. when they have one key, or one lists the other's key as an alternative of its own space, or their keys of one
 *    space only spell out one label;
 * 2. when a cross-reference of one is the key or a cross-reference of the other, classifications such as ICD-10 aside;
 * 3. when their labels have one `exactNameKey`; 4. when any of their names of four letters or more have.
 * Types must be compatible: disease with group, and by label complication with finding; else the two stay apart and are
 * reported. No rule joins two identifiers of one space (two DOIDs): what would is reported as a conflict.
 *
 * The label, type, rarity and Chinese label come from the first record that has them, sources in the order of the
 * configuration; all other names become synonyms. A complication that is a finding too is a finding. Entities are
 * sorted by label, type and key.
 *
 * @param pool holds the texts of the records
 */
export function resolveEntities(records: RecordColumns, pool: TextPool): Resolution {
  const nodes = nodesOf(records, pool.count)
  const nameKeys = createNameKeys(pool, createTextPool())
  const spaceOfNode = spacesOf(records, nodes, pool)
  const clusters = createClusters(nodes.count, (node) => spaceOfNode[node]!)
  const merges: Record<MergeRule, number> = {
    'same key': countRepeated(records, nodes),
    'spelling of a key': 0,
    'alternative key': 0,
    'cross-reference': 0,
    label: 0,
    name: 0,
  }
  const refusals: Refusal[] = []
  const apply = (rule: MergeRule, groups: readonly Group[]): void => {
    const result = clusters.joinGroups(rule, groups)
    merges[rule] += result.joins
    for (const refusal of result.refusals) refusals.push(refusal)
  }
  merges['spelling of a key'] = joinSpellings(records, nodes, clusters, pool, nameKeys)
  merges['alternative key'] = joinAlternatives(records, nodes, clusters, spaceOfNode, pool)
  const references = referenceGroups(records, nodes, spaceOfNode, pool)
  apply('cross-reference', references.groups)
  apply('label', nameGroups(records, nodes, nameKeys, 'label'))
  apply('name', nameGroups(records, nodes, nameKeys, 'name'))
  const built = buildEntities(records, nodes, clusters, pool, nameKeys)
  const named = (node: number): Named => describe(records, nodes.firsts[node]!, pool)
  return {
    entities: built.entities,
    entityOf: keyReader(records, nodes, built.entityOfNode, pool),
    report: {
      records: records.keys.length,
      entities: built.entities.labels.length,
      merges,
      conflicts: {
        ...sample(refusals, ({ rule, group }) => ({
          rule,
          shared: group.shared,
          entities: group.nodes.slice(0, 5).map(named),
        })),
        byRule: countRules(refusals),
      },
      referenceClashes: sample(
        references.clashes.filter(({ nodes: apart }) => new Set(apart.map(clusters.rootOf)).size > 1),
        ({ shared, nodes: apart }) => ({ shared, entities: apart.slice(0, 5).map(named) }),
      ),
      keyTypeClashes: keyTypeClashes(records, nodes, pool),
      ...namesReport(built.entities, pool, nameKeys),
    },
  }
}

function countRules(refusals: readonly Refusal[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { rule } of refusals) counts[rule] = (counts[rule] ?? 0) + 1
  return counts
}

function describe(records: RecordColumns, record: number, pool: TextPool): Named {
  return {
    label: pool.textOf(records.labels[record]!),
    type: entityTypes[records.types[record]!]!,
    key: pool.textOf(records.keys[record]!),
  }
}

/** Records of a key that another source has given before. */
function countRepeated(records: RecordColumns, nodes: Nodes): number {
  const lastSource = new Int32Array(nodes.count).fill(-1)
  let count = 0
  nodes.nodeOfRecord.forEach((node, record) => {
    const source = records.sources[record]!
    if (lastSource[node] !== -1 && lastSource[node] !== source) count += 1
    lastSource[node] = source
  })
  return count
}

function keyTypeClashes(records: RecordColumns, nodes: Nodes, pool: TextPool): ResolutionReport['keyTypeClashes'] {
  const clashes = new Map<number, Set<number>>()
  nodes.nodeOfRecord.forEach((node, record) => {
    const type = records.types[nodes.firsts[node]!]!
    if (records.types[record] === type) return
    const types = clashes.get(node) ?? new Set([type])
    clashes.set(node, types.add(records.types[record]!))
  })
  return sample([...clashes], ([node, types]) => ({
    key: pool.textOf(records.keys[nodes.firsts[node]!]!),
    types: [...types].map((type) => entityTypes[type]!),
  }))
}

/** Looks a key up among keys, then among cross-references; those that lead to several entities lead nowhere. */
function keyReader(
  records: RecordColumns,
  nodes: Nodes,
  entityOfNode: Int32Array,
  pool: TextPool,
): (key: number) => number {
  const NOWHERE = -1
  const byReference = new Map<number, number>()
  nodes.nodeOfRecord.forEach((node, record) => {
    const entity = entityOfNode[node]!
    for (const xref of rowOf(records.xrefs, record)) {
      if (nodes.nodeOf(xref) !== -1 || classifications.has(spaceName(pool.textOf(xref)))) continue
      const other = byReference.get(xref)
      byReference.set(xref, other === undefined || other === entity ? entity : NOWHERE)
    }
  })
  return (key) => {
    const node = nodes.nodeOf(key)
    return node === -1 ? (byReference.get(key) ?? NOWHERE) : entityOfNode[node]!
  }
}
