import { type Command, Option } from 'commander'
import { formatJson } from '../core/json.ts'
import { notice } from '../release/types.ts'
import { formatExitCodes } from './report-error.ts'
import type { Shell } from './shell.ts'

// Written out, so that --help needs no heavy import; a test compares it with the pipeline's list.
export const stageChoices = ['base', 'cold-start', 'rl-1', 'rl-2'] as const
export type StageChoice = (typeof stageChoices)[number]

type EvalOptions = { readonly stage?: StageChoice; readonly json?: true }

/** `fleming eval`: score checkpoints again. */
export function addEval(program: Command, shell: Shell): void {
  program
    .command('eval')
    .summary('score the checkpoints of a run again on its held-out questions')
    .description(
      'Answers the held-out questions of a run anew with its checkpoints and prints the stage table. Changes nothing in the run; says whether the scores equal those that the run sealed.',
    )
    .argument('<run>', 'folder of a run, such as runs/default')
    .addOption(new Option('--stage <stage>', 'one checkpoint only').choices(stageChoices))
    .option('--json', 'print the scores as one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming eval runs/default                   all checkpoints, with paired tests
  $ fleming eval runs/default --stage rl-2      the last one only
${formatExitCodes([0, 1, 2, 3])}`,
    )
    .action((run: string, options: EvalOptions) => evalCommand(run, options, shell))
}

async function evalCommand(run: string, options: EvalOptions, shell: Shell): Promise<void> {
  const [{ rescore }, { viewScores }] = await Promise.all([
    import('../pipeline/rescore.ts'),
    import('../pipeline/load-run.ts'),
  ])
  const stages = options.stage === undefined ? stageChoices : [options.stage]
  const { scores, items, sameAsSealed } = await rescore(run, stages, (stage) => shell.err(`${stage}: answered\n`))
  const view = { ...viewScores(scores), ...(items && { items }) }
  if (options.json === true) {
    const { falls } = view
    shell.out(
      formatJson(
        { schemaVersion: 1, notice, dir: run, sameAsSealed, scores, ...(items && { items }), falls },
        { pretty: true },
      ),
    )
    return
  }
  const { renderScores } = await import('./summary.ts')
  const verdict =
    sameAsSealed === null
      ? 'the run has no sealed scores yet'
      : sameAsSealed
        ? 'same scores as the run sealed'
        : 'NOT the scores that the run sealed: other code, library or computer'
  shell.out(`${renderScores(view, shell.outColors)}\n\n${verdict}`)
}
