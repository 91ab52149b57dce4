import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { clock } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import type { ExploreSettings } from '../pipeline/data/explore.ts'
import { createExploreProgress } from './graph-explore-progress.ts'
import { renderExplored } from './graph-explore-summary.ts'
import { collect, parseCount } from './options.ts'
import { formatExitCodes } from './report-error.ts'
import type { Shell } from './shell.ts'

type ExploreFlags = {
  readonly api: string
  /** False for `--no-wikidata`. */
  readonly wikidata: string | false
  readonly contact: string
  readonly category: readonly string[]
  readonly title: readonly string[]
  readonly search: readonly string[]
  readonly depth: number
  readonly pages: number
  readonly dir: string
  readonly graph?: string
  readonly endpointUrl?: string
  readonly endpointModel?: string
  readonly keyFrom?: string
  readonly maxCalls?: number
  readonly maxTokens?: number
  readonly maxMoney?: number
  readonly promptPrice?: number
  readonly completionPrice?: number
  readonly json?: true
  readonly quiet?: true
}

/** English Wikipedia, where the agent of the paper walks. */
const wikipedia = 'https://en.wikipedia.org/w/api.php'
const wikidata = 'https://www.wikidata.org/w/api.php'

/** `fleming graph explore`: the knowledge discovery agent. */
export function addGraphExplore(graph: Command, shell: Shell): void {
  graph
    .command('explore')
    .summary('walk a wiki and write down what its pages say: the knowledge discovery agent')
    .description(
      'Walks a MediaWiki, English Wikipedia unless told, from categories, titles or a search: reads infoboxes and, with an endpoint, lets a language model read the sections; links what it finds to Wikidata; and goes next where much is mentioned and little is known. Every triple keeps its quote and the revision of its page; what a page does not bear out is rejected and counted.',
    )
    .requiredOption('--contact <mail-or-url>', 'how the operators of the wiki reach you; goes into the User-Agent')
    .option('--api <url>', "address of the wiki's api.php", wikipedia)
    .option('--wikidata <url>', 'address of the api.php where items are looked up', wikidata)
    .option('--no-wikidata', 'look no items up')
    .option('--category <name>', 'begin with the pages of a category; may be repeated', collect, [])
    .option('--title <title>', 'begin with a page; may be repeated', collect, [])
    .option('--search <text>', 'begin with what a search finds; may be repeated', collect, [])
    .option('--depth <n>', 'levels of sub-categories to begin with too', parseCount, 0)
    .option('--pages <n>', 'pages to read at most, those of earlier runs included', parseCount, 50)
    .option('--dir <dir>', 'folder of the exploration; the same folder resumes', 'runs/explore')
    .option('--graph <dir>', 'a data run, or its graph: what it tells little about is read first')
    .option('--endpoint-url <url>', 'OpenAI-compatible server of a model that reads sections, up to and with /v1')
    .option('--endpoint-model <name>', 'name of the model at the server')
    .option('--key-from <env>', 'environment variable that holds the key; the key is never written down')
    .option('--max-calls <n>', 'calls of the model at most', parseCount)
    .option('--max-tokens <n>', 'tokens of prompts and completions at most', parseCount)
    .option('--max-money <amount>', 'money at most, in the unit of the prices', parseAmount)
    .option('--prompt-price <amount>', 'price of a million prompt tokens', parseAmount)
    .option('--completion-price <amount>', 'price of a million completion tokens', parseAmount)
    .option('--json', 'print the outcome as one JSON object on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText('after', helpText)
    .action((flags: ExploreFlags) => exploreCommand(flags, shell))
}

const helpText = `
Examples:
  $ fleming graph explore --contact me@clinic.example --category "Tropical diseases" --pages 20
  $ fleming graph explore --contact me@clinic.example --title Malaria --endpoint-url http://127.0.0.1:8000/v1 --endpoint-model qwen3-32b
  $ fleming graph explore --contact me@clinic.example --category "Rare diseases" --depth 2 --graph runs/data
  $ fleming graph read wiki-agent runs/explore/records.jsonl     what it found

Etiquette: one request at a time, with your contact, and with the pauses that the server asks for. Do not run two at once.
Licence: the text of Wikipedia is CC BY-SA 4.0. Triples keep quotes of it, so whoever publishes them names Wikipedia and
the revision, and shares alike; other wikis have licences of their own, which the records carry.
Ctrl-C and kills lose nothing: the same command goes on where it was. Budgets may be raised, all else must stay the same.
${formatExitCodes([0, 1, 2, 74, 130])}`

async function exploreCommand(flags: ExploreFlags, shell: Shell): Promise<void> {
  const settings = settingsOf(flags)
  const { exploreWiki } = await import('../pipeline/data/explore.ts')
  const progress = createExploreProgress(shell, { pages: flags.pages, isQuiet: flags.quiet === true })
  progress.begin(settings)
  const started = clock.monotonicMs()
  const outcome = await exploreWiki(settings, progress.tell).finally(() => progress.close())
  const wallSeconds = Math.round(clock.monotonicMs() - started) / 1000
  const { report, recordsFile, spending } = outcome
  shell.out(
    flags.json === true
      ? formatJson(
          { schemaVersion: 1, dir: flags.dir, records: recordsFile, ...report, spending, wallSeconds },
          { pretty: true },
        )
      : renderExplored(outcome, { pages: flags.pages, wallSeconds }, shell.outColors),
  )
}

/** @throws {ConfigError} for options that only make sense together */
function settingsOf(flags: ExploreFlags): ExploreSettings {
  const { endpointUrl: url, endpointModel: model, keyFrom = null, promptPrice, completionPrice } = flags
  const { maxCalls: calls = null, maxTokens: tokens = null, maxMoney: money = null } = flags
  if ((url === undefined) !== (model === undefined)) {
    throw new ConfigError('an endpoint is an address and a model', {
      hint: 'give --endpoint-url and --endpoint-model together, or neither: then infoboxes alone are read',
    })
  }
  const endpoint = url === undefined || model === undefined ? null : { url, model, keyFrom }
  const limits = [calls, tokens, money, keyFrom, promptPrice ?? null, completionPrice ?? null]
  if (endpoint === null && limits.some((value) => value !== null)) {
    throw new ConfigError('keys, limits and prices are those of an endpoint, and there is none', {
      hint: 'give --endpoint-url and --endpoint-model; without them nothing is spent but requests to the wiki',
    })
  }
  if (money !== null && (promptPrice === undefined || completionPrice === undefined)) {
    throw new ConfigError('--max-money needs prices', {
      hint: 'give --prompt-price and --completion-price, of a million tokens',
    })
  }
  const hasPrices = promptPrice !== undefined || completionPrice !== undefined
  return {
    dir: flags.dir,
    apiUrl: flags.api,
    wikidataUrl: flags.wikidata === false ? null : flags.wikidata,
    contact: flags.contact,
    seeds: { titles: flags.title, categories: flags.category, searches: flags.search, categoryDepth: flags.depth },
    budget: { pages: flags.pages, calls, tokens, money },
    endpoint,
    prices: hasPrices ? { promptPerMillion: promptPrice ?? 0, completionPerMillion: completionPrice ?? 0 } : null,
    graphDir: flags.graph ?? null,
  }
}

/** Reads an amount of money that is not negative. */
function parseAmount(text: string): number {
  if (!/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('It must be a number, 0 or more.')
  return Number(text)
}
