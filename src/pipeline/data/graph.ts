import { join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { putAtomic } from '../../core/store.ts'
import { buildGraph, type SourcePlan } from '../../graph/build.ts'
import { hashInputs } from '../../graph/build-inputs.ts'
import { censusOf } from '../../graph/census.ts'
import { clinicalSchema } from '../../graph/clinical.ts'
import { readPacked, writePacked } from '../../graph/packed-file.ts'
import { knowledgeSources } from '../../graph/registry.ts'
import type { LexiconEntry, PackedGraph } from '../../graph/types.ts'
import type { DataConfig } from './config.ts'
import { planExtraction } from './extraction-plan.ts'
import { openEndpoint } from './shared.ts'

export const graphReportFile = 'report.json'

/** The sources of a configuration, each with its reader. @throws {ConfigError} for a reader that does not exist */
export function sourcePlans(config: DataConfig): SourcePlan[] {
  return config.graph.sources.map(({ source, files, name, revision, license, sha256, mapping }) => {
    const reader = knowledgeSources.get(source)
    return {
      source: reader,
      name: name ?? reader.name,
      revision,
      license,
      sha256,
      input: { files, ...(mapping === null ? {} : { mapping }) },
    }
  })
}

/** Builds one graph from all sources and writes it with the report of how it came about and what it holds. */
export async function makeDataGraph(
  dir: string,
  runDir: string,
  config: DataConfig,
  note: (text: string) => void,
): Promise<readonly string[]> {
  const plans = await withLexicon(sourcePlans(config))
  const endpoint = await openEndpoint(config, config.graph.extraction, 'graph.extraction')
  const extraction = await planExtraction(plans, { ...{ endpoint, runDir, dir, note }, schema: clinicalSchema })
  const { graph, report } = await buildGraph([...plans, ...extraction.plans])
  const files = [...writePacked(dir, graph), ...extraction.files]
  const census = censusOf(graph, { families: extraction.families })
  const record = { build: report, census, extraction: extraction.census }
  putAtomic(join(dir, graphReportFile), `${formatJson(record, { pretty: true })}\n`)
  note(`${graph.entityCount} entities, ${graph.tripleCount} triples from ${graph.sources.length} sources`)
  return [...files, graphReportFile]
}

/** Text is read with the names that the other sources declare. */
async function withLexicon(plans: readonly SourcePlan[]): Promise<readonly SourcePlan[]> {
  if (!plans.some(({ source }) => source.readsText === true)) return plans
  const lexicon: LexiconEntry[] = []
  for (const { source, input } of plans) {
    if (source.readsText === true) continue
    for await (const record of source.read(input)) {
      if (record.kind !== 'entity') continue
      const { key, type } = record
      const { isPublishable } = source
      for (const name of [record.label, ...record.synonyms]) lexicon.push({ name, key, type, isPublishable })
    }
  }
  return plans.map((plan) => (plan.source.readsText === true ? { ...plan, input: { ...plan.input, lexicon } } : plan))
}

/** The graph that {@link makeDataGraph} wrote. */
export const readDataGraph = (dir: string): PackedGraph => readPacked(dir)

/** Hash of each file of each source: another edit of a file is another input. */
export function sourceHash(plans: readonly SourcePlan[]): Record<string, string> {
  return Object.fromEntries(
    plans.flatMap(({ name, input }, index) =>
      hashInputs(input).map(({ file, sha256 }) => [`${index} ${name} ${file}`, sha256]),
    ),
  )
}
