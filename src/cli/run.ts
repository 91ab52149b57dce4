import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { clock } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import type { Config } from '../pipeline/config.ts'
import { notice } from '../release/types.ts'
import { collect, parseCount } from './options.ts'
import { formatExitCodes } from './report-error.ts'
import type { Shell } from './shell.ts'

type RunOptions = {
  readonly config: string
  readonly set: readonly string[]
  readonly name?: string
  readonly seed?: number
  readonly dataSeed?: number
  readonly root: string
  readonly dryRun?: true
  readonly json?: true
  readonly quiet?: true
}

/** `fleming run`: the whole recipe. */
export function addRun(program: Command, shell: Shell): void {
  program
    .command('run')
    .summary('make a model: graph → questions → pretrain → cold start → RL 1 → RL 2 → evaluation → release')
    .description(
      'Runs the whole recipe and leaves a report, a stage table and a release. A run that was stopped goes on where it was when the same command is given again; stages whose inputs did not change are not made again.',
    )
    .option('-c, --config <file>', 'configuration; docs/configuration.md lists every key', 'fleming.yaml')
    .option('--set <key=value>', 'one setting on top, such as rl-2.steps=40; may be repeated', collect, [])
    .option('-n, --name <name>', 'name of the run and of its folder; the same as --set name=…')
    .option('-s, --seed <n>', 'training seed; the same as --set seed=…', parseCount)
    .option('--data-seed <n>', 'seed of graph subset, questions and splits; the same as --set dataSeed=…', parseCount)
    .option('--root <dir>', 'folder that holds the runs', 'runs')
    .option('--dry-run', 'print what the run would do (stages, tokens, steps, hours, teacher calls), and do nothing')
    .option('--json', 'print the results as one JSON object on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming run --dry-run                        what it would do, and what it costs
  $ fleming run                                  the default run, into runs/default
  $ fleming run --seed 2 --name second           the same data, another training seed
  $ fleming run --set rl-2.mining=false --name no-mining     a control: stage 2 without hard-sample mining
  $ fleming run --json --quiet > result.json     for scripts
${formatExitCodes([0, 1, 2, 3, 74, 130])}`,
    )
    .action((options: RunOptions) => runCommand(options, shell))
}

async function runCommand(options: RunOptions, shell: Shell): Promise<void> {
  const config = await readConfig(options)
  if (options.dryRun === true) {
    await showPlan(options, config, shell)
    return
  }
  const [{ runRecipe }, { writeReport }, { readRunScores }, { silentObserver }, { createProgress }] = await Promise.all(
    [
      import('../pipeline/run.ts'),
      import('../pipeline/report/write-report.ts'),
      import('../pipeline/load-run.ts'),
      import('../pipeline/observer.ts'),
      import('./progress.ts'),
    ],
  )
  const progress = options.quiet === true ? { ...silentObserver, close: () => {} } : createProgress(shell)
  if (options.quiet !== true) {
    const where = join(options.root, config.name)
    shell.err(`run "${config.name}", seed ${config.seed}, data seed ${config.dataSeed} → ${where}\n`)
    shell.err(shell.errColors.dim('Ctrl-C is safe: the same command goes on from the last checkpoint\n'))
  }
  shell.interruptNote = 'stopped; the same command goes on from the last checkpoint'
  const started = clock.monotonicMs()
  let dir: string
  try {
    dir = await runRecipe(options.root, config, progress)
  } finally {
    progress.close()
  }
  const wallSeconds = Math.round(clock.monotonicMs() - started) / 1000
  const report = await writeReport(dir, config, { wallSeconds })
  const release = join(dir, 'release', 'model')
  const view = readRunScores(dir)
  if (options.json === true) {
    const { scores, items, falls } = view
    shell.out(
      formatJson(
        { schemaVersion: 1, notice, dir, report, release, wallSeconds, scores, ...(items && { items }), falls },
        { pretty: true },
      ),
    )
    return
  }
  const { renderRunSummary } = await import('./summary.ts')
  shell.out(renderRunSummary(view, { dir, report, release, wallSeconds }, shell.outColors))
}

async function showPlan(options: RunOptions, config: Config, shell: Shell): Promise<void> {
  const [{ hoursUnit, planRun }, { renderPlan }] = await Promise.all([
    import('../pipeline/plan.ts'),
    import('./plan.ts'),
  ])
  const plan = await planRun(options.root, config)
  shell.out(
    options.json === true
      ? formatJson({ schemaVersion: 1, notice, unit: hoursUnit(config), ...plan }, { pretty: true })
      : renderPlan(plan, hoursUnit(config), shell.outColors),
  )
}

async function readConfig(options: RunOptions): Promise<Config> {
  const { loadConfig } = await import('../pipeline/config-file.ts')
  if (!existsSync(options.config)) {
    throw new ConfigError(`there is no configuration "${options.config}"`, {
      hint: 'run in the folder that holds fleming.yaml, or name a file: --config FILE',
    })
  }
  const { name, seed, dataSeed } = options
  return loadConfig(options.config, [
    ...options.set,
    ...(name === undefined ? [] : [`name=${formatJson(name)}`]),
    ...(seed === undefined ? [] : [`seed=${seed}`]),
    ...(dataSeed === undefined ? [] : [`dataSeed=${dataSeed}`]),
  ])
}
