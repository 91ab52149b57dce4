import { exactNameKey } from '../text/entity-name.ts'
import { createColumn, createRows, type Rows, rowOf } from './packed/columns.ts'
import { entityTypes, rarities } from './packed/parts.ts'
import { NO_TEXT, type TextPool } from './packed/texts.ts'
import type { EntityRecord } from './types.ts'

/** Every entity record of every source as columns, in reading order; texts by their number in the pool. */
export type RecordColumns = {
  readonly keys: Uint32Array
  readonly labels: Uint32Array
  readonly labelsZh: Uint32Array
  readonly types: Uint8Array
  readonly rarities: Uint8Array
  readonly synonyms: Rows
  readonly xrefs: Rows
  /** Index of the source, ascending: sources are read in the order of the configuration. */
  readonly sources: Uint16Array
}

/** Records that grow while sources are read. */
export type RecordsBuilder = {
  readonly length: number
  push(record: EntityRecord, source: number): void
  finish(): RecordColumns
}

/** No records yet; their texts go to `pool`. */
export function createRecords(pool: TextPool): RecordsBuilder {
  const keys = createColumn(Uint32Array)
  const labels = createColumn(Uint32Array)
  const labelsZh = createColumn(Uint32Array)
  const types = createColumn(Uint8Array)
  const rarity = createColumn(Uint8Array)
  const sources = createColumn(Uint16Array)
  const synonyms = createRows()
  const xrefs = createRows()
  const numbers = (texts: readonly string[]): number[] => texts.map(pool.number).filter((text) => text !== NO_TEXT)
  return {
    get length() {
      return keys.length
    },
    push: (record, source) => {
      keys.push(pool.number(record.key))
      labels.push(pool.number(record.label))
      labelsZh.push(pool.number(record.labelZh ?? ''))
      types.push(entityTypes.indexOf(record.type))
      rarity.push(rarities.indexOf(record.rarity))
      synonyms.push(numbers(record.synonyms))
      xrefs.push(numbers(record.xrefs))
      sources.push(source)
    },
    finish: () => ({
      keys: keys.finish(),
      labels: labels.finish(),
      labelsZh: labelsZh.finish(),
      types: types.finish(),
      rarities: rarity.finish(),
      synonyms: synonyms.finish(),
      xrefs: xrefs.finish(),
      sources: sources.finish(),
    }),
  }
}

/** The records of each distinct key: one node for each, numbered by first record. */
export type Nodes = {
  readonly count: number
  /** First record of each node; its type is the node's type. */
  readonly firsts: Int32Array
  /** Node of each record. */
  readonly nodeOfRecord: Int32Array
  /** Node of a key, -1 for a text that is the key of none. */
  nodeOf(key: number): number
}

/** One node for each distinct key: who uses one identifier means one thing. */
export function nodesOf(records: RecordColumns, textCount: number): Nodes {
  const nodeOfKey = new Int32Array(textCount).fill(-1)
  const firsts = createColumn(Int32Array)
  const nodeOfRecord = new Int32Array(records.keys.length)
  for (let record = 0; record < records.keys.length; record++) {
    const key = records.keys[record]!
    if (nodeOfKey[key] === -1) {
      nodeOfKey[key] = firsts.length
      firsts.push(record)
    }
    nodeOfRecord[record] = nodeOfKey[key]!
  }
  return { count: firsts.length, firsts: firsts.finish(), nodeOfRecord, nodeOf: (key) => nodeOfKey[key] ?? -1 }
}

/** Keys of names: two spellings of a name have one number. */
export type NameKeys = {
  /** 0 for a name without letters or digits. */
  number(text: number): number
  textOf(key: number): string
}

/** Numbers of `exactNameKey`s, each computed once. */
export function createNameKeys(pool: TextPool, keyPool: TextPool): NameKeys {
  const known = new Int32Array(pool.count).fill(-1)
  return {
    number: (text) => {
      if (known[text] === -1) known[text] = keyPool.number(exactNameKey(pool.textOf(text)))
      return known[text]!
    },
    textOf: keyPool.textOf,
  }
}

/** Owners of names or identifiers: pairs sorted by name, so that all owners of one stand together. */
type Owners = {
  push(name: number, owner: number): void
  /** Names with two distinct owners or more, in the order of their texts; owners ascend. */
  shared(textOf: (name: number) => string): readonly { readonly name: number; readonly owners: readonly number[] }[]
}

/** No owners yet. */
export function createOwners(): Owners {
  const names = createColumn(Uint32Array)
  const owners = createColumn(Int32Array)
  return {
    push: (name, owner) => {
      names.push(name)
      owners.push(owner)
    },
    shared: (textOf) => {
      const byName = new Int32Array(names.length).map((_, index) => index)
      byName.sort((a, b) => names.at(a) - names.at(b) || owners.at(a) - owners.at(b))
      const found: { readonly name: number; readonly owners: readonly number[] }[] = []
      for (let start = 0; start < byName.length; ) {
        const name = names.at(byName[start]!)
        const group: number[] = []
        let end = start
        for (; end < byName.length && names.at(byName[end]!) === name; end++) {
          const owner = owners.at(byName[end]!)
          if (group.at(-1) !== owner) group.push(owner)
        }
        if (group.length > 1) found.push({ name, owners: group })
        start = end
      }
      const texts = new Map(found.map(({ name }) => [name, textOf(name)]))
      return found.sort((a, b) => (texts.get(a.name)! < texts.get(b.name)! ? -1 : 1))
    },
  }
}

/** All names of a record: label, then synonyms. */
export function recordNames(records: RecordColumns, record: number): number[] {
  return [records.labels[record]!, ...rowOf(records.synonyms, record)]
}
