import type { Command } from 'commander'
import { ConfigError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { collect, parseCount } from './options.ts'
import { formatExitCodes } from './report-error.ts'
import type { Shell } from './shell.ts'

type ServeOptions = {
  readonly model: string
  readonly name?: string
  readonly host: string
  readonly port: number
  readonly dir: string
  readonly threads?: number
  readonly maxTokensPerMicroBatch?: number
  readonly seed: number
  readonly quiet?: true
}

type InitOptions = {
  readonly config: string
  readonly set: readonly string[]
  readonly seed?: number
  readonly json?: true
}

/** `fleming engine serve` and `fleming engine init`: the engine on its own. */
export function addEngine(program: Command, shell: Shell): void {
  const engine = program
    .command('engine')
    .summary('the engine on its own: serve it to Tinker clients, or write a base model')
    .description('The engine without the recipe around it.')
  engine
    .command('serve')
    .summary('serve the local engine to any client of the Tinker API')
    .description(
      'Serves the embedded engine behind the Tinker API: training of LoRA adapters and of whole models over one base, sampling, checkpoints. Clients are the official Python SDK (tested: 0.24.1, 0.25.0, 0.38.0), `fleming run` with engine.kind tinker, and others of the protocol.',
    )
    .requiredOption('-m, --model <model>', 'Hugging Face folder, or hf:owner/name@revision')
    .option('-n, --name <name>', 'name that clients ask for; the model as given unless told')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('-p, --port <n>', 'port to listen on; 0 takes a free one', parseCount, 8000)
    .option('-d, --dir <dir>', 'folder of the runs and checkpoints that the server keeps', 'runs/engine')
    .option('--threads <n>', 'threads of the matrix products; all processors unless told', parseCount)
    .option('--max-tokens-per-micro-batch <n>', 'padded tokens of one pass; bounds the memory', parseCount)
    .option('--seed <n>', 'root of the draws of sampling requests that bring no seed', parseCount, 1)
    .option('-q, --quiet', 'no line per request on stderr')
    .addHelpText(
      'after',
      `
Beyond this computer (--host 0.0.0.0) a key is required: put it into FLEMING_SERVER_KEY, clients send it as X-API-Key.
Ctrl-C ends the server. Saved checkpoints stay in --dir; models that were not saved are gone.

Examples:
  $ fleming engine init base/starter
  $ fleming engine serve --model base/starter
  $ TINKER_BASE_URL=http://127.0.0.1:8000 TINKER_API_KEY=tml-local python train.py
${formatExitCodes([0, 1, 2, 74, 130])}`,
    )
    .action((options: ServeOptions) => serveCommand(options, shell))
  engine
    .command('init')
    .summary('write the untrained student of a configuration as a base model')
    .description(
      'Writes the student that a run would start from as a Hugging Face folder, with the tokenizer made for its graph: the base model with which a Tinker server runs the same recipe.',
    )
    .argument('<dir>', 'new folder')
    .option('-c, --config <file>', 'configuration', 'fleming.yaml')
    .option('--set <key=value>', 'one setting on top; may be repeated', collect, [])
    .option('-s, --seed <n>', 'seed of the weights; the same as --set seed=…', parseCount)
    .option('--json', 'print the outcome as one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming engine init base/starter
  $ fleming run --name remote --set engine.kind=tinker --set engine.model=base/starter
${formatExitCodes([0, 1, 2, 74])}`,
    )
    .action((dir: string, options: InitOptions) => initCommand(dir, options, shell))
}

async function serveCommand(options: ServeOptions, shell: Shell): Promise<void> {
  const { serveEngine } = await import('../pipeline/serve.ts')
  if (options.port > 65_535) throw new ConfigError(`port ${options.port} is above 65535`)
  const log = options.quiet === true ? () => {} : (line: string) => shell.err(`${shell.errColors.dim(line)}\n`)
  const { host, model, name, port, dir, threads, maxTokensPerMicroBatch, seed } = options
  const served = await serveEngine({
    ...{ hostname: host, model, name, port, dir, threads, maxTokensPerMicroBatch, seed, log },
  })
  shell.out(`serving ${served.name} at ${served.url}`)
  shell.err('research only, not for clinical use; Ctrl-C ends the server\n')
  shell.interruptNote = 'stopped; saved checkpoints are kept'
  await new Promise<void>((resolve) => process.once('SIGTERM', resolve))
  await served.close()
}

async function initCommand(dir: string, options: InitOptions, shell: Shell): Promise<void> {
  const [{ loadConfig }, { initBase }] = await Promise.all([
    import('../pipeline/config-file.ts'),
    import('../pipeline/engine-init.ts'),
  ])
  const config = loadConfig(options.config, [
    ...options.set,
    ...(options.seed === undefined ? [] : [`seed=${options.seed}`]),
  ])
  const { parameters, vocabSize } = await initBase(config, dir)
  if (options.json === true) {
    shell.out(formatJson({ schemaVersion: 1, dir, parameters, vocabSize }, { pretty: true }))
    return
  }
  shell.out(
    `${dir}: ${parameters.toLocaleString('en-US')} weights, untrained, vocabulary ${vocabSize}\nnext: fleming engine serve --model ${dir}`,
  )
}
