import { framePage } from './frame.ts'
import { html } from './markup.ts'
import type { Report } from './schema.ts'
import { auditSection } from './sections/audit.ts'
import { coldStartSection } from './sections/cold-start.ts'
import { countsSection } from './sections/counts.ts'
import { curvesSection } from './sections/curves.ts'
import { examplesSection } from './sections/examples.ts'
import { factsSection } from './sections/facts.ts'
import { failuresSection } from './sections/failures.ts'
import { headerSection } from './sections/header.ts'
import { itemsSection } from './sections/items.ts'
import { ladderSection } from './sections/ladder.ts'
import { miningSection } from './sections/mining.ts'
import { switchSection } from './sections/switch.ts'
import { testsSection } from './sections/tests.ts'
import { warningsSection } from './sections/warnings.ts'

/**
 * The page of a report.
 *
 * @throws {DataError} when a number is not finite
 */
export function renderReport(report: Report): string {
  const content = html`${headerSection(report)}
${itemsSection(report)}
${ladderSection(report)}
${testsSection(report)}
${coldStartSection(report)}
${curvesSection(report)}
${switchSection(report)}
${warningsSection(report)}
${auditSection(report)}
${examplesSection(report)}
${miningSection(report)}
${failuresSection(report)}
${countsSection(report)}
${factsSection(report)}`
  return framePage({ title: `Fleming run ${report.name}`, notice: report.notice, content })
}
