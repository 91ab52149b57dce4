import { formatJson } from '../core/json.ts'
import type { ExploreOutcome } from '../pipeline/data/explore.ts'
import { printable } from './graph-printable.ts'
import { duration } from './progress.ts'
import type { Colors } from './shell.ts'

/** What a walk found, what was rejected and why, what it cost, and what to do with it. */
export function renderExplored(
  { report, recordsFile, spending }: ExploreOutcome,
  { pages, wallSeconds }: { readonly pages: number; readonly wallSeconds: number },
  colors: Colors,
): string {
  const { triples, passages, server } = report
  const all = triples.infobox + triples.text
  const rejected = byCount(report.rejected)
  const skipped = byCount(report.skipped)
  const failed = byCount(passages.failed)
  return [
    `${colors.bold(`${report.pages} pages, ${all} triples`)}; ${endings[report.stoppedBy](pages)}`,
    '',
    `read by        ${printable(report.extraction)}`,
    `entities       ${report.entities}, ${report.linkedEntities} of them items of Wikidata`,
    `triples        ${triples.infobox} from infoboxes, ${triples.text} from sections`,
    ...byCount(report.triplesByRelation).map((text) => `  ${text}`),
    `rejected       ${rejected.length === 0 ? 'none' : ''}`.trimEnd(),
    ...rejected.map((text) => `  ${text}`),
    ...(skipped.length === 0 ? [] : ['titles left out', ...skipped.map((text) => `  ${text}`)]),
    ...(passages.read + failed.length + passages.leftOut === 0
      ? []
      : [
          `passages       ${passages.read} read, ${passages.leftOut} beyond the limit of a page`,
          ...failed.map((text) => colors.yellow(`  ${text}`)),
        ]),
    ...(spending.calls === 0
      ? []
      : [
          `spent          ${spending.calls} calls, ${spending.promptTokens + spending.completionTokens} tokens, money ${round(spending.money)}`,
        ]),
    `wiki           ${server.requests} requests, ${server.retries} of them repeated; ${duration(server.waitedMs / 1000)} waited; ${report.frontier} titles known and not read`,
    `licence        ${printable(report.license)}: quotes carry it, so name the wiki and the revision, and share alike where it says so`,
    `time           ${duration(wallSeconds)}`,
    '',
    `records        ${recordsFile}`,
    'next           put them into a data configuration (fleming data -c FILE):',
    '                 graph:',
    '                   sources:',
    `                     - { source: wiki-agent, files: [${yamlText(recordsFile)}] }`,
  ].join('\n')
}

const endings: { readonly [Reason in ExploreOutcome['report']['stoppedBy']]: (pages: number) => string } = {
  'nothing left to read': () => 'nothing is left to read',
  pages: (pages) => `${pages} pages were asked for: a larger --pages goes on`,
  'calls, tokens or money': () => 'the budget of calls, tokens or money is spent: a larger one goes on',
  aborted: () => 'stopped: the same command goes on',
}

function byCount(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([name, count]) => `${count} × ${printable(name)}`)
}

const round = (money: number): number => Math.round(money * 10_000) / 10_000

const yamlText = (text: string): string => (/^[\w./-]+$/.test(text) ? text : formatJson(text))
