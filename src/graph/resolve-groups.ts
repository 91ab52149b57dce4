import { exactNameKey } from '../text/entity-name.ts'
import { rowOf } from './packed/columns.ts'
import { entityTypes } from './packed/parts.ts'
import { NO_TEXT, type TextPool } from './packed/texts.ts'
import type { Clusters, Group } from './resolve-join.ts'
import { createOwners, type NameKeys, type Nodes, type RecordColumns, recordNames } from './resolve-records.ts'
import type { EntityType } from './types.ts'

/** Shorter synonyms are abbreviations of many things: two entities are not one for sharing "MS". Chosen by us. */
const MIN_NAME_LENGTH = 4

/**
 * Identifier spaces that classify and do not identify: several diseases have one ICD code, so a shared code joins
 * nothing.
 */
export const classifications: ReadonlySet<string> = new Set(
  'ICD9 ICD9CM ICD10 ICD10CM ICD11 ICDO ATC MEDDRA'.split(' '),
)

/** "DOID" of "DOID:1205" as the number of its text. */
export function spacesOf(records: RecordColumns, nodes: Nodes, pool: TextPool): Uint32Array {
  return new Uint32Array(nodes.count).map((_, node) => spaceNumber(records.keys[nodes.firsts[node]!]!, pool))
}

function spaceNumber(key: number, pool: TextPool): number {
  return pool.number(spaceName(pool.textOf(key)))
}

/** The prefix of an identifier, empty when it has none. */
export const spaceName = (key: string): string => key.slice(0, Math.max(0, key.indexOf(':')))

/**
 * Joins keys of one space that only spell out one label, as `DO-FILLER:finding/Ataxia` and `DO-FILLER:finding/ataxia`
 * do: they identify no more than the label does. Returns how many were joined.
 */
export function joinSpellings(
  records: RecordColumns,
  nodes: Nodes,
  clusters: Clusters,
  pool: TextPool,
  nameKeys: NameKeys,
): number {
  const firstOf = new Map<string, number>()
  let joins = 0
  for (let node = 0; node < nodes.count; node++) {
    const record = nodes.firsts[node]!
    const key = pool.textOf(records.keys[record]!)
    const label = nameKeys.textOf(nameKeys.number(records.labels[record]!))
    if (label === '' || !spells(key, label)) continue
    const spelled = `${spaceName(key)} ${typeClass(entityTypes[records.types[record]!]!, false)} ${label}`
    const other = firstOf.get(spelled)
    if (other === undefined) firstOf.set(spelled, node)
    else if (clusters.join(other, node)) joins += 1
  }
  return joins
}

/** True when a key is `space:label` or `space:type/label`, blanks as underscores. */
function spells(key: string, label: string): boolean {
  const local = key.slice(key.indexOf(':') + 1).replaceAll('_', ' ')
  return exactNameKey(local) === label || exactNameKey(local.slice(local.indexOf('/') + 1)) === label
}

/** A key that exactly one other key of the same space lists as its own: an identifier that was given up for it. */
export function joinAlternatives(
  records: RecordColumns,
  nodes: Nodes,
  clusters: Clusters,
  spaceOfNode: Uint32Array,
  pool: TextPool,
): number {
  const listers = createOwners()
  nodes.nodeOfRecord.forEach((node, record) => {
    for (const xref of rowOf(records.xrefs, record)) {
      const other = nodes.nodeOf(xref)
      if (other === -1 || other === node || spaceOfNode[other] !== spaceOfNode[node]) continue
      listers.push(xref, node)
      listers.push(xref, other)
    }
  })
  let joins = 0
  for (const { owners } of listers.shared(pool.textOf)) {
    if (owners.length === 2 && clusters.join(owners[0]!, owners[1]!)) joins += 1
  }
  return joins
}

/** Nodes that have an identifier in common, as key or as cross-reference. */
type ReferenceGroups = {
  /** Of compatible types: to be joined. */
  readonly groups: readonly Group[]
  /** Of types that stay apart, the first node of each: either a type or a cross-reference is wrong. */
  readonly clashes: readonly Group[]
}

/** Groups nodes by the identifiers that they share. */
export function referenceGroups(
  records: RecordColumns,
  nodes: Nodes,
  spaceOfNode: Uint32Array,
  pool: TextPool,
): ReferenceGroups {
  const owners = createOwners()
  nodes.nodeOfRecord.forEach((node, record) => {
    for (const xref of rowOf(records.xrefs, record)) {
      const other = nodes.nodeOf(xref)
      if (other !== -1 && spaceOfNode[other] === spaceOfNode[node]) continue
      owners.push(xref, node)
      if (other !== -1) owners.push(xref, other)
    }
  })
  const groups: Group[] = []
  const clashes: Group[] = []
  for (const { name, owners: members } of owners.shared(pool.textOf)) {
    const shared = pool.textOf(name)
    if (classifications.has(spaceName(shared))) continue
    const classes = byClass(records, nodes, members, false)
    for (const members of classes) if (members.length > 1) groups.push({ shared, nodes: members })
    if (classes.length > 1) clashes.push({ shared, nodes: classes.flatMap(([first]) => first ?? []) })
  }
  return { groups, clashes }
}

/** Nodes of compatible types whose labels, or any names, have one key. */
export function nameGroups(records: RecordColumns, nodes: Nodes, nameKeys: NameKeys, rule: 'label' | 'name'): Group[] {
  const owners = createOwners()
  nodes.nodeOfRecord.forEach((node, record) => {
    const names = rule === 'label' ? [records.labels[record]!] : recordNames(records, record)
    for (const name of names) {
      const key = nameKeys.number(name)
      if (key !== NO_TEXT) owners.push(key, node)
    }
  })
  return owners
    .shared(nameKeys.textOf)
    .filter(({ name }) => rule === 'label' || nameKeys.textOf(name).length >= MIN_NAME_LENGTH)
    .flatMap(({ name, owners: members }) =>
      byClass(records, nodes, members, rule === 'label')
        .filter((group) => group.length > 1)
        .map((group) => ({ shared: nameKeys.textOf(name), nodes: group })),
    )
}

/** The nodes of each class of types. */
function byClass(
  records: RecordColumns,
  nodes: Nodes,
  members: readonly number[],
  isLabel: boolean,
): (readonly number[])[] {
  const classes = new Map<EntityType, number[]>()
  for (const node of members) {
    const type = typeClass(entityTypes[records.types[nodes.firsts[node]!]!]!, isLabel)
    const others = classes.get(type)
    if (others === undefined) classes.set(type, [node])
    else others.push(node)
  }
  return [...classes.values()]
}

function typeClass(type: EntityType, isLabel: boolean): EntityType {
  if (type === 'group') return 'disease'
  return isLabel && type === 'complication' ? 'finding' : type
}
