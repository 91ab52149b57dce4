import { biolinkCategories } from '../clinical.ts'
import type { Schema } from '../schema.ts'
import type { EntityType, GraphSource, Rarity } from '../types.ts'
import type { Rows } from './columns.ts'
import type { TextTable } from './texts.ts'

/** Entity types in the order by which a packed graph numbers them; a file lists the order that it was written with. */
export const entityTypes: readonly EntityType[] = Object.keys(biolinkCategories) as EntityType[]

/** Rarities in the order by which a packed graph numbers them, 0 for an entity without one. */
export const rarities: readonly (Rarity | undefined)[] = [undefined, 'common', 'uncommon', 'rare']

/** Entities as columns, one row each; texts by their number. */
export type EntityColumns = {
  /** Index in {@link entityTypes}. */
  readonly types: Uint8Array
  /** Index in {@link rarities}. */
  readonly rarities: Uint8Array
  readonly labels: Uint32Array
  readonly labelsZh: Uint32Array
  readonly synonyms: Rows
  readonly keys: Rows
}

/** What sources said, one row for each triple of each source, in any order and with repetitions. */
export type StatementColumns = {
  readonly heads: Int32Array
  readonly relations: Uint16Array
  readonly tails: Int32Array
  /** Index in `sources`. */
  readonly sources: Uint16Array
  /** Index in `files`. */
  readonly files: Uint32Array
  readonly lines: Uint32Array
  readonly quotes: Uint32Array
  readonly urls: Uint32Array
  /** Names and values in turn. */
  readonly qualifiers: Rows
}

/** What a graph is packed from. */
export type GraphParts = {
  readonly schema: Schema
  readonly sources: readonly GraphSource[]
  /** Names of the files that statements stand in. */
  readonly files: readonly string[]
  readonly texts: TextTable
  readonly entities: EntityColumns
  readonly statements: StatementColumns
}

/** A packed graph as it is held in memory and written to a file: triples by head, relation and tail, each once. */
export type PackedParts = {
  readonly schema: Schema
  readonly sources: readonly GraphSource[]
  readonly files: readonly string[]
  /** In the order of first use: entities first, then what statements quote. */
  readonly texts: TextTable
  readonly entities: EntityColumns
  readonly heads: Int32Array
  readonly relations: Uint16Array
  readonly tails: Int32Array
  /** Where the origins of a triple start, [triples + 1]; origins are the next five columns. */
  readonly originOffsets: Uint32Array
  readonly originSources: Uint16Array
  readonly originFiles: Uint32Array
  readonly originLines: Uint32Array
  readonly originQuotes: Uint32Array
  readonly originUrls: Uint32Array
  readonly qualifiers: Rows
  readonly names: NameIndex
  /** Hash over all this but files and lines. */
  readonly hash: string
}

/** Hashes of the keys of names, ascending, each with an entity of that name. */
export type NameIndex = { readonly hashes: Float64Array; readonly entities: Int32Array }
