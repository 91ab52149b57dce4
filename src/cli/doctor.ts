import { type Command, Option } from 'commander'
import { formatJson } from '../core/json.ts'
import type { Check } from '../pipeline/doctor.ts'
import { collect } from './options.ts'
import type { Colors, Shell } from './shell.ts'

type DoctorOptions = {
  readonly config: string
  readonly set: readonly string[]
  readonly root: string
  readonly engine?: 'local' | 'tinker'
  readonly model?: string
  readonly url?: string
  readonly json?: true
}

/** `fleming doctor`: is everything here that a run needs? */
export function addDoctor(program: Command, shell: Shell): void {
  program
    .command('doctor')
    .summary('check this computer: is everything here that a run needs?')
    .description('Tries what a run stands on, in the order in which it would fail, and names a fix for what is wrong.')
    .option('-c, --config <file>', 'configuration that is looked at', 'fleming.yaml')
    .option('--set <key=value>', 'one setting on top; may be repeated', collect, [])
    .addOption(
      new Option('-e, --engine <kind>', 'look at this engine instead of the configured one').choices([
        'local',
        'tinker',
      ]),
    )
    .option('-m, --model <model>', 'base model and tokenizer for a Tinker server; the same as --set engine.model=…')
    .option('--url <address>', 'address of a Tinker server; the same as --set engine.tinker.url=…')
    .option('--root <dir>', 'folder that holds the runs', 'runs')
    .option('--json', 'print the checks as one JSON object on stdout')
    .addHelpText(
      'after',
      `
✔ is fine, ! works with a reservation, ✖ is in the way of a run.
With a Tinker server it also asks what the server supports and measures on a throw-away model how it scales its losses:
finite differences of two sequences. The key comes from TINKER_API_KEY.

Examples:
  $ fleming doctor
  $ fleming doctor --engine tinker --url http://127.0.0.1:8000 --model base/starter
  $ fleming doctor -c configs/paper-7b.yaml
  $ fleming doctor --json | jq '.checks[] | select(.status != "ok")'

Exit codes:
  0    nothing is in the way
  1    at least one check failed`,
    )
    .action((options: DoctorOptions) => doctorCommand(options, shell))
}

async function doctorCommand(options: DoctorOptions, shell: Shell): Promise<void> {
  const { examine } = await import('../pipeline/doctor.ts')
  const { engine, model, url } = options
  const assignments = [
    ...options.set,
    ...(engine === undefined ? [] : [`engine.kind=${engine}`]),
    ...(model === undefined ? [] : [`engine.model=${formatJson(model)}`]),
    ...(url === undefined ? [] : [`engine.tinker.url=${formatJson(url)}`]),
  ]
  const checks = await examine({ root: options.root, configFile: options.config, assignments })
  const failed = checks.filter(({ status }) => status === 'failed').length
  shell.out(
    options.json === true
      ? formatJson({ schemaVersion: 1, ok: failed === 0, checks }, { pretty: true })
      : renderChecks(checks, shell.outColors),
  )
  if (failed > 0) shell.exitCode = 1
}

/** One line per check, the fix below what needs one, and what to do next as the last line. */
export function renderChecks(checks: readonly Check[], colors: Colors): string {
  const marks = { ok: colors.green('✔'), warning: colors.yellow('!'), failed: colors.red('✖') }
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, status, detail, fix }) => [
    ` ${marks[status]} ${name.padEnd(width)}  ${detail}`,
    ...(fix === undefined ? [] : [`   ${' '.repeat(width)}  ${colors.cyan('fix:')} ${fix}`]),
  ])
  const failed = checks.filter(({ status }) => status === 'failed').length
  const next = failed === 0 ? 'ready: fleming run' : `${failed} in the way of a run`
  return [...lines, next].join('\n')
}
