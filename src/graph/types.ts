import type { Brand } from '../core/brand.ts'

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

export type Rarity = 'common' | 'uncommon' | 'rare'

/** Where a line came from: enough to open the source at the place. */
export type Origin = {
  readonly source: string
  readonly revision: string
  readonly license: string
  readonly file: string
  readonly line: number
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
}
