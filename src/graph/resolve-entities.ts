import { createRows, rowOf } from './packed/columns.ts'
import { type EntityColumns, entityTypes } from './packed/parts.ts'
import { NO_TEXT, type TextPool } from './packed/texts.ts'
import type { Clusters } from './resolve-join.ts'
import { type NameKeys, type Nodes, type RecordColumns, recordNames } from './resolve-records.ts'

/** Entities as columns, sorted by label, type and key, and the entity of each node. */
type BuiltEntities = { readonly entities: EntityColumns; readonly entityOfNode: Int32Array }

/** One entity for each cluster of nodes. */
export function buildEntities(
  records: RecordColumns,
  nodes: Nodes,
  clusters: Clusters,
  pool: TextPool,
  nameKeys: NameKeys,
): BuiltEntities {
  const recordsOfRoot = new Map<number, number[]>()
  nodes.nodeOfRecord.forEach((node, record) => {
    const root = clusters.rootOf(node)
    const others = recordsOfRoot.get(root)
    if (others === undefined) recordsOfRoot.set(root, [record])
    else others.push(record)
  })
  const merged = [...recordsOfRoot].map(([root, members]) => ({
    root,
    ...mergeRecords(records, members, pool, nameKeys),
  }))
  const order = merged
    .map((entity, index) => ({
      index,
      label: pool.textOf(entity.label),
      type: entity.type,
      key: pool.textOf(entity.keys[0]!),
    }))
    .sort((a, b) => compare(a.label, b.label) || a.type - b.type || compare(a.key, b.key))
  const entityOfRoot = new Map(order.map(({ index }, entity) => [merged[index]!.root, entity]))
  const sorted = order.map(({ index }) => merged[index]!)
  const synonyms = createRows()
  const keys = createRows()
  for (const entity of sorted) {
    synonyms.push(entity.synonyms)
    keys.push(entity.keys)
  }
  const entities: EntityColumns = {
    types: Uint8Array.from(sorted, ({ type }) => type),
    rarities: Uint8Array.from(sorted, ({ rarity }) => rarity),
    labels: Uint32Array.from(sorted, ({ label }) => label),
    labelsZh: Uint32Array.from(sorted, ({ labelZh }) => labelZh),
    synonyms: synonyms.finish(),
    keys: keys.finish(),
  }
  const entityOfNode = new Int32Array(nodes.count).map((_, node) => entityOfRoot.get(clusters.rootOf(node))!)
  return { entities, entityOfNode }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function mergeRecords(records: RecordColumns, members: readonly number[], pool: TextPool, nameKeys: NameKeys) {
  const first = members[0]!
  const label = records.labels[first]!
  const spellings = new Set([nameKeys.number(label)])
  const synonyms: number[] = []
  const keys = new Set<number>()
  const xrefs = new Set<number>()
  for (const record of members) {
    keys.add(records.keys[record]!)
    for (const xref of rowOf(records.xrefs, record)) xrefs.add(xref)
    for (const name of recordNames(records, record)) {
      const key = nameKeys.number(name)
      if (key === NO_TEXT || spellings.has(key)) continue
      spellings.add(key)
      synonyms.push(name)
    }
  }
  const byText = (texts: Iterable<number>): number[] =>
    [...texts].sort((a, b) => compare(pool.textOf(a), pool.textOf(b)))
  const [firstKey = NO_TEXT, ...otherKeys] = keys
  return {
    label,
    type: typeOf(records, members),
    rarity: firstOf(records.rarities, members),
    labelZh: firstOf(records.labelsZh, members),
    synonyms,
    keys: [firstKey, ...byText(otherKeys), ...byText([...xrefs].filter((xref) => !keys.has(xref)))],
  }
}

/** The first value of these records that is not "none". */
function firstOf(values: Uint8Array | Uint32Array, members: readonly number[]): number {
  for (const record of members) if (values[record] !== 0) return values[record]!
  return 0
}

const finding = entityTypes.indexOf('finding')
const complication = entityTypes.indexOf('complication')

/** The type of the first record; what is a finding elsewhere is no complication only. */
function typeOf(records: RecordColumns, members: readonly number[]): number {
  const first = records.types[members[0]!]!
  return first === complication && members.some((record) => records.types[record] === finding) ? finding : first
}
