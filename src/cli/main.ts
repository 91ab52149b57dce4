import { runCli } from './program.ts'
import { processShell } from './shell.ts'

const shell = processShell()

// A reader that went away ("| head") is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.once('SIGINT', () => {
  shell.err(`\n${shell.interruptNote}\n`)
  // Dying of the signal is what shells report as 130. A normal exit would tear the engine's thread down in the middle of
  // a native call, which aborts the process; nothing is lost either way, every file is old or new.
  process.kill(process.pid, 'SIGINT')
})

process.exitCode = await runCli(process.argv.slice(2), shell)
