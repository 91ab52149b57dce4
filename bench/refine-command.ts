import type { Command } from 'commander'
import { parseCount } from '../src/cli/options.ts'
import type { Shell } from '../src/cli/shell.ts'
import { clock } from '../src/core/clock.ts'
import { formatJson } from '../src/core/json.ts'
import { measurePhi } from '../src/questions/refine/phi/measure.ts'
import { generateNote } from '../src/questions/refine/phi/notes.ts'
import { scanPhi } from '../src/questions/refine/phi/scan.ts'
import { formatNumber, formatTable } from './engine/table.ts'
import { benchRefine } from './refine.ts'

type RefineOptions = {
  readonly items: number
  readonly benchmarks: number
  readonly seed: number
  readonly json?: true
}

/** Notes that the gate for protected health information is timed and measured on. */
const NOTES = 2_000

/** `npm run bench -- refine`: the filters of a data run, and the gate for protected health information. */
export function addRefine(program: Command, shell: Shell): void {
  program
    .command('refine')
    .summary('format filter, duplicates, contamination, mix, and the gate for protected health information')
    .option('--items <n>', 'items that pass the filters', parseCount, 100_000)
    .option('--benchmarks <n>', 'benchmark questions they are checked against', parseCount, 20_000)
    .option('--seed <n>', 'seed of the items', parseCount, 1)
    .option('--json', 'print the measurements as one JSON object')
    .action((options: RefineOptions) => {
      const refine = benchRefine(options)
      const phi = { ...measurePhi({ notes: NOTES, seed: options.seed }), megabytesPerSecond: phiSpeed(options.seed) }
      shell.out(
        options.json === true
          ? formatJson({ schemaVersion: 1, refine, phi }, { pretty: true })
          : formatTable(
              ['refine', `${options.items} items, ${options.benchmarks} benchmark questions`],
              [
                ...refine.steps.map(({ step, items, seconds, cpuMicroseconds }) => [
                  step,
                  `${formatNumber(seconds, 1)} s for ${items}, ${formatNumber(cpuMicroseconds, 0)} µs of processor each`,
                ]),
                [
                  'near and exact duplicates',
                  String(refine.duplicates.near + refine.duplicates.exact + refine.duplicates.sameAnswer),
                ],
                ['planted copies found', `${refine.removedByLedger} of ${refine.planted}`],
                [
                  'index of duplicates, of contamination',
                  `${formatNumber(refine.indexMegabytes.duplicates, 0)} MB, ${formatNumber(refine.indexMegabytes.contamination, 0)} MB`,
                ],
                ['peak memory', `${formatNumber(refine.peakMegabytes, 0)} MB`],
                [
                  'identifiers found',
                  `${formatNumber(100 * phi.recall, 2)} % of ${phi.gold} in ${phi.notes} generated notes`,
                ],
                ['names found', `${formatNumber(100 * (phi.recallByType.name?.recall ?? 0), 2)} %`],
                ['notes with one missed', `${formatNumber(100 * phi.documentLeakRate, 1)} %`],
                ['sentences harmed', `${formatNumber(100 * phi.decoyDamage, 1)} % of ${phi.decoys}`],
                ['text scanned', `${formatNumber(phi.megabytesPerSecond, 1)} MB/s`],
              ],
            ),
      )
    })
}

function phiSpeed(seed: number): number {
  const texts = Array.from({ length: NOTES }, (_, index) => generateNote(seed, index).text)
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const startMs = clock.monotonicMs()
  for (const text of texts) scanPhi(text)
  return bytes / 1e3 / (clock.monotonicMs() - startMs)
}
