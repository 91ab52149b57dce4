import { formatJson } from '../core/json.ts'
import type { DatasetRow } from './dataset.ts'
import { promptVersion } from './prompts.ts'
import type { TeachReport } from './teach.ts'

/** What a card says beside what its rows say. */
export type DatasetFacts = {
  readonly name: string
  readonly report: TeachReport
  /** Trajectories that were cut for the share that saw the gold. */
  readonly cut: number
}

/** Identifiers of the Hub's list of licences, by SPDX name. */
const hubLicenses: ReadonlyMap<string, string> = new Map([
  ['Apache-2.0', 'apache-2.0'],
  ['MIT', 'mit'],
  ['CC0-1.0', 'cc0-1.0'],
  ['CC-BY-4.0', 'cc-by-4.0'],
  ['CC-BY-SA-4.0', 'cc-by-sa-4.0'],
  ['CC-BY-SA-3.0', 'cc-by-sa-3.0'],
  ['CC-BY-NC-4.0', 'cc-by-nc-4.0'],
])

/** The card of a data set of trajectories: YAML for the Hub, then counts, lineage and limits for readers. */
export function datasetCard(rows: readonly DatasetRow[], { name, report, cut }: DatasetFacts): string {
  const licenses = distinct(rows.flatMap((row) => row.licenses))
  const languages = distinct(rows.map(({ language }) => language))
  const license = licenses.length === 1 ? hubLicenses.get(licenses[0]!) : undefined
  const sawGold = rows.filter((row) => row.saw_gold).length
  const lines = [
    '---',
    `pretty_name: ${formatJson(`${name}: reasoning trajectories`)}`,
    `license: ${license ?? 'other'}`,
    ...(license === undefined ? [`license_name: ${formatJson(licenses.join(', ') || 'unknown')}`] : []),
    ...(languages.length === 0 ? [] : ['language:', ...languages.map((language) => `- ${language}`)]),
    'task_categories:',
    '- question-answering',
    '- text-generation',
    'tags:',
    '- medical',
    '- reasoning',
    '- synthetic',
    'configs:',
    '- config_name: default',
    '  data_files:',
    '  - split: train',
    '    path: trajectories.parquet',
    '---',
    '',
    `# ${name}: reasoning trajectories`,
    '',
    'Research only, not for clinical use. The chains were written by a machine and checked by machines; they are no medical advice.',
    '',
    '## What it holds',
    '',
    ...table(
      ['What', 'Count'],
      [
        ['questions asked', report.questions],
        ['trajectories', rows.length],
        ['cut for the share that saw the gold', cut],
        ['written by a teacher that saw the gold or the path to it', sawGold],
        ['written from the question alone', rows.length - sawGold],
        ...counted(rows, ({ origin }) => `origin: ${origin}`),
        ...counted(rows, ({ strategy }) => (strategy === null ? null : `rescued by: ${strategy}`)),
        ...counted(rows, ({ difficulty }) => (difficulty === null ? null : `difficulty: ${difficulty}`)),
      ],
    ),
    '## How it was made',
    '',
    `Teachers: ${distinct(rows.map(({ teacher }) => teacher)).join(', ') || 'none'}. Wording of the prompts: version ${promptVersion}.`,
    '',
    ...table(
      ['Round', 'Questions', 'Asked', 'Right', 'Solved', 'Failed', 'Skipped'],
      report.rounds.map((round) => [
        `${round.mode}${round.strategy === null ? '' : `, ${round.strategy}, depth ${round.depth}`}`,
        ...[round.questions, round.asked, round.right, round.solved, round.failed, round.skipped],
      ]),
    ),
    '## What was checked',
    '',
    ...table(
      ['Check', 'Action', 'Chains', 'With a fault'],
      Object.entries(report.checks).map(([check, count]) => [...[check, count.action, count.checked, count.found]]),
    ),
    '## Made from',
    '',
    `Sources: ${distinct(rows.flatMap((row) => row.sources)).join(', ') || 'none'}. Licences: ${licenses.join(', ') || 'unknown'}.`,
    'Whoever passes it on has to keep these licences and, for a remote teacher, the terms of its provider.',
    '',
    'Each row names its question (`question_id`), teacher, number of attempts, whether the teacher saw the gold (`saw_gold`), its',
    'origin and strategy, and how many of its steps a graph could check (`checkable_steps`) and bore out (`grounded_steps`).',
    '',
  ]
  return lines.join('\n')
}

type Cell = string | number

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const line = (cells: readonly Cell[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [
    line(head),
    `|${head.map((_, index) => (index === 0 ? ' --- |' : ' ---: |')).join('')}`,
    ...rows.map(line),
    '',
  ]
}

/** A cell that cannot end its row or open a tag. */
function cell(value: Cell): string {
  return String(value).replace(/\s+/gu, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function counted(rows: readonly DatasetRow[], keyOf: (row: DatasetRow) => string | null): [string, number][] {
  const counts = new Map<string, number>()
  for (const row of rows) {
    const key = keyOf(row)
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort()
}
