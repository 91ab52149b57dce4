import type { Command } from 'commander'
import { formatJson } from '../core/json.ts'
import { parseCount } from './options.ts'
import { formatExitCodes } from './report-error.ts'
import type { Shell } from './shell.ts'

type WikidataOptions = {
  readonly contact: string
  readonly dir: string
  readonly api: string
  readonly pageSize: number
  readonly json?: true
  readonly quiet?: true
}

/** The query service of Wikidata. */
const queryService = 'https://query.wikidata.org/sparql'

/** `fleming graph wikidata`: fetches the pages that the source `wikidata` reads. */
export function addGraphWikidata(graph: Command, shell: Shell): void {
  graph
    .command('wikidata')
    .summary('fetch what Wikidata says of diseases and drugs, as files for the source `wikidata`')
    .description(
      'Asks the query service of Wikidata for the clinical properties of diseases and drugs and for their identifiers, page by page, and keeps every page as a file of SPARQL results. The source `wikidata` reads them.',
    )
    .requiredOption('--contact <mail-or-url>', 'how the operators reach you; goes into the User-Agent')
    .option('--dir <dir>', 'folder of the pages; the same folder resumes', 'runs/wikidata')
    .option('--api <url>', 'address of the query service, or of a copy of it', queryService)
    .option('--page-size <n>', 'rows of a page', parseCount, 2_000)
    .option('--json', 'print the outcome as one JSON object on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming graph wikidata --contact me@clinic.example
  $ fleming graph read wikidata runs/wikidata/P*.json          what the pages say

Etiquette: one request at a time, with your contact, and with the pauses that the service asks for.
Ctrl-C and kills lose nothing: pages that are there are not asked for again. Wikidata is CC0.
${formatExitCodes([0, 1, 2, 74, 130])}`,
    )
    .action((options: WikidataOptions) => wikidataCommand(options, shell))
}

async function wikidataCommand(options: WikidataOptions, shell: Shell): Promise<void> {
  const { fetchWikidata } = await import('../pipeline/data/wikidata.ts')
  const { api, contact, dir, pageSize } = options
  shell.interruptNote = 'stopped; the same command goes on where it was'
  const files = await fetchWikidata({
    ...{ endpoint: api, contact, outDir: dir, pageSize },
    onPage: ({ file, rows }) => {
      if (options.quiet !== true) shell.err(`${file}: ${rows} rows\n`)
    },
  })
  shell.out(
    options.json === true
      ? formatJson({ schemaVersion: 1, dir, files }, { pretty: true })
      : `${files.length} pages in ${dir}\nnext: fleming graph read wikidata ${dir}/P*.json`,
  )
}
