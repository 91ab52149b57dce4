/**
 * The proof of scale: a generated graph and a benchmark are written, the whole data run is made over them in a process of
 * its own, and its time, its peak memory and what it found are printed.
 *
 *   npm run scale -- [--items 1000000] [--entities 100000] [--triples 1000000] [--benchmarks 20000] [--seed 1]
 *                    [--dir DIR] [--keep] [--json]
 *
 * With --dir the inputs and the run stand in that folder, and a run that was stopped goes on there; --keep leaves them.
 * Exit code 1 when a goal is missed or a planted question is not found.
 */
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, startWatch } from '../bench/engine/machine.ts'
import { formatNumber, formatTable } from '../bench/engine/table.ts'
import { reportError } from '../src/cli/report-error.ts'
import { processShell } from '../src/cli/shell.ts'
import { ConfigError, EngineError } from '../src/core/errors.ts'
import { formatJson, parseJson } from '../src/core/json.ts'
import { iterateJsonl } from '../src/core/jsonl.ts'
import { readText } from '../src/core/read.ts'
import { ensureDir, putAtomic, readManifest } from '../src/core/store.ts'
import { type RefinementCensus, refinementFiles } from '../src/pipeline/data/refinement.ts'
import { type SynthesisCensus, synthesisCensusFile } from '../src/pipeline/data/synthesis.ts'
import { dataStageNames } from '../src/pipeline/stage.ts'
import { type BenchmarkRows, writeBenchmark } from './scale-benchmark.ts'
import { inputFiles, RUN_NAME, type ScaleSize, writeGraphTables } from './scale-inputs.ts'
import type { ScaleJob, ScaleMeasurement } from './scale-process.ts'

/** Issue 4: under 30 minutes and under 4 GB for a million questions. */
const goals = { wallSeconds: 30 * 60, peakBytes: 4e9 } as const

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    entities: { type: 'string', default: '100000' },
    triples: { type: 'string', default: '1000000' },
    benchmarks: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

function readCount(name: 'items' | 'entities' | 'triples' | 'benchmarks' | 'seed'): number {
  const count = Number(values[name])
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new ConfigError(`--${name} must be a whole number above 0, found "${values[name]}"`)
}

const rowsFile = 'benchmark-rows.json'

/** Writes what the run reads, unless an earlier attempt did. */
async function prepare(dir: string, size: ScaleSize): Promise<BenchmarkRows> {
  const file = join(dir, rowsFile)
  if (existsSync(file)) {
    const { size: before, rows } = parseJson(readText(file), { file }) as { size: ScaleSize; rows: BenchmarkRows }
    if (formatJson(before) === formatJson(size)) return rows
    throw new ConfigError(`${dir} holds the inputs of another size: ${formatJson(before)}`, {
      hint: 'name another folder with --dir, or ask for that size',
    })
  }
  console.error(`inputs: ${size.entities} entities, ${size.triples} triples, ${size.benchmarks} benchmark questions …`)
  await writeGraphTables(dir, size)
  const rows = await writeBenchmark(dir, size)
  putAtomic(file, `${formatJson({ size, rows })}\n`)
  return rows
}

function runInNewProcess(job: ScaleJob): Promise<ScaleMeasurement> {
  // stdout is the parent's alone, for the report: what a child says goes to stderr.
  const child = fork(fileURLToPath(new URL('./scale-process.ts', import.meta.url)), { stdio: ['ignore', 2, 2, 'ipc'] })
  child.send(job)
  return new Promise((resolvePromise, reject) => {
    child.once('message', (message) => resolvePromise(message as ScaleMeasurement))
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code !== 0) reject(new EngineError(`the process that makes the run ended with ${code ?? signal}`))
    })
  })
}

type Outcome = {
  readonly wanted: number
  readonly made: number
  readonly kept: number
  readonly inMix: number
  readonly excludedByReason: Readonly<Record<string, number>>
  readonly contaminated: number
  /** Questions of the benchmark that were found in items of the run, of those planted. */
  readonly plantedFound: number
  readonly deduplicatorBytes: number
  readonly manifests: Readonly<Record<string, string>>
}

function readOutcome(runDir: string): Outcome {
  const read = (stage: string, name: string): unknown => {
    const file = join(runDir, stage, name)
    return parseJson(readText(file), { file })
  }
  const synthesis = read('synthesis', synthesisCensusFile) as SynthesisCensus
  const { screen, mix } = read('refinement', refinementFiles.census) as RefinementCensus
  return {
    wanted: synthesis.wanted,
    made: synthesis.kept,
    kept: screen.kept,
    inMix: mix.size,
    excludedByReason: screen.excludedByReason,
    contaminated: screen.contamination.removed,
    plantedFound: countPlantedFound(runDir),
    deduplicatorBytes: screen.duplicates.sizeBytes,
    manifests: Object.fromEntries(
      dataStageNames.map((stage) => [stage, readManifest(join(runDir, stage))?.hash ?? 'none']),
    ),
  }
}

/** Planted questions that the ledger names, each once. */
function countPlantedFound(runDir: string): number {
  const planted = new Set<string>()
  const benchmark = join(runDir, 'curated', 'benchmarks.jsonl')
  for (const { id, origin } of iterateJsonl(benchmark, (value) => value as { id: string; origin: { row: string } })) {
    if (origin.row.startsWith('planted-')) planted.add(id)
  }
  const found = new Set<string>()
  const ledger = join(runDir, 'refinement', refinementFiles.ledger)
  for (const { benchmarkItem } of iterateJsonl(ledger, (value) => value as { benchmarkItem: string | null })) {
    if (benchmarkItem !== null && planted.has(benchmarkItem)) found.add(benchmarkItem)
  }
  return found.size
}

type Report = ScaleSize & {
  readonly rows: BenchmarkRows
  readonly run: ScaleMeasurement
  readonly outcome: Outcome
  readonly othersCores: number | null
  readonly machine: ReturnType<typeof describeMachine>
}

function render({ rows, run, outcome, othersCores, ...size }: Report): string {
  const megabytes = (bytes: number): string => `${formatNumber(bytes / 1e6)} MB`
  const seconds = (value: number): string => `${formatNumber(value, 1)} s`
  const stages = run.stages.map(({ stage, wallSeconds, peakBytes }) => [
    stage,
    seconds(wallSeconds),
    megabytes(peakBytes),
  ])
  const found = [
    ['questions wanted, made', `${formatNumber(outcome.wanted)}, ${formatNumber(outcome.made)}`],
    ...Object.entries(outcome.excludedByReason).map(([reason, count]) => [`left out, ${reason}`, formatNumber(count)]),
    ['kept, in the mix', `${formatNumber(outcome.kept)}, ${formatNumber(outcome.inMix)}`],
    ['planted questions found', `${formatNumber(outcome.plantedFound)} of ${formatNumber(rows.planted)}`],
    ['index of duplicates', megabytes(outcome.deduplicatorBytes)],
    ['processor time', seconds(run.cpuSeconds)],
    ['cores kept busy by others', othersCores === null ? 'unknown' : formatNumber(othersCores, 1)],
  ]
  return [
    formatTable(
      ['stage', 'time', 'peak memory so far'],
      [...stages, ['all', seconds(run.wallSeconds), megabytes(run.peakBytes)]],
    ),
    '',
    formatTable(
      [`${size.entities} entities, ${size.triples} triples`, `${size.benchmarks} benchmark questions`],
      found,
    ),
  ].join('\n')
}

async function main(): Promise<boolean> {
  const size: ScaleSize = {
    items: readCount('items'),
    entities: readCount('entities'),
    triples: readCount('triples'),
    benchmarks: readCount('benchmarks'),
    seed: readCount('seed'),
  }
  const dir = values.dir === undefined ? mkdtempSync(join(tmpdir(), 'fleming-scale-')) : resolve(values.dir)
  try {
    ensureDir(dir)
    const rows = await prepare(dir, size)
    const watch = startWatch()
    const run = await runInNewProcess({ dir, root: dir, size })
    const othersCores = watch.othersCores(run.cpuSeconds * 1000)
    const report: Report = {
      ...size,
      rows,
      run,
      outcome: readOutcome(run.runDir),
      othersCores,
      machine: describeMachine(),
    }
    console.log(values.json ? formatJson(report, { pretty: true }) : render(report))
    return (
      run.wallSeconds <= goals.wallSeconds &&
      run.peakBytes <= goals.peakBytes &&
      report.outcome.plantedFound === rows.planted
    )
  } finally {
    if (!values.keep) clear(dir)
  }
}

/** Removes what was written, and the folder where nothing else stands in it. */
function clear(dir: string): void {
  for (const name of [...inputFiles, rowsFile, RUN_NAME]) rmSync(join(dir, name), { recursive: true, force: true })
  if (readdirSync(dir).length === 0) rmdirSync(dir)
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (cause) {
  process.exitCode = reportError(cause, processShell())
}
