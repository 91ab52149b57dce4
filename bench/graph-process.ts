/** Entry of the process that reads a built graph: its folder comes as argument, the measurement goes to the parent. */

import { reportError } from '../src/cli/report-error.ts'
import { processShell } from '../src/cli/shell.ts'
import { clock } from '../src/core/clock.ts'
import { createRng } from '../src/core/rng.ts'
import { readPacked } from '../src/graph/packed-file.ts'
import type { PackedGraph } from '../src/graph/types.ts'
import { readerOf } from '../src/questions/items/reader.ts'
import type { StepName } from '../src/questions/items/shapes.ts'
import { countWalks, drawWalk } from '../src/questions/items/walks.ts'
import { startWeights, weightedDraw } from '../src/questions/items/weights.ts'
import { startWatch } from './engine/machine.ts'
import type { LoadMeasurement } from './graph.ts'

const PATHS = 200_000
const FINDS = 20_000

/** Paths of two to four hops, drawn as those of questions are. */
const patterns: readonly (readonly [name: string, ...steps: StepName[]])[] = [
  ['finding, disease, drug', '~has_finding', 'treated_by'],
  ['gene, disease, drug, adverse effect', '~associated_gene', 'treated_by', 'has_adverse_effect'],
  ['disease, finding, disease, drug, mechanism', 'has_finding', '~has_finding', 'treated_by', 'acts_by'],
]

function measure(dir: string): LoadMeasurement {
  const watch = startWatch()
  const residentBefore = process.memoryUsage.rss()
  const startMs = clock.monotonicMs()
  const graph = readPacked(dir)
  const loadSeconds = (clock.monotonicMs() - startMs) / 1000
  const residentGrowthBytes = process.memoryUsage.rss() - residentBefore
  return {
    loadSeconds,
    residentGrowthBytes,
    entities: graph.entityCount,
    triples: graph.tripleCount,
    paths: patterns.map(([name, ...steps]) => ({ name, ...samplePaths(graph, steps) })),
    findsPerSecond: findNames(graph),
    othersCores: watch.othersCores(),
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  }
}

function samplePaths(graph: PackedGraph, steps: readonly StepName[]) {
  const reader = readerOf(graph)
  const weights = startWeights(graph, null)
  const walks = countWalks(
    reader,
    steps.map((step) => reader.hop(step)),
  )
  const starts = weightedDraw(graph.entityCount, (entity) =>
    (walks.counts[0]?.[entity] ?? 0) > 0 ? weights[entity]! : 0,
  )
  const rng = createRng(1, 'bench', 'paths')
  let nulls = 0
  const startMs = clock.monotonicMs()
  for (let path = 0; path < PATHS; path++) if (drawWalk(reader, walks, starts.draw(rng), rng) === null) nulls += 1
  const seconds = (clock.monotonicMs() - startMs) / 1000
  // Only a path that was drawn counts.
  return { perSecond: (PATHS - nulls) / seconds, nullShare: nulls / PATHS }
}

function findNames(graph: PackedGraph): number {
  const rng = createRng(1, 'bench', 'names')
  const startMs = clock.monotonicMs()
  for (let name = 0; name < FINDS; name++) graph.find(graph.labelOf(rng.int(graph.entityCount)))
  return (1000 * FINDS) / (clock.monotonicMs() - startMs)
}

// Without its parent nobody wants the result.
process.on('disconnect', () => process.exit(1))
try {
  const measurement = measure(process.argv[2] ?? '')
  process.send?.(measurement, () => process.exit(0))
} catch (cause) {
  process.exit(reportError(cause, processShell()))
}
