import { join } from 'node:path'
import { z } from 'zod'
import { formatJsonl, readJsonl } from '../../core/jsonl.ts'
import { putAtomic } from '../../core/store.ts'
import { createGraph, type Graph } from '../../graph/graph.ts'
import { starterSchema } from '../../graph/schema.ts'
import { readTables } from '../../graph/sources/tables.ts'
import { subsetByDiseases } from '../../graph/subset.ts'
import type { Entity, Triple } from '../../graph/types.ts'
import type { Config } from '../config.ts'

const files = { entities: 'entities.jsonl', triples: 'triples.jsonl' } as const

/** Reads the knowledge source, keeps the asked part of it, and writes entities and triples with their origins. */
export function makeGraph(dir: string, config: Config): { readonly graph: Graph; readonly outputs: string[] } {
  const graph = selectGraph(config, readTables(config.graph.dir, starterSchema))
  putAtomic(join(dir, files.entities), formatJsonl(graph.entities))
  putAtomic(join(dir, files.triples), formatJsonl(graph.triples))
  return { graph, outputs: Object.values(files) }
}

/** The part of the knowledge that the configuration asks for. */
export function selectGraph({ graph: { diseases }, dataSeed }: Config, whole: Graph): Graph {
  return diseases === 'all' ? whole : subsetByDiseases(whole, { diseases, seed: dataSeed })
}

const record = z.looseObject({ id: z.string() })

/** The graph that `makeGraph` wrote; its files are sealed, so their shape is trusted after a look at the ids. */
export function readGraph(dir: string): Graph {
  const entities = readJsonl(join(dir, files.entities), (value) => record.parse(value) as unknown as Entity)
  const triples = readJsonl(join(dir, files.triples), (value) => record.parse(value) as unknown as Triple)
  return createGraph(starterSchema, entities, triples)
}
