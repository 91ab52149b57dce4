import { rowOf } from './packed/columns.ts'
import { type EntityColumns, entityTypes } from './packed/parts.ts'
import { NO_TEXT, type TextPool } from './packed/texts.ts'
import { createOwners, type NameKeys } from './resolve-records.ts'
import type { EntityType } from './types.ts'

/** Examples that a report lists of each kind; chosen by us: enough to judge the kind by. */
const MAX_EXAMPLES = 25

/** How many there are, and the first of them. */
export type Sampled<Item> = { readonly count: number; readonly examples: readonly Item[] }

/** An entity as a report names it. */
export type Named = { readonly label: string; readonly type: EntityType; readonly key: string }

/** Names that leave a doubt once all records are resolved. */
export type NamesReport = {
  /** Names of several entities of one type. */
  readonly ambiguousNames: Sampled<{ readonly name: string; readonly entities: readonly Named[] }>
  /** Names of entities of different types, which stay apart: "fever" the finding and "fever" the disease. */
  readonly typeClashes: Sampled<{ readonly name: string; readonly entities: readonly Named[] }> & {
    /** By types, such as "disease/finding". */
    readonly byTypes: Readonly<Record<string, number>>
  }
  /** Pairs of one type whose names differ in plurals, filler words, hyphens or word order alone. */
  readonly nearDuplicates: Sampled<readonly [Named, Named]>
}

/** The count with the first examples, formed as `describe` says. */
export function sample<Item, Example>(items: readonly Item[], describe: (item: Item) => Example): Sampled<Example> {
  return { count: items.length, examples: items.slice(0, MAX_EXAMPLES).map(describe) }
}

/** What is doubtful about the names of resolved entities. */
export function namesReport(entities: EntityColumns, pool: TextPool, nameKeys: NameKeys): NamesReport {
  const owners = createOwners()
  for (let entity = 0; entity < entities.labels.length; entity++) {
    for (const name of [entities.labels[entity]!, ...rowOf(entities.synonyms, entity)]) {
      const key = nameKeys.number(name)
      if (key !== NO_TEXT) owners.push(key, entity)
    }
  }
  const named = (entity: number): Named => ({
    label: pool.textOf(entities.labels[entity]!),
    type: entityTypes[entities.types[entity]!]!,
    key: pool.textOf(rowOf(entities.keys, entity)[0] ?? NO_TEXT),
  })
  const ambiguous: Shared[] = []
  const clashes: Shared[] = []
  const byTypes = new Map<string, number>()
  for (const shared of owners.shared(nameKeys.textOf)) {
    const types = shared.owners.map((entity) => entityTypes[entities.types[entity]!]!)
    const distinct = [...new Set(types)].sort()
    if (distinct.length < types.length) ambiguous.push(shared)
    if (distinct.length > 1) {
      clashes.push(shared)
      byTypes.set(distinct.join('/'), (byTypes.get(distinct.join('/')) ?? 0) + 1)
    }
  }
  const describe = ({ name, owners: members }: Shared) => ({
    name: nameKeys.textOf(name),
    entities: members.slice(0, 5).map(named),
  })
  return {
    ambiguousNames: sample(ambiguous, describe),
    typeClashes: {
      ...sample(clashes, describe),
      byTypes: Object.fromEntries([...byTypes].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    nearDuplicates: sample(nearDuplicates(entities, nameKeys), ([a, b]) => [named(a), named(b)] as const),
  }
}

type Shared = { readonly name: number; readonly owners: readonly number[] }

/** Each entity beside the first one that a loose reading of its names cannot tell from it. */
function nearDuplicates(entities: EntityColumns, nameKeys: NameKeys): (readonly [number, number])[] {
  const firstOf = new Map<string, { readonly entity: number; readonly key: number }>()
  const pairs: (readonly [number, number])[] = []
  const met = new Set<string>()
  for (let entity = 0; entity < entities.labels.length; entity++) {
    for (const name of [entities.labels[entity]!, ...rowOf(entities.synonyms, entity)]) {
      const key = nameKeys.number(name)
      if (key === NO_TEXT) continue
      const loose = `${entities.types[entity]} ${looseKey(nameKeys.textOf(key))}`
      const other = firstOf.get(loose)
      if (other === undefined) firstOf.set(loose, { entity, key })
      else if (other.entity !== entity && other.key !== key && !met.has(`${other.entity} ${entity}`)) {
        met.add(`${other.entity} ${entity}`)
        pairs.push([other.entity, entity])
      }
    }
  }
  return pairs
}

const fillers: ReadonlySet<string> = new Set(['and', 'by', 'from', 'in', 'of', 'on', 'the', 'to', 'with'])

/** The words of an exact key without fillers and plural endings, sorted: "mri of brain" and "brain mri" have one. */
function looseKey(key: string): string {
  const words = key
    .replace(/^an? /, '')
    .split(/[^\p{L}\p{N}+]+/u)
    .filter((word) => word !== '' && !fillers.has(word))
  return words
    .map((word) => (word.length < 5 || !word.endsWith('s') || /[siu]s$/.test(word) ? word : word.slice(0, -1)))
    .sort()
    .join(' ')
}
