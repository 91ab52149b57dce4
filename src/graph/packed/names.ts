import { exactNameKey } from '../../text/entity-name.ts'
import { countUp, lowerBound, rowOf } from './columns.ts'
import type { EntityColumns, NameIndex } from './parts.ts'
import { createTextReader, hash53, type TextTable } from './texts.ts'

/** The numbers of all texts by which an entity may be asked for: label, Chinese label, synonyms, keys. */
export function namesOf(entities: EntityColumns, entity: number): number[] {
  const names = [entities.labels[entity]!, ...rowOf(entities.synonyms, entity), ...rowOf(entities.keys, entity)]
  const labelZh = entities.labelsZh[entity]!
  return labelZh === 0 ? names : [...names, labelZh]
}

/** The index of every name of every entity, spelling and letter case aside. */
export function indexNames(texts: TextTable, entities: EntityColumns): NameIndex {
  const textOf = createTextReader(texts)
  const hashOfText = new Float64Array(texts.offsets.length - 1).fill(-1)
  const hashes: number[] = []
  const owners: number[] = []
  for (let entity = 0; entity < entities.labels.length; entity++) {
    const own = new Set<number>()
    for (const text of namesOf(entities, entity)) {
      // Names are shared by many entities; the key of one costs more than all the rest.
      if (hashOfText[text] === -1) hashOfText[text] = hash53(exactNameKey(textOf(text)))
      own.add(hashOfText[text]!)
    }
    for (const hash of own) {
      hashes.push(hash)
      owners.push(entity)
    }
  }
  const order = countUp(hashes.length).sort((a, b) => hashes[a]! - hashes[b]! || owners[a]! - owners[b]!)
  return {
    hashes: Float64Array.from(order, (index) => hashes[index]!),
    entities: Int32Array.from(order, (index) => owners[index]!),
  }
}

/** The entities that an index names, ascending; `nameKeys` reads the keys of an entity's names to make sure. */
export function findByName(index: NameIndex, name: string, namesOfEntity: (entity: number) => string[]): number[] {
  const key = exactNameKey(name)
  if (key === '') return []
  const hash = hash53(key)
  const found: number[] = []
  for (let at = lowerBound(index.hashes, 0, index.hashes.length, hash); index.hashes[at] === hash; at++) {
    const entity = index.entities[at]!
    if (namesOfEntity(entity).some((other) => exactNameKey(other) === key)) found.push(entity)
  }
  return found
}
