import type { Command } from 'commander'
import { formatJson } from '../core/json.ts'
import type { SourceReading } from '../pipeline/data/read-source.ts'
import { addGraphExplore } from './graph-explore.ts'
import { printable } from './graph-printable.ts'
import { addGraphShow } from './graph-show.ts'
import { addGraphWikidata } from './graph-wikidata.ts'
import { parseCount } from './options.ts'
import { renderCounts, renderReasons, renderTable } from './render.ts'
import { formatExitCodes } from './report-error.ts'
import type { Colors, Shell } from './shell.ts'

type ReadOptions = { readonly mapping?: string; readonly examples: number; readonly json?: true }

/** `fleming graph`: knowledge sources one at a time, the agent that finds more, and the graph that is built of them. */
export function addGraph(program: Command, shell: Shell): void {
  const graph = program.command('graph').summary('read knowledge sources, explore a wiki, look into a built graph')
  graph
    .command('read')
    .summary('what a knowledge source says: entities, triples, and rejections by reason')
    .description(
      'Reads the files of a knowledge source and counts what they say, without building a graph. Rows that give nothing are counted by reason, each reason with its first row; `fleming data` builds the graph.',
    )
    .argument('<source>', 'reader, by name: see `fleming graph sources`')
    .argument('<files...>', 'its files, in the order that the reader names')
    .option('-m, --mapping <file>', 'declared columns of a CSV or TSV file, YAML; for the source `columns`')
    .option('--examples <n>', 'triples to show', parseCount, 5)
    .option('--json', 'print the outcome as one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming graph sources
  $ fleming graph read obo symp.obo
  $ fleming graph read ddxplus release_conditions.json release_evidences.json
  $ fleming graph read columns mine.tsv --mapping mine.yaml --json
${formatExitCodes([0, 2, 74])}`,
    )
    .action((source: string, files: string[], options: ReadOptions) => readCommand(source, files, options, shell))
  graph
    .command('sources')
    .summary('list the readers of knowledge sources')
    .option('--json', 'print the list as one JSON object on stdout')
    .addHelpText('after', formatExitCodes([0]))
    .action((options: { readonly json?: true }) => sourcesCommand(options, shell))
  addGraphExplore(graph, shell)
  addGraphShow(graph, shell)
  addGraphWikidata(graph, shell)
}

async function readCommand(source: string, files: string[], options: ReadOptions, shell: Shell): Promise<void> {
  const { readKnowledge } = await import('../pipeline/data/read-source.ts')
  const reading = await readKnowledge(source, files, {
    examples: options.examples,
    ...(options.mapping === undefined ? {} : { mapping: options.mapping }),
  })
  shell.out(
    options.json === true
      ? formatJson({ schemaVersion: 1, ...reading }, { pretty: true })
      : renderReading(reading, shell.outColors),
  )
}

async function sourcesCommand(options: { readonly json?: true }, shell: Shell): Promise<void> {
  const { knowledgeSources } = await import('../pipeline/data/registries.ts')
  const list = knowledgeSources.all.map(({ name, title, files, license, isPublishable, testedOn }) => ({
    ...{ name, title, files, license, isPublishable, testedOn },
  }))
  if (options.json === true) {
    shell.out(formatJson({ schemaVersion: 1, sources: list }, { pretty: true }))
    return
  }
  shell.out(
    renderTable(
      ['source', 'what', 'files', 'licence', 'tested on'],
      list.map(({ name, title, files, license, testedOn }) => [name, title, files.join(' + '), license, testedOn]),
    ),
  )
}

function renderReading(reading: SourceReading, colors: Colors): string {
  const { source, title, license, revision, isPublishable, testedOn, entities, triples, rejected } = reading
  return [
    colors.bold(`${title} (${source})`),
    `revision ${revision ?? 'not said by the file'}, licence ${license}${isPublishable ? '' : ' (its names may not be published)'}`,
    `reader tested on ${testedOn}`,
    '',
    `${entities} entities, ${triples} triples, ${rejected} rejected`,
    ...renderCounts('entities', reading.entitiesByType),
    ...renderCounts('triples', reading.triplesByRelation),
    ...renderReasons(reading.rejectedByReason),
    ...(reading.examples.length === 0
      ? []
      : ['', colors.bold('for example'), ...reading.examples.map((text) => `  ${printable(text)}`)]),
  ].join('\n')
}
