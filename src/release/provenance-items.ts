import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { iterateJsonl } from '../core/jsonl.ts'
import { readText } from '../core/read.ts'

type Counts = Readonly<Record<string, number>>

/** Where the items of a run come from: the data run by its manifests, and what of it was asked. */
export type ItemProvenance = {
  /** Stages of the data run with the hashes of their manifests and inputs. */
  readonly dataRun: readonly {
    readonly stage: string
    readonly hash: string
    readonly inputs: Readonly<Record<string, string>>
  }[]
  readonly graph: { readonly entities: number; readonly triples: number }
  /** Sources of curated items and of the graph behind synthetic ones, each with its licence. */
  readonly sources: readonly {
    readonly source: string
    readonly revision: string
    readonly license: string
    /** Items that are rows of it, or rest on it. */
    readonly items: number
  }[]
  readonly bySplit: Counts
  readonly byForm: Counts
  readonly byLanguage: Counts
  readonly bySource: Counts
}

const dataRunSchema = z.object({
  ...{ entities: z.number(), triples: z.number() },
  sources: z.array(z.object({ name: z.string(), revision: z.string(), license: z.string() })),
  stages: z.array(z.object({ stage: z.string(), hash: z.string(), inputs: z.record(z.string(), z.string()) })),
})

const origin = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('curated'), source: z.string(), revision: z.string(), license: z.string() }),
  z.looseObject({ kind: z.literal('graph'), sources: z.array(z.string()) }),
])
const lineSchema = z.looseObject({
  split: z.string(),
  item: z.looseObject({ form: z.string(), language: z.string(), origin }),
})

/**
 * The origin of the items of a run, read from its sealed folders; null for a run on the starter graph.
 *
 * @throws {DataError} when a file is not what a run on items writes
 */
export function collectItems(runDir: string): ItemProvenance | null {
  const file = join(runDir, 'questions', 'items.jsonl')
  if (!existsSync(file)) return null
  const recordFile = join(runDir, 'graph', 'data-run.json')
  const { entities, triples, sources, stages } = checked(dataRunSchema)(
    parseJson(readText(recordFile), { file: recordFile }),
    { file: recordFile },
  )
  const ofGraph = new Map(sources.map((source) => [source.name, source]))
  const counts = { bySplit: new Map(), byForm: new Map(), byLanguage: new Map(), bySource: new Map() }
  const used = new Map<string, { source: string; revision: string; license: string; items: number }>()
  const use = (source: string, revision: string, license: string): void => {
    const key = [source, revision, license].join('\n')
    const known = used.get(key) ?? { source, revision, license, items: 0 }
    known.items += 1
    used.set(key, known)
  }
  for (const { split, item } of iterateJsonl(file, checked(lineSchema))) {
    bump(counts.bySplit, split)
    bump(counts.byForm, item.form)
    bump(counts.byLanguage, item.language)
    bump(counts.bySource, item.origin.kind === 'graph' ? 'synthetic' : item.origin.source)
    if (item.origin.kind === 'curated') use(item.origin.source, item.origin.revision, item.origin.license)
    else
      for (const name of item.origin.sources) {
        const known = ofGraph.get(name)
        use(name, known?.revision ?? 'unknown', known?.license ?? 'unknown')
      }
  }
  return {
    ...{ dataRun: stages, graph: { entities, triples } },
    sources: [...used.values()].sort((a, b) => (a.source < b.source ? -1 : 1)),
    ...{ bySplit: sorted(counts.bySplit), byForm: sorted(counts.byForm) },
    ...{ byLanguage: sorted(counts.byLanguage), bySource: sorted(counts.bySource) },
  }
}

function checked<T>(schema: z.ZodType<T>) {
  return (value: unknown, place: { readonly file: string; readonly line?: number }): T => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const field = parsed.error.issues[0]!.path.join('.')
    throw new DataError(`${field}: ${parsed.error.issues[0]!.message}`, { ...place, field })
  }
}

const bump = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1)

const sorted = (map: ReadonlyMap<string, number>): Counts =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
