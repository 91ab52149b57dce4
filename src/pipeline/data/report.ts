import { join } from 'node:path'
import { AuditError } from '../../core/errors.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { putAtomic, readManifest } from '../../core/store.ts'
import type { CallsReport } from '../../endpoint/calls.ts'
import type { BuildReport } from '../../graph/build.ts'
import type { GraphCensus } from '../../graph/census.ts'
import { readDisputes } from '../../questions/refine/disputes.ts'
import type { Item } from '../../questions/types.ts'
import { notice } from '../../release/types.ts'
import { type DataStageName, dataStageNames } from '../stage.ts'
import type { DataConfig } from './config.ts'
import { curatedFiles, type SetCensus } from './curated.ts'
import { graphReportFile } from './graph.ts'
import { type RefinementCensus, refinementFiles } from './refinement.ts'
import { renderDataPage } from './report-page.ts'
import { disputesFile, iterateItems, readCallsReports } from './shared.ts'
import { type SynthesisCensus, synthesisCensusFile } from './synthesis.ts'

/** Everything a data run has to say, read from its sealed stages: nothing is measured here. */
export type DataReport = {
  readonly schemaVersion: 1
  readonly notice: string
  readonly name: string
  readonly dataSeed: number
  readonly graph: { readonly build: BuildReport; readonly census: GraphCensus }
  readonly curated: { readonly sets: readonly SetCensus[] }
  readonly synthesis: SynthesisCensus
  readonly refinement: RefinementCensus
  /** Disputes that nobody has decided. */
  readonly openDisputes: number
  /** What the calls of each role came to, over all runs of this folder; outside the stages, like wall times. */
  readonly calls: Readonly<Record<string, CallsReport>>
  /** The first items of the mix. */
  readonly examples: readonly Item[]
}

const exampleCount = 8

/**
 * Writes `report.json` and `report.html` into the folder of a finished data run.
 *
 * @throws {AuditError} when a stage is not sealed
 */
export function writeDataReport(
  runDir: string,
  config: DataConfig,
): { readonly report: DataReport; readonly file: string } {
  for (const stage of dataStageNames) {
    if (readManifest(join(runDir, stage)) !== null) continue
    throw new AuditError(`${join(runDir, stage)}: the stage is not finished`, { hint: 'run fleming data again' })
  }
  const read = <T>(stage: DataStageName, name: string): T => {
    const file = join(runDir, stage, name)
    return parseJson(readText(file), { file }) as T
  }
  const report: DataReport = {
    ...{ schemaVersion: 1, notice, name: config.name, dataSeed: config.dataSeed },
    graph: read('graph', graphReportFile),
    curated: read('curated', curatedFiles.census),
    synthesis: read('synthesis', synthesisCensusFile),
    refinement: read('refinement', refinementFiles.census),
    openDisputes: [...readDisputes(disputesFile(runDir)).values()].filter(({ decision }) => decision === null).length,
    calls: readCallsReports(runDir),
    examples: firstItems(join(runDir, 'refinement', refinementFiles.questions)),
  }
  putAtomic(join(runDir, 'report.json'), `${formatJson(report, { pretty: true })}\n`)
  const file = join(runDir, 'report.html')
  putAtomic(file, renderDataPage(report))
  return { report, file }
}

function firstItems(file: string): Item[] {
  const items: Item[] = []
  for (const item of iterateItems(file)) {
    items.push(item)
    if (items.length === exampleCount) break
  }
  return items
}
