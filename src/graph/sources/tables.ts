import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { hashFile, sha256Hex } from '../../core/hash.ts'
import { readText } from '../../core/read.ts'
import { createGraph, entityId, type Graph, tripleId } from '../graph.ts'
import type { Schema } from '../schema.ts'
import type { Entity, EntityType, Origin, Rarity, Triple } from '../types.ts'

const sourceSchema = z.strictObject({ name: z.string(), revision: z.string(), license: z.string() })
const rarities: readonly string[] = ['common', 'uncommon', 'rare'] satisfies readonly Rarity[]
const namePattern = /^(?!\s)[^;|<>?\t]+(?<!\s)$/
const nameHint = 'a name must not be empty, start or end with a space, or hold ; | < > ?'

/**
 * The graph in a folder of tables: `source.yaml` (name, revision, license), `entities/*.tsv`
 * (label, type, rarity, synonyms) and `triples/*.tsv` (head, relation, tail), tab separated, `#` for comments.
 *
 * @throws {DataError} naming file and line for a malformed line, an unknown relation, type or entity, a type outside
 *   the relation's domain or range, a self-loop, a duplicate or an orphan
 */
export function readTables(dir: string, schema: Schema): Graph {
  const origin = readOrigin(dir)
  const types = new Set<string>(schema.relations.flatMap((relation) => [...relation.domain, ...relation.range]))
  const entities = tables(dir, 'entities').flatMap((file) => readEntities(file, origin, types))
  const byLabel = new Map<string, Entity>()
  for (const entity of entities) {
    const place = { file: entity.origin.file, line: entity.origin.line }
    const other = byLabel.get(entity.label)
    if (other !== undefined) {
      throw new DataError(
        `entity "${entity.label}" is declared twice, first at ${other.origin.file}:${other.origin.line}`,
        { ...place, hint: 'delete one of the two, or rename it if it means another thing' },
      )
    }
    byLabel.set(entity.label, entity)
  }
  const triples = tables(dir, 'triples').flatMap((file) => readTriples(file, origin, schema, byLabel))
  checkTriples(triples, entities)
  return createGraph(schema, entities, triples)
}

/**
 * Hash over all files of a folder of tables: another edit of a table is another input.
 *
 * @throws {DataError} when the folder or one of its parts is missing
 */
export function hashTables(dir: string): string {
  const files = [join(dir, 'source.yaml'), ...tables(dir, 'entities'), ...tables(dir, 'triples')]
  return sha256Hex(
    files.map((file) => `${relative(dir, file).replaceAll('\\', '/')} ${hashFile(file).sha256}`).join('\n'),
  )
}

type Source = Pick<Origin, 'source' | 'revision' | 'license'>

function readOrigin(dir: string): Source {
  const file = join(dir, 'source.yaml')
  const hint = 'write three lines: "name: …", "revision: …" and "license: …"'
  if (!existsSync(file)) {
    throw new DataError('there is no such file', {
      file,
      hint: 'point graph.dir at a folder with entities/, triples/ and source.yaml',
    })
  }
  const lines = new LineCounter()
  const document = parseDocument(readText(file), { lineCounter: lines })
  const broken = document.errors[0]
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0])
    throw new DataError(`not YAML: ${broken.message.split('\n')[0]}`, { file, line, hint })
  }
  const parsed = sourceSchema.safeParse(document.toJS() as unknown)
  if (!parsed.success) {
    throw new DataError(`must hold name, revision and license: ${z.prettifyError(parsed.error)}`, { file, hint })
  }
  return { source: parsed.data.name, revision: parsed.data.revision, license: parsed.data.license }
}

function tables(dir: string, kind: string): string[] {
  const folder = join(dir, kind)
  try {
    // Sorted by code unit, so that the order of reading is the same on every computer.
    return readdirSync(folder)
      .filter((name) => name.endsWith('.tsv'))
      .sort()
      .map((name) => join(folder, name))
  } catch (cause) {
    throw new DataError(`there is no folder "${kind}"`, {
      file: folder,
      cause,
      hint: 'point graph.dir at a folder with entities/, triples/ and source.yaml',
    })
  }
}

type Row = { readonly fields: readonly string[]; readonly line: number }

function readRows(file: string, header: readonly string[]): Row[] {
  const rows: Row[] = []
  readText(file)
    .split('\n')
    .forEach((text, index) => {
      const line = index + 1
      const fields = text.replace(/\r$/, '').split('\t')
      if (line === 1) {
        if (fields.join('\t') !== header.join('\t')) {
          throw new DataError(`the first line must be the header "${header.join('<TAB>')}"`, {
            file,
            line,
            hint: 'put the names of the columns there, separated by single tabs',
          })
        }
        return
      }
      if (text.trim() === '' || text.startsWith('#')) return
      if (fields.length !== header.length) {
        throw new DataError(
          `expected ${header.length} tab-separated fields (${header.join(', ')}), found ${fields.length}`,
          { file, line, hint: 'separate the fields with single tabs' },
        )
      }
      rows.push({ fields, line })
    })
  return rows
}

function readEntities(file: string, source: Source, types: ReadonlySet<string>): Entity[] {
  return readRows(file, ['label', 'type', 'rarity', 'synonyms']).map(({ fields, line }) => {
    const [label = '', type = '', rarity = '', synonyms = ''] = fields
    if (!namePattern.test(label)) throw new DataError(`"${label}" is not a label`, { file, line, hint: nameHint })
    if (!types.has(type))
      throw new DataError(`unknown entity type "${type}"`, { file, line, hint: `known: ${[...types].join(', ')}` })
    const needsRarity = type === 'disease'
    if (needsRarity !== rarities.includes(rarity)) {
      throw new DataError(needsRarity ? `disease "${label}" needs a rarity` : `rarity "${rarity}" on a ${type}`, {
        file,
        line,
        hint: `diseases have one of ${rarities.join(', ')}, everything else none`,
      })
    }
    const names = synonyms === '' ? [] : synonyms.split('|').map((name) => name.trim())
    const odd = names.find((name) => !namePattern.test(name))
    if (odd !== undefined) throw new DataError(`"${odd}" is not a synonym`, { file, line, hint: nameHint })
    return {
      id: entityId(type as EntityType, label),
      label,
      type: type as EntityType,
      synonyms: names,
      ...(needsRarity ? { rarity: rarity as Rarity } : {}),
      origin: { ...source, file, line },
    }
  })
}

function readTriples(file: string, source: Source, schema: Schema, byLabel: ReadonlyMap<string, Entity>): Triple[] {
  const relationNames = new Map(schema.relations.map((relation) => [relation.name, relation]))
  return readRows(file, ['head', 'relation', 'tail']).map(({ fields, line }) => {
    const [headLabel = '', relationName = '', tailLabel = ''] = fields
    const relation = relationNames.get(relationName)
    if (relation === undefined) {
      throw new DataError(`unknown relation "${relationName}"`, {
        file,
        line,
        hint: `known: ${[...relationNames.keys()].join(', ')}`,
      })
    }
    const end = (label: string, side: 'head' | 'tail', allowed: readonly EntityType[]): Entity => {
      const entity = byLabel.get(label)
      if (entity === undefined)
        throw new DataError(`${side} "${label}" is not declared`, {
          file,
          line,
          hint: 'add it to a file under entities/',
        })
      if (!allowed.includes(entity.type)) {
        throw new DataError(
          `${side} "${label}" is a ${entity.type}, but "${relationName}" takes ${allowed.join(' or ')}`,
          { file, line, hint: 'check the relation, the direction and the type of the entity' },
        )
      }
      return entity
    }
    const head = end(headLabel, 'head', relation.domain)
    const tail = end(tailLabel, 'tail', relation.range)
    if (head.id === tail.id) {
      throw new DataError(`"${headLabel}" is joined to itself`, {
        file,
        line,
        hint: 'delete the line, or mend its tail',
      })
    }
    return {
      id: tripleId(head.id, relationName, tail.id),
      head: head.id,
      relation: relationName,
      tail: tail.id,
      origin: { ...source, file, line },
    }
  })
}

function checkTriples(triples: readonly Triple[], entities: readonly Entity[]): void {
  const firstOf = new Map<string, Triple>()
  const met = new Set<string>()
  for (const triple of triples) {
    const other = firstOf.get(triple.id)
    if (other !== undefined) {
      throw new DataError(`the same triple stands at ${other.origin.file}:${other.origin.line}`, {
        file: triple.origin.file,
        line: triple.origin.line,
        hint: 'delete one of the two',
      })
    }
    firstOf.set(triple.id, triple)
    met.add(triple.head).add(triple.tail)
  }
  const orphan = entities.find((entity) => !met.has(entity.id))
  if (orphan !== undefined) {
    throw new DataError(`entity "${orphan.label}" is in no triple`, {
      file: orphan.origin.file,
      line: orphan.origin.line,
      hint: 'delete it, or add a triple that uses it',
    })
  }
}
