import type { Counts, GraphCensus } from './census.ts'

/** A census as text for a terminal: one table of relations, one of sources, then a line for each other count. */
export function formatCensus(census: GraphCensus): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  return [
    `${census.entities} entities, ${census.triples} triples, ${census.hash}`,
    '',
    table(
      ['relation', 'triples', 'heads', 'tails', 'agreed', 'sources'],
      census.relations.map(({ name, triples, heads, tails, agreed, bySource }) => [
        name,
        ...[triples, heads, tails, agreed].map(String),
        list(bySource),
      ]),
    ),
    '',
    table(
      ['source', 'triples', 'alone', 'relations', 'quoted', 'family'],
      census.sources.map(({ name, triples, alone, relations, quoted, family }) => [
        name,
        ...[triples, alone, relations, quoted].map(String),
        family,
      ]),
    ),
    '',
    `entities by type     ${list(census.entityTypes)}`,
    `agreed               ${census.agreedTriples} triples, ${percent(census.agreedShare)}`,
    `contradictions       ${census.contradictions.count}`,
    `several values       ${census.severalValues.count}`,
    `orphans              ${census.orphans.count}${census.orphans.count === 0 ? '' : `: ${list(census.orphans.byType)}`}`,
    `degree by tenths     ${census.degreeDeciles.join(' ')}, mean ${census.meanDegree.toFixed(1)}`,
    `rarity of diseases   ${list(Object.entries(census.rarity).map(([name, count]) => ({ name, count })))}`,
    `taxonomic triples    ${percent(census.taxonomicShare)}`,
    `cycles of is_a       ${census.cycles.count}`,
  ].join('\n')
}

const list = (counts: Counts): string => counts.map(({ name, count }) => `${name} ${count}`).join(', ')

/** Numbers to the right; the last column as it is. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)))
  const format = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        if (column === row.length - 1) return cell
        return column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
      })
      .join('  ')
  return [format(header), ...rows.map(format)].join('\n')
}
