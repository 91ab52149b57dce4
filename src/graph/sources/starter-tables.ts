import { ConfigError } from '../../core/errors.ts'
import { starterSchema } from '../schema.ts'
import type { KnowledgeSource, SourceInput, SourceRecord } from '../types.ts'
import { readTables } from './tables.ts'

/** A folder of tables as the starter graph has it; keys are labels: "starter:measles". */
export const starterTables: KnowledgeSource = {
  name: 'starter-tables',
  title: 'Folder of tables in the form of the bundled starter graph',
  files: ['folder with source.yaml, entities/ and triples/'],
  license: 'named in source.yaml',
  isPublishable: true,
  closedRelations: [],
  testedOn: 'real rows',
  read: readStarter,
}

async function* readStarter(input: SourceInput): AsyncGenerator<SourceRecord> {
  const [dir, ...others] = input.files
  if (dir === undefined || others.length > 0) {
    throw new ConfigError('source "starter-tables" takes one folder', { hint: 'data/starter is the bundled one' })
  }
  const graph = readTables(dir, starterSchema)
  const first = graph.entities[0]?.origin
  if (first !== undefined) yield { kind: 'about', revision: first.revision, license: first.license }
  const keyOf = (label: string): string => `starter:${label}`
  for (const { label, type, synonyms, rarity, origin } of graph.entities) {
    yield {
      kind: 'entity',
      file: origin.file,
      line: origin.line,
      key: keyOf(label),
      label,
      type,
      synonyms,
      xrefs: [],
      ...(rarity === undefined ? {} : { rarity }),
    }
  }
  for (const { head, relation, tail, origin } of graph.triples) {
    yield {
      kind: 'triple',
      file: origin.file,
      line: origin.line,
      head: keyOf(graph.entity(head).label),
      relation,
      tail: keyOf(graph.entity(tail).label),
    }
  }
}
