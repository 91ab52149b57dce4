import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ITEM_SCORES_FILE, readItemScores } from '../../release/item-scores.ts'
import { itemCensusSchema, type ReportItems } from './items-schema.ts'
import { readJsonAs } from './read-run.ts'

/** The items and scores of a run; undefined for a run on the starter graph. */
export function readReportItems(runDir: string): ReportItems | undefined {
  const scores = join(runDir, 'evaluation', ITEM_SCORES_FILE)
  if (!existsSync(scores)) return undefined
  const census = readJsonAs(join(runDir, 'questions', 'census.json'), itemCensusSchema)
  const { rows, paired } = readItemScores(scores)
  return { ...census, rows: [...rows], paired: [...paired] }
}
