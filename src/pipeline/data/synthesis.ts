import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { openJsonlWriter, putAtomic } from '../../core/store.ts'
import { linkGraph } from '../../graph/linking.ts'
import type { PackedGraph } from '../../graph/types.ts'
import { type Coverage, createCoverageCounter, gapWeights } from '../../questions/coverage.ts'
import { generateShard, nextPlan, reportItems, shardCount } from '../../questions/items/generate.ts'
import { type GapWeights, type ItemPlan, planItems } from '../../questions/items/plan.ts'
import { createSeenKeys, duplicateKey, type SeenKeys } from '../../questions/items/seen.ts'
import type { ShardReport } from '../../questions/items/shard-report.ts'
import type { Item } from '../../questions/types.ts'
import type { Observer } from '../observer.ts'
import type { DataConfig } from './config.ts'
import { curatedFiles } from './curated.ts'
import { iterateItems, openEndpoint } from './shared.ts'
import { rewordItems, type WriterCensus } from './writer.ts'

export const synthesisCensusFile = 'census.json'

/** What the synthesis stage reports of itself, beside the files it made. */
export type SynthesisCensus = {
  /** In the order in which the questions stand. */
  readonly files: readonly string[]
  readonly wanted: number
  readonly kept: number
  /** shape/form/language → questions. */
  readonly keptByCell: Readonly<Record<string, number>>
  /** "shape: reason" → draws that became nothing. */
  readonly droppedDraws: Readonly<Record<string, number>>
  /** Cells, shape/form/language, that gave nothing in a pilot and were not asked. */
  readonly barren: readonly string[]
  readonly shortfalls: readonly { readonly cell: string; readonly wanted: number; readonly kept: number }[]
  readonly writer: WriterCensus | { readonly skipped: string }
  readonly coverage: { readonly before: Coverage; readonly after: Coverage }
}

/**
 * Makes questions from the graph, most often about what the exam sets leave out, in shards: a shard that is there is read,
 * not made again.
 *
 * @paper Fleming-R1 §3.1: under-represented diseases and drugs are preferred
 */
export async function makeSynthesis(
  dir: string,
  runDir: string,
  config: DataConfig,
  graph: PackedGraph,
  observer: Observer,
): Promise<readonly string[]> {
  const counter = createCoverageCounter(graph, linkGraph(graph))
  for (const file of [curatedFiles.items, curatedFiles.coverage]) {
    for (const item of iterateItems(join(runDir, 'curated', file))) counter.addText(item)
  }
  const before = counter.coverage
  const gap = before.items === 0 ? null : gapWeights(counter.mentions, config.synthesis.gapWeight)
  const made = makeShards(dir, config, graph, gap, observer)
  const writer = await writeWording(dir, runDir, config, graph, made.files, observer)
  const files = writer.files ?? made.files
  for (const file of files) for (const item of iterateItems(join(dir, file))) counter.addSynthetic(item)
  const census: SynthesisCensus = {
    files,
    wanted: made.report.wanted,
    kept: writer.census !== null ? writer.census.kept : made.report.total,
    keptByCell: made.report.kept,
    droppedDraws: made.report.dropped,
    barren: made.report.plans[0]?.barren ?? [],
    shortfalls: made.report.shortfalls,
    writer: writer.census ?? { skipped: 'no endpoint is named in synthesis.writer: questions are worded by templates' },
    coverage: { before, after: counter.coverage },
  }
  putAtomic(join(dir, synthesisCensusFile), `${formatJson(census, { pretty: true })}\n`)
  observer.note(`${census.kept} of ${census.wanted} questions, each with its proof`)
  for (const { cell, wanted, kept } of census.shortfalls.slice(0, 3)) observer.note(`${cell}: ${kept} of ${wanted}`)
  return [...made.files, ...made.reports, ...(writer.files ?? []), synthesisCensusFile]
}

type Made = {
  readonly files: readonly string[]
  readonly reports: readonly string[]
  readonly report: ReturnType<typeof reportItems>
}

function makeShards(dir: string, config: DataConfig, graph: PackedGraph, gap: GapWeights, observer: Observer): Made {
  const { gapWeight: _, shardSize, writer: __, ...items } = config.synthesis
  const files: string[] = []
  const reportFiles: string[] = []
  const plans: ItemPlan[] = []
  const reports: ShardReport[] = []
  const seen = createSeenKeys()
  if (items.count === 0) return { files, reports: reportFiles, report: reportItems(plans, reports) }
  let plan: ItemPlan | null = planItems(graph, items, config.dataSeed, gap)
  let kept = 0
  while (plan !== null) {
    plans.push(plan)
    for (let index = 0; index < shardCount(plan, shardSize); index++) {
      const name = `items-${plans.length}-${String(index).padStart(4, '0')}`
      const shard = { plan, index, size: shardSize }
      const report = readShard(dir, name, seen) ?? makeShard(dir, name, graph, shard, { seen, gap })
      reports.push(report)
      files.push(`${name}.jsonl`)
      reportFiles.push(`${name}.json`)
      kept += Object.values(report.kept).reduce((sum, count) => sum + count, 0)
      observer.progress('synthesis', Math.min(kept, items.count), items.count, {})
    }
    plan = nextPlan(plan, plans, reports)
  }
  return { files, reports: reportFiles, report: reportItems(plans, reports) }
}

/** The report of a shard that an earlier process finished, its keys counted as seen; null when there is none. */
function readShard(dir: string, name: string, seen: SeenKeys): ShardReport | null {
  const file = join(dir, `${name}.json`)
  if (!existsSync(file)) return null
  for (const item of iterateItems(join(dir, `${name}.jsonl`))) seen.add(duplicateKey(item)!)
  return parseJson(readText(file), { file }) as ShardReport
}

function makeShard(
  dir: string,
  name: string,
  graph: PackedGraph,
  { plan, index, size }: { readonly plan: ItemPlan; readonly index: number; readonly size: number },
  options: { readonly seen: SeenKeys; readonly gap: GapWeights },
): ShardReport {
  const writer = openJsonlWriter(join(dir, `${name}.jsonl`))
  try {
    const shard = generateShard(graph, plan, { index, size }, options)
    for (;;) {
      const next = shard.next()
      if (next.done === true) {
        writer.finish()
        // Written last: a shard that has a report is whole.
        putAtomic(join(dir, `${name}.json`), `${formatJson(next.value, { pretty: true })}\n`)
        return next.value
      }
      writer.write(next.value)
    }
  } finally {
    writer.close()
  }
}

type Worded = { readonly files: readonly string[] | null; readonly census: WriterCensus | null }

async function writeWording(
  dir: string,
  runDir: string,
  config: DataConfig,
  graph: PackedGraph,
  files: readonly string[],
  observer: Observer,
): Promise<Worded> {
  const endpoint = await openEndpoint(config, config.synthesis.writer, 'synthesis.writer')
  if (endpoint === null) return { files: null, census: null }
  const name = 'worded.jsonl'
  const writer = openJsonlWriter(join(dir, name))
  try {
    const items = function* (): Generator<Item> {
      for (const file of files) yield* iterateItems(join(dir, file))
    }
    const census = await rewordItems(items(), { runDir, endpoint, graph, observer }, (item) => writer.write(item))
    writer.finish()
    return { files: [name], census }
  } finally {
    writer.close()
  }
}
