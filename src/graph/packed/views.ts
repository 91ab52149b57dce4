import { DataError } from '../../core/errors.ts'
import { contentId } from '../../core/hash.ts'
import { entityId } from '../graph.ts'
import type { EntityId, EntityType, Origin } from '../types.ts'
import { countUp, rowOf } from './columns.ts'
import { findByName, namesOf } from './names.ts'
import { entityTypes, type PackedParts, rarities } from './parts.ts'

type TextOf = (text: number) => string

/** What a packed graph says of its entities. */
export function entityViews({ entities, names }: PackedParts, textOf: TextOf) {
  const { labels, types } = entities
  const check = checkIndex('entity', labels.length)
  const ofType = new Map<EntityType, Int32Array>()
  const typeOf = (entity: number): EntityType => entityTypes[types[check(entity)]!]!
  return {
    entityIdOf: idReader(entities, textOf, check),
    labelOf: (entity: number) => textOf(labels[check(entity)]!),
    labelZhOf: (entity: number) => {
      const text = entities.labelsZh[check(entity)]!
      return text === 0 ? undefined : textOf(text)
    },
    synonymsOf: (entity: number) => Array.from(rowOf(entities.synonyms, check(entity)), textOf),
    keysOf: (entity: number) => Array.from(rowOf(entities.keys, check(entity)), textOf),
    typeOf,
    rarityOf: (entity: number) => rarities[entities.rarities[check(entity)]!],
    find: (name: string) => findByName(names, name, (entity) => namesOf(entities, entity).map(textOf)),
    ofType: (type: EntityType) => {
      const known = ofType.get(type)
      if (known !== undefined) return known
      const number = entityTypes.indexOf(type)
      const found = countUp(labels.length).filter((entity) => types[entity] === number)
      ofType.set(type, found)
      return found
    },
  }
}

/** Ids by type and label, as in the starter graph; entities that share both are told apart by their first key. */
function idReader(entities: PackedParts['entities'], textOf: TextOf, check: (entity: number) => number) {
  const shared = sharedLabels(entities)
  const ids: (EntityId | undefined)[] = new Array(entities.labels.length)
  return (entity: number): EntityId => {
    const known = ids[check(entity)]
    if (known !== undefined) return known
    const type = entityTypes[entities.types[entity]!]!
    const label = textOf(entities.labels[entity]!)
    const key = shared.has(entity) ? rowOf(entities.keys, entity)[0] : undefined
    const id =
      key === undefined ? entityId(type, label) : (contentId('entity', { type, label, key: textOf(key) }) as EntityId)
    ids[entity] = id
    return id
  }
}

/** Entities that have type and label in common with another one. */
function sharedLabels({ labels, types }: PackedParts['entities']): Set<number> {
  const order = countUp(labels.length).sort((a, b) => labels[a]! - labels[b]! || types[a]! - types[b]!)
  const shared = new Set<number>()
  for (let index = 1; index < order.length; index++) {
    const [a, b] = [order[index - 1]!, order[index]!]
    if (labels[a] === labels[b] && types[a] === types[b]) shared.add(a).add(b)
  }
  return shared
}

/** Passes on an index of [0, count). @throws {DataError} for every other number */
export function checkIndex(kind: string, count: number): (index: number) => number {
  return (index) => {
    if (!(index >= 0 && index < count)) throw new DataError(`the graph has no ${kind} ${index}, only ${count}`)
    return index
  }
}

/** What a packed graph says of its triples, walking aside. */
export function tripleViews(parts: PackedParts, textOf: TextOf) {
  const { heads, relations, tails, originOffsets, sources, qualifiers } = parts
  const check = checkIndex('triple', heads.length)
  const originAt = (origin: number): Origin => {
    const { name, revision, license } = sources[parts.originSources[origin]!]!
    const quote = parts.originQuotes[origin]!
    const url = parts.originUrls[origin]!
    return {
      source: name,
      revision,
      license,
      file: parts.files[parts.originFiles[origin]!]!,
      line: parts.originLines[origin]!,
      ...(quote === 0 ? {} : { quote: textOf(quote) }),
      ...(url === 0 ? {} : { url: textOf(url) }),
    }
  }
  return {
    headOf: (triple: number) => heads[check(triple)]!,
    relationAt: (triple: number) => relations[check(triple)]!,
    tailOf: (triple: number) => tails[check(triple)]!,
    originsOf: (triple: number) => {
      const origins: Origin[] = []
      for (let at = originOffsets[check(triple)]!; at < originOffsets[triple + 1]!; at++) origins.push(originAt(at))
      return origins
    },
    qualifiersOf: (triple: number) => {
      const row = rowOf(qualifiers, check(triple))
      const values = new Map<string, string>()
      for (let index = 0; index < row.length; index += 2) {
        const [name, value] = [textOf(row[index]!), textOf(row[index + 1]!)]
        const other = values.get(name)
        // Sources that say different things of a pair are both heard.
        values.set(name, other === undefined ? value : `${other}; ${value}`)
      }
      return Object.fromEntries(values)
    },
  }
}
