import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { clock } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { collect, parseCount } from './options.ts'
import { printableJson } from './printable.ts'
import { formatExitCodes } from './report-error.ts'
import type { Shell } from './shell.ts'

type DataOptions = {
  readonly config: string
  readonly set: readonly string[]
  readonly name?: string
  readonly dataSeed?: number
  readonly root: string
  readonly json?: true
  readonly quiet?: true
}

/** `fleming data`: from knowledge sources and exam sets to training questions. */
export function addData(program: Command, shell: Shell): void {
  program
    .command('data')
    .summary('make training questions: sources → graph → synthesis → refinement → mix')
    .description(
      'Builds one graph from knowledge sources, reads exam sets, makes questions from the graph where the exam sets are thin, removes what is broken, double, contaminated or identifying, and mixes the rest. A run that was stopped goes on where it was. Steps that need a language model are skipped, and said to be skipped, where no endpoint is named for them.',
    )
    .option('-c, --config <file>', 'configuration; docs/data-configuration.md lists every key', 'data.yaml')
    .option('--set <key=value>', 'one setting on top, such as synthesis.count=500; may be repeated', collect, [])
    .option('-n, --name <name>', 'name of the run and of its folder; the same as --set name=…')
    .option('--data-seed <n>', 'seed of everything that is drawn; the same as --set dataSeed=…', parseCount)
    .option('--root <dir>', 'folder that holds the runs', 'runs')
    .option('--json', 'print the outcome as one JSON object on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming data -c configs/data-starter.yaml       the bundled graph, no exam sets, no network
  $ fleming data -c data.yaml --set synthesis.count=50000
  $ fleming review runs/data                        look at disputed labels, then run fleming data again
${formatExitCodes([0, 1, 2, 3, 74, 130])}`,
    )
    .action((options: DataOptions) => dataCommand(options, shell))
}

async function dataCommand(options: DataOptions, shell: Shell): Promise<void> {
  if (!existsSync(options.config)) {
    throw new ConfigError(`there is no configuration "${options.config}"`, {
      hint: 'name a file: --config FILE; configs/data-starter.yaml is one to begin with',
    })
  }
  const [{ loadDataConfig }, { runData }, { writeDataReport }, { silentObserver }, { createProgress }] =
    await Promise.all([
      import('../pipeline/data/config.ts'),
      import('../pipeline/data/run.ts'),
      import('../pipeline/data/report.ts'),
      import('../pipeline/observer.ts'),
      import('./progress.ts'),
    ])
  const { name, dataSeed } = options
  const config = loadDataConfig(options.config, [
    ...options.set,
    ...(name === undefined ? [] : [`name=${formatJson(name)}`]),
    ...(dataSeed === undefined ? [] : [`dataSeed=${dataSeed}`]),
  ])
  const progress = options.quiet === true ? { ...silentObserver, close: () => {} } : createProgress(shell)
  if (options.quiet !== true) shell.err(`data run "${config.name}" → ${join(options.root, config.name)}\n`)
  shell.interruptNote = 'stopped; the same command goes on where it was'
  const started = clock.monotonicMs()
  let dir: string
  try {
    dir = await runData(options.root, config, progress)
  } finally {
    progress.close()
  }
  const wallSeconds = Math.round(clock.monotonicMs() - started) / 1000
  const { report, file } = writeDataReport(dir, config)
  if (options.json === true) {
    shell.out(printableJson(formatJson({ ...report, dir, report: file, wallSeconds }, { pretty: true })))
    return
  }
  const { renderDataSummary } = await import('./data-summary.ts')
  shell.out(renderDataSummary(report, { dir, file, wallSeconds }, shell.outColors))
}
