import picocolors from 'picocolors'

export type Colors = ReturnType<typeof picocolors.createColors>

/** Where a command writes and what it may ask about its surroundings; tests hand in another one. */
export type Shell = {
  /** Results: stdout, a newline is added. */
  out(text: string): void
  /** Progress, warnings and errors: stderr, as given. */
  err(text: string): void
  readonly outColors: Colors
  readonly errColors: Colors
  /** Whether stderr is a terminal that can redraw a line. */
  readonly isLive: boolean
  /** Columns of the terminal. */
  columns(): number
  /** The exit code of a command that ends without an error. */
  exitCode: number
  /** What Ctrl-C says before it ends the command. */
  interruptNote: string
}

/** Columns that are assumed where nothing says how wide the terminal is. */
const defaultColumns = 100

/** The shell of this process. */
export function processShell(): Shell {
  const { stdout, stderr, env } = process
  const isLive = stderr.isTTY === true && env.TERM !== 'dumb'
  return {
    out: (text) => stdout.write(`${text}\n`),
    err: (text) => stderr.write(text),
    outColors: picocolors.createColors(wantsColor(stdout.isTTY === true, env)),
    errColors: picocolors.createColors(wantsColor(stderr.isTTY === true, env)),
    isLive,
    columns: () => stderr.columns ?? defaultColumns,
    exitCode: 0,
    interruptNote: 'stopped',
  }
}

/** Colour on terminals, unless `NO_COLOR` says no; `FORCE_COLOR` says yes into a pipe too. */
export function wantsColor(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0') return true
  return isTerminal && env.TERM !== 'dumb'
}
