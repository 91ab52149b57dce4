import { CommanderError } from 'commander'
import { ConfigError, FlemingError } from '../core/errors.ts'
import { printable } from './printable.ts'
import type { Shell } from './shell.ts'

const bugCode = 70

/** The exit codes of every command, for its help. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'the engine or a computation failed (see the message)',
  2: 'wrong usage, configuration or data',
  3: 'a file is not what its manifest says',
  70: 'a bug of ours, with its stack trace',
  74: 'the disk is full, failing, or in use by another run',
  130: 'stopped by Ctrl-C',
}

/** Help text that lists these exit codes. */
export function formatExitCodes(codes: readonly number[]): string {
  return `\nExit codes:\n${codes.map((code) => `  ${String(code).padEnd(4)} ${exitCodes[code]}`).join('\n')}`
}

/**
 * Tells of an error on stderr: code, message and what to do next for a fault, the stack for a bug of ours. Messages hold
 * words of files and servers: what commands a terminal is taken out of them.
 *
 * @returns the exit code
 */
export function reportError(cause: unknown, shell: Pick<Shell, 'err' | 'errColors'>): number {
  const { errColors: colors } = shell
  const error = cause instanceof CommanderError ? usageError(cause) : cause
  if (error instanceof FlemingError) {
    shell.err(`${colors.red(`error[${error.code}]:`)} ${printable(error.message)}\n`)
    if (error.hint !== undefined) shell.err(`${colors.cyan('hint:')} ${printable(error.hint)}\n`)
    return error.exitCode
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  shell.err(`${colors.red('error[E_BUG]:')} this is a bug of Fleming, not of yours\n${printable(stack)}\n`)
  return bugCode
}

/** "error: unknown command 'rn'\n(Did you mean run?)" as one of our errors. */
function usageError({ message }: CommanderError): ConfigError {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n')
  const suggestion = /\(Did you mean (.+)\?\)/.exec(rest.join(' '))?.[1]
  const help = '--help explains every command and option'
  return new ConfigError(first, { hint: suggestion === undefined ? help : `did you mean ${suggestion}? ${help}` })
}
