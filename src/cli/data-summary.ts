import type { DataReport } from '../pipeline/data/report.ts'
import { notice } from '../release/types.ts'
import { printableLine } from './printable.ts'
import { duration } from './progress.ts'
import { renderTable } from './render.ts'
import type { Colors } from './shell.ts'

/** What a finished data run has to say: how many items each step left, why, and where to look next. */
export function renderDataSummary(
  report: DataReport,
  { dir, file, wallSeconds }: { readonly dir: string; readonly file: string; readonly wallSeconds: number },
  colors: Colors,
): string {
  const { graph, curated, synthesis, refinement } = report
  const { screen, assessment, mix, phiMeasure } = refinement
  const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`
  const trained = curated.sets.filter(({ use }) => use === 'train').reduce((sum, { kept }) => sum + kept, 0)
  return [
    renderTable(
      ['', 'items'],
      [
        ['exam sets', String(trained)],
        ['made from the graph', `${synthesis.kept} of ${synthesis.wanted}`],
        ...Object.entries(screen.excludedByReason)
          .slice(0, 12)
          .map(([reason, count]) => [`− ${reason}`, String(count)]),
        ['pass the filters', String(screen.kept)],
        ['in the mix', String(mix.size)],
      ],
    ),
    '',
    `graph          ${graph.census.entities} entities, ${graph.census.triples} triples; ${percent(graph.census.agreedShare)} said by independent sources`,
    `coverage       diseases ${shares(synthesis.coverage.before.byType.disease)} before, ${shares(synthesis.coverage.after.byType.disease)} after; drugs ${shares(synthesis.coverage.before.byType.drug)}, ${shares(synthesis.coverage.after.byType.drug)}`,
    `contamination  ${screen.contamination.removed} of ${screen.contamination.checked} items removed, against ${screen.contamination.benchmarks.length} benchmarks`,
    `PHI            no finding is no proof: recall ${percent(phiMeasure.recall)} on ${phiMeasure.notes} generated notes, damage ${percent(phiMeasure.decoyDamage)}`,
    ...assessment.skipped.map((text) => colors.yellow(`skipped        ${printableLine(text)}`)),
    ...(typeof synthesis.writer.skipped === 'string'
      ? [colors.yellow(`skipped        ${printableLine(synthesis.writer.skipped)}`)]
      : []),
    ...(report.openDisputes === 0 ? [] : [`disputes       ${report.openDisputes} open: fleming review ${dir}`]),
    ...mix.shortfalls.map(({ group, wanted, available }) =>
      colors.yellow(`shortfall      ${group}: ${available} of ${wanted}`),
    ),
    ...(mix.unmatched === 0
      ? []
      : [colors.yellow(`left out       ${mix.unmatched} items that no group of the mix takes`)]),
    ...Object.entries(report.calls).map(
      ([role, { done, quarantined, skipped, spending }]) =>
        `${role.padEnd(14)} ${done} calls done, ${quarantined} quarantined, ${skipped} beyond the budget; ${spending.promptTokens + spending.completionTokens} tokens in all`,
    ),
    '',
    `questions      ${dir}/refinement/questions.jsonl`,
    `report         ${file}`,
    `time           ${duration(wallSeconds)}`,
    '',
    colors.yellow(notice),
  ].join('\n')
}

const shares = (share: { readonly all: number; readonly covered: number } | undefined): string =>
  share === undefined || share.all === 0 ? '–' : `${((100 * share.covered) / share.all).toFixed(1)} %`
