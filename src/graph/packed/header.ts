import { z } from 'zod'
import { defineSchema, type Schema } from '../schema.ts'
import type { GraphSource, Relation } from '../types.ts'
import { entityTypes } from './parts.ts'

const text = z.string()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const size = z.number().int().nonnegative()
const types = z.array(z.enum(entityTypes))

const relation = z.strictObject({
  name: text,
  domain: types,
  range: types,
  statement: text,
  phrase: text,
  inverse: z.strictObject({ name: text, statement: text, phrase: text }).exactOptional(),
  taxonomic: z.literal(true).exactOptional(),
  biolink: text.exactOptional(),
  denies: text.exactOptional(),
})

const source = z.strictObject({
  name: text,
  reader: text.exactOptional(),
  families: z.array(text).exactOptional(),
  revision: text,
  license: text,
  isPublishable: z.boolean(),
  closedRelations: z.array(text),
  files: z.array(z.strictObject({ file: text, sha256, sizeBytes: size })),
})

/** What the header of a graph file must be. */
export const headerSchema = z.strictObject({
  hash: text,
  entityTypes: z.array(text),
  relations: z.array(relation),
  sources: z.array(source),
  files: z.array(text),
  columns: z.array(z.strictObject({ name: text, sizeBytes: size, sha256 })),
})

/** The header of a graph file: all that is not a column, and the columns in the order in which they follow. */
export type Header = {
  readonly hash: string
  readonly entityTypes: readonly string[]
  readonly relations: readonly Relation[]
  readonly sources: readonly GraphSource[]
  readonly files: readonly string[]
  readonly columns: readonly { readonly name: string; readonly sizeBytes: number; readonly sha256: string }[]
}

/** @throws {ConfigError} when two relations of the header share a name */
export function schemaOfHeader(header: Pick<Header, 'relations'>): Schema {
  return defineSchema(header.relations)
}
