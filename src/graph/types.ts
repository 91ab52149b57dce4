import type { Brand } from '../core/brand.ts'
import type { Schema } from './schema.ts'

export type EntityId = Brand<string, 'EntityId'>
export type TripleId = Brand<string, 'TripleId'>

export type EntityType =
  | 'disease'
  | 'group'
  | 'finding'
  | 'result'
  | 'test'
  | 'drug'
  | 'drug-class'
  | 'mechanism'
  | 'process'
  | 'organism'
  | 'organism-class'
  | 'gene'
  | 'protein'
  | 'role'
  | 'factor'
  | 'anatomy'
  | 'system'
  | 'complication'
  | 'effect'
  | 'condition'
  | 'enzyme'
  | 'route'
  | 'specimen'
  | 'inheritance'
  | 'procedure'
  | 'exposure'

export type Rarity = 'common' | 'uncommon' | 'rare'

/** Where a line came from: enough to open the source at the place. */
export type Origin = {
  readonly source: string
  readonly revision: string
  readonly license: string
  readonly file: string
  readonly line: number
  /** Text sources: the words that say it, as they stand there. */
  readonly quote?: string
  /** Address of the page or document, with its revision where it has one. */
  readonly url?: string
}

export type Entity = {
  readonly id: EntityId
  readonly label: string
  readonly type: EntityType
  readonly synonyms: readonly string[]
  /** Diseases only. */
  readonly rarity?: Rarity
  readonly origin: Origin
}

export type Triple = {
  readonly id: TripleId
  readonly head: EntityId
  readonly relation: string
  readonly tail: EntityId
  readonly origin: Origin
}

/** A typed edge label: what may stand at its ends and how its triples are worded, in one direction or in both. */
export type Relation = {
  readonly name: string
  readonly domain: readonly EntityType[]
  readonly range: readonly EntityType[]
  /** Reads as a sentence: "<head><statement><tail>". Starts with a space, no space at the end. */
  readonly statement: string
  /** Reads as a noun phrase: "the<phrase> <head>", e.g. " first-line drug for". Starts with a space, no space at the end. */
  readonly phrase: string
  /** The same triple read from its tail, when that direction is asked too. */
  readonly inverse?: { readonly name: string; readonly statement: string; readonly phrase: string }
  /** is-a and class membership, of which a graph may hold at most 30 %. */
  readonly taxonomic?: true
  /** Predicate of the Biolink model with the same sense, without prefix. */
  readonly biolink?: string
  /** The relation that this one denies: `not_treated_by` says that `treated_by` is false. It is evidence, never asked. */
  readonly denies?: string
}

/** A line of a file of a source, counted from 1. */
type SourcePlace = { readonly file: string; readonly line: number }

/** An entity as a source names it. */
export type EntityRecord = SourcePlace & {
  readonly kind: 'entity'
  /** Its identifier, a CURIE where the source has them: "DOID:1205"; else source and name: "medquad:fever". */
  readonly key: string
  readonly label: string
  readonly type: EntityType
  readonly synonyms: readonly string[]
  /** Identifiers of the same thing elsewhere, prefix in capitals: "MESH:D006394". */
  readonly xrefs: readonly string[]
  readonly labelZh?: string
  readonly rarity?: Rarity
}

/** A triple as a source states it, its ends by key. */
export type TripleRecord = SourcePlace & {
  readonly kind: 'triple'
  readonly head: string
  readonly relation: string
  readonly tail: string
  /** What the source says about the pair: `frequency`, `evidence`, `qualifier` … */
  readonly qualifiers?: Readonly<Record<string, string>>
  readonly quote?: string
  readonly url?: string
}

/** A row that gave nothing, for a reason short enough to count by. */
export type RejectedRecord = SourcePlace & {
  readonly kind: 'rejected'
  readonly reason: string
  readonly detail: string
}

/** What a file says of itself: an OBO header names its revision. */
type AboutRecord = {
  readonly kind: 'about'
  readonly revision?: string
  readonly license?: string
  /** False when this file, or what it was read with, may not be published though the source may. */
  readonly isPublishable?: boolean
  /** Added to the families that the reader declares. */
  readonly families?: readonly string[]
}

export type SourceRecord = EntityRecord | TripleRecord | RejectedRecord | AboutRecord

export type SourceInput = {
  /** In the order that the source's `files` names them. */
  readonly files: readonly string[]
  /** Column sources: file with the declared mapping. */
  readonly mapping?: string
  /** For sources without identifiers of their own: names of known entities, to read text with. */
  readonly lexicon?: readonly LexiconEntry[]
}

/** A name and what it means, for reading text. */
export type LexiconEntry = {
  readonly name: string
  readonly key: string
  readonly type: EntityType
  /** False for a name from a source that may not be published: what is read with it may not be either. */
  readonly isPublishable?: boolean
}

/** A knowledge source: one file of code each, one line in the registry. */
export type KnowledgeSource = {
  readonly name: string
  readonly title: string
  /** What each file of an input is: ["release_conditions.json", "release_evidences.json"]. */
  readonly files: readonly string[]
  /** SPDX name or a sentence; a file that names its own overrides it. */
  readonly license: string
  /** False where the licence forbids publishing its names or triples. */
  readonly isPublishable: boolean
  /**
   * What its statements come from, itself included: two sources with a family in common are no two witnesses. Unless
   * told, each use of the source is a family of its own.
   */
  readonly families?: readonly string[]
  /** Relations that it lists whole for each head: what it does not list is false. */
  readonly closedRelations: readonly string[]
  /** It is text: what it says is found by the names that other sources know. */
  readonly readsText?: true
  /** `real rows` of the source, or `written samples` of its documented form. */
  readonly testedOn: 'real rows' | 'written samples'
  /** @throws {DataError} naming file and line when the file is not of this form at all */
  read(input: SourceInput): AsyncIterable<SourceRecord>
}

/** A source as a built graph knows it. */
export type GraphSource = {
  readonly name: string
  /** Name of the reader in the registry. */
  readonly reader?: string
  /** What the reader says that its statements come from. */
  readonly families?: readonly string[]
  readonly revision: string
  readonly license: string
  readonly isPublishable: boolean
  readonly closedRelations: readonly string[]
  readonly files: readonly { readonly file: string; readonly sha256: string; readonly sizeBytes: number }[]
}

/**
 * A graph of any size, held in typed arrays and one table of texts. Entities, relations and triples are numbers from 0;
 * relation numbers index `schema.relations`. Rows are sorted by relation, then by neighbour.
 */
export type PackedGraph = {
  readonly schema: Schema
  readonly entityCount: number
  readonly tripleCount: number
  readonly sources: readonly GraphSource[]
  /** Content hash over entities, triples and sources. */
  readonly hash: string
  /** @throws {ConfigError} for a name the schema does not have */
  relationOf(name: string): number
  entityIdOf(entity: number): EntityId
  tripleIdOf(triple: number): TripleId
  labelOf(entity: number): string
  labelZhOf(entity: number): string | undefined
  synonymsOf(entity: number): readonly string[]
  /** Keys and cross-references, as CURIEs. */
  keysOf(entity: number): readonly string[]
  typeOf(entity: number): EntityType
  rarityOf(entity: number): Rarity | undefined
  /** The entities with this label, synonym or key, spelling and letter case aside. */
  find(name: string): readonly number[]
  ofType(type: EntityType): Int32Array
  headOf(triple: number): number
  relationAt(triple: number): number
  tailOf(triple: number): number
  /** Where a triple was said; more than one place when sources agree. */
  originsOf(triple: number): readonly Origin[]
  qualifiersOf(triple: number): Readonly<Record<string, string>>
  /** Neighbours by one relation, ascending; `backward` walks from tail to head. A view, not to be changed. */
  neighbours(entity: number, relation: number, backward: boolean): Int32Array
  /** The triples to these neighbours, in the same order. */
  triplesTo(entity: number, relation: number, backward: boolean): Int32Array
  /** Relations that leave (or, backward, reach) the entity, ascending. */
  relationsAt(entity: number, backward: boolean): readonly number[]
  /** The triple, or -1. */
  findTriple(head: number, relation: number, tail: number): number
  /** True when any triple joins the two, in either direction. */
  touches(a: number, b: number): boolean
  degree(entity: number): number
}
