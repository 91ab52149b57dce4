/** What a data run of any size reads: a generated graph as two tables, and the configuration. */
import { join } from 'node:path'
import { stringify as formatYaml } from 'yaml'
import { generateRecords } from '../bench/generated-graph.ts'
import { ensureDir, openPart, putAtomic } from '../src/core/store.ts'
import { biolinkCategories, clinicalSchema } from '../src/graph/clinical.ts'
import type { EntityRecord, TripleRecord } from '../src/graph/types.ts'
import { type DataConfig, dataConfigSchema } from '../src/pipeline/data/config.ts'

/** How large a run is. */
export type ScaleSize = {
  readonly items: number
  readonly entities: number
  readonly triples: number
  /** Questions of the benchmark. */
  readonly benchmarks: number
  readonly seed: number
}

/** The questions that no item may contain, in the folder of the inputs. */
export const benchmarkFile = 'test.jsonl'

/** Name of the run, and of its folder. */
export const RUN_NAME = 'scale'

/** Everything that is written for the run to read. */
export const inputFiles = ['entities.tsv', 'entities.yaml', 'triples.tsv', 'triples.yaml', benchmarkFile] as const

type Table = 'entities' | 'triples'

const columns: { readonly [Name in Table]: readonly string[] } = {
  entities: ['key', 'label', 'type', 'synonym', 'xref', 'label_zh'],
  triples: ['head', 'head_type', 'relation', 'tail', 'tail_type', 'frequency'],
}

/** The configuration of the run over the files in `dir`. */
export function scaleConfig(dir: string, { items, seed }: ScaleSize): DataConfig {
  const source = (table: Table) => ({
    source: 'columns',
    name: `generated-${table}`,
    files: [join(dir, `${table}.tsv`)],
    mapping: join(dir, `${table}.yaml`),
  })
  return dataConfigSchema.parse({
    name: RUN_NAME,
    dataSeed: seed,
    graph: { sources: [source('entities'), source('triples')] },
    curated: { benchmarks: [{ source: 'medqa', from: join(dir, benchmarkFile), split: 'test' }] },
    synthesis: { count: items },
  })
}

/** Writes the generated graph as two tables and their mappings. Rarity is left out: no column says it. */
export async function writeGraphTables(dir: string, { entities, triples, seed }: ScaleSize): Promise<void> {
  ensureDir(dir)
  const typeOf = new Map<string, string>()
  const writers = { entities: createTable(dir, 'entities'), triples: createTable(dir, 'triples') }
  for await (const record of generateRecords({ entities, triples, seed })) {
    if (record.kind === 'entity') {
      typeOf.set(record.key, record.type)
      writers.entities.write(entityCells(record))
    } else if (record.kind === 'triple') writers.triples.write(tripleCells(record, typeOf))
  }
  for (const writer of Object.values(writers)) writer.finish()
  for (const [name, mapping] of Object.entries(mappingsOf())) putAtomic(join(dir, `${name}.yaml`), formatYaml(mapping))
}

function entityCells({ key, label, type, synonyms, xrefs, labelZh }: EntityRecord): string[] {
  return [key, label, type, synonyms[0] ?? '', xrefs[0] ?? '', labelZh ?? '']
}

function tripleCells(
  { head, relation, tail, qualifiers }: TripleRecord,
  typeOf: ReadonlyMap<string, string>,
): string[] {
  return [head, typeOf.get(head) ?? '', relation, tail, typeOf.get(tail) ?? '', qualifiers?.frequency ?? '']
}

/** Text that is gathered before it is written. */
const BLOCK_CHARACTERS = 1 << 20

function createTable(dir: string, table: Table) {
  const file = join(dir, `${table}.tsv`)
  const part = openPart(`${file}.part`)
  if (part.sizeBytes > 0) part.restart()
  let text = `${columns[table].join('\t')}\n`
  const flush = (): void => {
    part.append(Buffer.from(text, 'utf8'))
    text = ''
  }
  return {
    write: (cells: readonly string[]): void => {
      text += `${cells.join('\t')}\n`
      if (text.length >= BLOCK_CHARACTERS) flush()
    },
    finish: (): void => {
      flush()
      part.finish(file)
    },
  }
}

function mappingsOf() {
  const oneOf = (column: string, names: readonly string[]) => ({
    column,
    values: Object.fromEntries(names.map((name) => [name, name])),
  })
  const types = Object.keys(biolinkCategories)
  const head = { license: 'CC0-1.0', format: { delimiter: '\t', quote: null } }
  const entity = {
    ...{ key: 'key', label: 'label', labelZh: 'label_zh', type: oneOf('type', types) },
    ...{ synonyms: [{ column: 'synonym' }], xrefs: [{ column: 'xref' }] },
  }
  const relations = clinicalSchema.relations.map(({ name }) => name)
  const ends = {
    head: { key: 'head', type: oneOf('head_type', types) },
    tail: { key: 'tail', type: oneOf('tail_type', types) },
  }
  const rule = {
    ...{ head: 'head', tail: 'tail', relation: oneOf('relation', relations) },
    qualifiers: { frequency: 'frequency' },
  }
  return { entities: { ...head, entities: { entity } }, triples: { ...head, entities: ends, rules: [rule] } }
}
