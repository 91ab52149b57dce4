/** The benchmarks: `npm run bench -- --help`. */
import { Command, CommanderError } from 'commander'
import { formatExitCodes, reportError } from '../src/cli/report-error.ts'
import { processShell } from '../src/cli/shell.ts'
import { addEngine } from './engine/command.ts'
import { addGraph } from './graph.ts'
import { addGrpo } from './grpo/command.ts'
import { addMemory } from './memory.ts'
import { addRefine } from './refine-command.ts'

const shell = processShell()
const program = new Command('bench')
  .description('Measures how fast parts of Fleming are on this computer.')
  .helpOption('-h, --help', 'explain a benchmark')
  .exitOverride()
  .configureOutput({ outputError: () => {} })
  .addHelpText(
    'after',
    `
Examples:
  $ npm run bench -- engine --help
  $ npm run bench -- engine --steps 2 --only a
  $ npm run bench -- graph
  $ npm run bench -- grpo --steps 2 --rounds 1
  $ npm run bench -- refine --items 20000
${formatExitCodes([0, 1, 2, 70])}`,
  )
addEngine(program, shell)
addGraph(program, shell)
addGrpo(program, shell)
addMemory(program, shell)
addRefine(program, shell)

try {
  await program.parseAsync()
} catch (cause) {
  const isAnswer = cause instanceof CommanderError && cause.exitCode === 0
  // Help that was shown because no benchmark was named is wrong usage, but needs no message.
  const isHelp = cause instanceof CommanderError && cause.code === 'commander.help'
  process.exitCode = isAnswer ? 0 : isHelp ? 2 : reportError(cause, shell)
}
