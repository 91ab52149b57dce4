import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { addAsk } from './ask.ts'
import { addData } from './data.ts'
import { addDoctor } from './doctor.ts'
import { addEngine } from './engine.ts'
import { addEval } from './eval.ts'
import { addGraph } from './graph.ts'
import { addQuestions } from './questions.ts'
import { formatExitCodes, reportError } from './report-error.ts'
import { addReview } from './review.ts'
import { addRun } from './run.ts'
import type { Shell } from './shell.ts'
import { addVerify } from './verify.ts'

/**
 * Runs one command line.
 *
 * @param args without the names of node and script
 * @returns the exit code; errors are told on stderr, never thrown
 */
export async function runCli(args: readonly string[], shell: Shell): Promise<number> {
  try {
    await createProgram(shell).parseAsync([...args], { from: 'user' })
    return shell.exitCode
  } catch (cause) {
    // Help and version come as errors that are none.
    if (cause instanceof CommanderError && cause.exitCode === 0) return 0
    if (cause instanceof CommanderError && cause.code === 'commander.help') return 2
    return reportError(cause, shell)
  }
}

function createProgram(shell: Shell): Command {
  const program = new Command('fleming')
    .description(
      'Builds auditable reasoning models for medicine, from a knowledge graph to a verified release.\nResearch only, not for clinical use.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.out(text.trimEnd()),
      writeErr: (text) => shell.err(text),
      // Told by reportError, with its code and a hint.
      outputError: () => {},
    })
    .addHelpText(
      'after',
      `
Examples:
  $ fleming doctor                     is everything here that a run needs?
  $ fleming run                        the whole recipe, with fleming.yaml
  $ fleming ask --examples             questions to try
  $ fleming ask "What is the …?"       ask the trained model, its reasoning checked against the graph
  $ fleming run --dry-run              what a run would do, and what it costs
  $ fleming data -c FILE               knowledge and exam sets to training questions
  $ fleming graph read obo symp.obo    what a knowledge source says, and what was rejected
  $ fleming engine serve --model DIR   serve the local engine to Tinker clients
  $ fleming verify runs/default        read every file back and compare its hash
${formatExitCodes([0, 1, 2, 3, 70, 74, 130])}`,
    )
  for (const add of [
    addRun,
    addData,
    addReview,
    addGraph,
    addQuestions,
    addEval,
    addAsk,
    addDoctor,
    addVerify,
    addEngine,
  ])
    add(program, shell)
  return program
}

function packageVersion(): string {
  const file = fileURLToPath(new URL('../../package.json', import.meta.url))
  const manifest = parseJson(readText(file), { file })
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : ''
}
