import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { z } from 'zod'
import type { Shell } from '../src/cli/shell.ts'
import { clock } from '../src/core/clock.ts'
import { ConfigError, EngineError } from '../src/core/errors.ts'
import { formatJson } from '../src/core/json.ts'
import { graphFile, writePacked } from '../src/graph/packed-file.ts'
import { formatNumber, formatTable } from './engine/table.ts'
import { buildGenerated } from './generated-graph.ts'

const loadSchema = z.strictObject({
  loadSeconds: z.number(),
  residentGrowthBytes: z.number(),
  peakResidentBytes: z.number(),
  entities: z.number(),
  triples: z.number(),
  paths: z.array(z.strictObject({ name: z.string(), perSecond: z.number(), nullShare: z.number() })),
  findsPerSecond: z.number(),
  othersCores: z.number().nullable(),
})

/** What the process that reads the graph measures. */
export type LoadMeasurement = z.infer<typeof loadSchema>

const help = `
The graph is generated from a seed, built as any source is, and written. A new process then reads the file and
draws paths from it, so that its time and memory are those of a program that starts with a built graph.

Goals for 100,000 entities and 1,000,000 triples: loaded in under 5 s, memory grown by less than 600 MB,
100,000 paths a second.

Examples:
  $ npm run bench -- graph
  $ npm run bench -- graph --entities 20000 --triples 200000 --json`

/** `bench graph`: building, loading and sampling a large graph. */
export function addGraph(program: Command, shell: Shell): void {
  program
    .command('graph')
    .summary('building, loading and sampling a large graph')
    .description('Measures how a generated graph is built, loaded by a new process, and sampled.')
    .option('--entities <count>', 'entities of the graph', '100000')
    .option('--triples <count>', 'triples of the graph', '1000000')
    .option('--seed <number>', 'seed of the graph', '1')
    .option('--json', 'print one JSON object instead of the table')
    .addHelpText('after', help)
    .action(async (options: Readonly<Record<'entities' | 'triples' | 'seed', string>> & { readonly json?: true }) => {
      const size = {
        entities: readCount('entities', options.entities),
        triples: readCount('triples', options.triples),
        seed: readCount('seed', options.seed),
      }
      const result = await measure(size)
      shell.out(options.json ? formatJson({ ...size, ...result }, { pretty: true }) : render(result))
    })
}

function readCount(name: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new ConfigError(`--${name} must be a whole number above 0, found "${text}"`)
  return count
}

async function measure(size: { readonly entities: number; readonly triples: number; readonly seed: number }) {
  const dir = mkdtempSync(join(tmpdir(), 'bench-graph-'))
  try {
    const startMs = clock.monotonicMs()
    const { graph } = await buildGenerated(size)
    const builtMs = clock.monotonicMs()
    writePacked(dir, graph)
    const buildPeakBytes = process.resourceUsage().maxRSS * 1024
    return {
      hash: graph.hash,
      buildSeconds: (builtMs - startMs) / 1000,
      writeSeconds: (clock.monotonicMs() - builtMs) / 1000,
      buildPeakBytes,
      fileBytes: statSync(join(dir, graphFile)).size,
      load: await loadInNewProcess(dir),
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function loadInNewProcess(dir: string): Promise<LoadMeasurement> {
  const child = fork(fileURLToPath(new URL('./graph-process.ts', import.meta.url)), [dir], {
    // stdout is the parent's alone, for the report: what a child says goes to stderr.
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(loadSchema.parse(message)))
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code !== 0) reject(new EngineError(`the process that reads the graph ended with ${code}`))
    })
  })
}

function render({ load, ...built }: Awaited<ReturnType<typeof measure>>): string {
  const megabytes = (sizeBytes: number): string => `${formatNumber(sizeBytes / 1e6)} MB`
  const seconds = (value: number): string => `${formatNumber(value, 2)} s`
  return formatTable(
    ['graph', `${load.entities} entities, ${load.triples} triples`],
    [
      ['built in', seconds(built.buildSeconds)],
      ['peak memory of the build', megabytes(built.buildPeakBytes)],
      ['written in', seconds(built.writeSeconds)],
      ['file', megabytes(built.fileBytes)],
      ['loaded by a new process in', seconds(load.loadSeconds)],
      ['memory grown by', megabytes(load.residentGrowthBytes)],
      ['peak memory of that process', megabytes(load.peakResidentBytes)],
      ...load.paths.map(({ name, perSecond, nullShare }) => [
        name,
        `${formatNumber(perSecond)} paths/s, ${formatNumber(100 * nullShare, 1)} % dead ends`,
      ]),
      ['names found', `${formatNumber(load.findsPerSecond)} a second`],
      ['cores kept busy by others', load.othersCores === null ? 'unknown' : formatNumber(load.othersCores, 1)],
    ],
  )
}
