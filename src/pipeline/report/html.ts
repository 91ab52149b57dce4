import { html, trustedMarkup } from './markup.ts'
import type { Report } from './schema.ts'
import { auditSection } from './sections/audit.ts'
import { countsSection } from './sections/counts.ts'
import { curvesSection } from './sections/curves.ts'
import { examplesSection } from './sections/examples.ts'
import { factsSection } from './sections/facts.ts'
import { headerSection } from './sections/header.ts'
import { ladderSection } from './sections/ladder.ts'
import { miningSection } from './sections/mining.ts'
import { testsSection } from './sections/tests.ts'
import { style } from './style.ts'

/**
 * The page of a report: one file, no script, no address of anything outside of it. The policy in its head forbids a
 * browser to load or run anything, so that even an escape that failed could do nothing.
 *
 * @throws {DataError} when a number is not finite
 */
export function renderReport(report: Report): string {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Fleming run ${report.name}</title>
<style>${trustedMarkup(style)}</style></head>
<body><main>
${headerSection(report)}
${ladderSection(report)}
${testsSection(report)}
${curvesSection(report)}
${auditSection(report)}
${examplesSection(report)}
${miningSection(report)}
${countsSection(report)}
${factsSection(report)}
<footer><p>${report.notice}</p></footer>
</main></body></html>
`
  return page.markup
}
