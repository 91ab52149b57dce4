import { join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { putAtomic } from '../../core/store.ts'
import type { Config } from '../config.ts'
import { collectReport } from './collect.ts'
import { renderReport } from './html.ts'

/**
 * Writes `report.json` and `report.html` into the folder of a finished run.
 *
 * The page is one file that opens without a network or a script. Its numbers are those of `report.json`, which are those
 * of the run's sealed stages: nothing is measured here.
 *
 * @param config the configuration that the run was started with
 * @param extra `wallSeconds`: how long the run took, seconds
 * @returns the path of `report.html`
 * @throws {DataError} when there is no run, a stage is not sealed, or a number is not finite
 * @throws {AuditError} when a file of a sealed stage was changed afterwards
 */
export async function writeReport(
  runDir: string,
  config: Config,
  extra: { readonly wallSeconds: number },
): Promise<string> {
  const report = collectReport(runDir, config, extra.wallSeconds)
  const file = join(runDir, 'report.html')
  putAtomic(join(runDir, 'report.json'), `${formatJson(report, { pretty: true })}\n`)
  putAtomic(file, renderReport(report))
  return file
}
