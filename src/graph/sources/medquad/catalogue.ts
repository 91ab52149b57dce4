import { foldedNameKey } from '../../../text/entity-name.ts'
import { createLinker, type Mention } from '../../linking.ts'
import type { EntityRecord, EntityType, LexiconEntry } from '../../types.ts'
import type { Head } from './heads.ts'
import { inheritanceModes } from './inheritance.ts'
import { medquadKey, vocabularyEntries } from './vocabulary.ts'

/** An entity that the pages name. */
export type NamedEntity = Omit<EntityRecord, 'kind' | 'file' | 'line'>

/** The entity that a name means, or why that cannot be said. */
export type Resolution =
  | { readonly kind: 'entity'; readonly entity: NamedEntity }
  | { readonly kind: 'none'; readonly reason: 'name of another type' | 'ambiguous name' }

/** All names that the pages are read with: ours, those of the pages themselves, and those of other sources. */
export type Catalogue = {
  find(text: string): Mention[]
  /** The entity of the first of these types among the meanings of one mention. */
  resolve(meanings: readonly LexiconEntry[], types: readonly EntityType[], text: string): Resolution
  /** The finding that a row of a phenotype table names. */
  findingOf(name: string): NamedEntity
  readonly inheritance: ReadonlyMap<string, NamedEntity>
}

const inheritedEntities: ReadonlyMap<string, NamedEntity> = new Map(
  inheritanceModes.map(({ label, xref }) => [
    label,
    {
      key: medquadKey(label, 'inheritance'),
      label,
      type: 'inheritance' as const,
      synonyms: [`${label} inheritance`],
      xrefs: [xref],
    },
  ]),
)

/**
 * The catalogue of some pages.
 *
 * @param heads the diseases they are about
 * @param findings names of findings in their phenotype tables
 * @param lexicon names of other sources; an entity of ours that one of them alone means takes its key as cross-reference
 */
export function createCatalogue(
  heads: Iterable<Head>,
  findings: Iterable<string>,
  lexicon: Iterable<LexiconEntry>,
): Catalogue {
  const { entities, ours, findingByName } = collectNames(heads, findings)
  const theirs = [...lexicon]
  const linker = createLinker([...ours, ...theirs])
  const foreignKeys = groupByName(theirs)
  const withXref = (entity: NamedEntity, name: string): NamedEntity => {
    const keys = foreignKeys.get(placeOf(entity.type, name))
    const [key] = keys ?? []
    return keys?.size === 1 && key !== undefined && key !== entity.key && !entity.xrefs.includes(key)
      ? { ...entity, xrefs: [...entity.xrefs, key] }
      : entity
  }
  return {
    inheritance: inheritedEntities,
    find: (text) => linker.find(text),
    resolve: (meanings, types, text) => {
      for (const type of types) {
        const fitting = meanings.filter((meaning) => meaning.type === type)
        const own = distinct(fitting.flatMap(({ key }) => entities.get(key) ?? []))
        const foreign = [...new Set(fitting.filter(({ key }) => !entities.has(key)).map(({ key }) => key))]
        const [first] = own
        const [key] = foreign
        if (own.length > 1 || (first === undefined && foreign.length > 1)) {
          return { kind: 'none', reason: 'ambiguous name' }
        }
        if (first !== undefined) return { kind: 'entity', entity: withXref(first, text) }
        if (key !== undefined) {
          const entity = { key: medquadKey(text, type), label: text, type, synonyms: [], xrefs: [key] }
          return { kind: 'entity', entity }
        }
      }
      return { kind: 'none', reason: 'name of another type' }
    },
    findingOf: (name) => {
      const key = findingByName.get(foldedNameKey(name)) ?? medquadKey(name, 'finding')
      const entity = entities.get(key) ?? { key, label: name, type: 'finding', synonyms: [], xrefs: [] }
      return withXref(entity, name)
    },
  }
}

/** Our names and what they mean. A name that is the label of one entity is no synonym of another of its type. */
function collectNames(
  heads: Iterable<Head>,
  findings: Iterable<string>,
): {
  readonly entities: ReadonlyMap<string, NamedEntity>
  readonly ours: readonly LexiconEntry[]
  readonly findingByName: ReadonlyMap<string, string>
} {
  const entities = new Map<string, NamedEntity>()
  const keyOfLabel = new Map<string, string>()
  const synonyms: LexiconEntry[] = []
  const labelled = (entity: NamedEntity): NamedEntity => {
    const place = placeOf(entity.type, entity.label)
    const key = keyOfLabel.get(place) ?? entity.key
    keyOfLabel.set(place, key)
    const known = entities.get(key)
    if (known !== undefined) return known
    entities.set(key, entity)
    return entity
  }
  const addSynonym = (name: string, { key, type }: NamedEntity): void => {
    synonyms.push({ name, key, type })
  }
  for (const head of heads) {
    const entity = labelled(headEntity(head))
    for (const name of head.synonyms) addSynonym(name, entity)
  }
  const vocabulary = vocabularyEntries()
  for (const { name, key, type, label } of vocabulary) {
    addSynonym(name, labelled({ key, label, type, synonyms: [], xrefs: [] }))
  }
  const findingByName = new Map<string, string>()
  const named = synonyms.filter(({ name, key, type }) => (keyOfLabel.get(placeOf(type, name)) ?? key) === key)
  for (const [place, key] of keyOfLabel) if (place.startsWith('finding\n')) findingByName.set(place.slice(8), key)
  for (const { name, key, type } of named) {
    const folded = foldedNameKey(name)
    if (type === 'finding' && !findingByName.has(folded)) findingByName.set(folded, key)
  }
  for (const label of findings) {
    const folded = foldedNameKey(label)
    if (findingByName.has(folded)) continue
    const entity = labelled({ key: medquadKey(label, 'finding'), label, type: 'finding', synonyms: [], xrefs: [] })
    findingByName.set(folded, entity.key)
  }
  const labels = [...entities.values()].map(({ label, key, type }) => ({ name: label, key, type }))
  return { entities, ours: [...labels, ...named], findingByName }
}

function placeOf(type: EntityType, name: string): string {
  return `${type}\n${foldedNameKey(name)}`
}

/** The entity that a document is about. */
export function headEntity(head: Head): NamedEntity {
  const { key, label, type, synonyms, rarity } = head
  return { key, label, type, synonyms, xrefs: [], ...(rarity === undefined ? {} : { rarity }) }
}

/** The gene with this symbol. */
export function geneEntity(symbol: string): NamedEntity {
  return { key: medquadKey(symbol, 'gene'), label: symbol, type: 'gene', synonyms: [], xrefs: [] }
}

function groupByName(entries: readonly LexiconEntry[]): Map<string, Set<string>> {
  const keys = new Map<string, Set<string>>()
  for (const { name, key, type } of entries) {
    const place = placeOf(type, name)
    const known = keys.get(place)
    if (known === undefined) keys.set(place, new Set([key]))
    else known.add(key)
  }
  return keys
}

function distinct(entities: readonly NamedEntity[]): NamedEntity[] {
  return entities.filter((entity, index) => entities.findIndex(({ key }) => key === entity.key) === index)
}
