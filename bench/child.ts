import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ConfigError, EngineError } from '../src/core/errors.ts'
import { formatJson } from '../src/core/json.ts'

/**
 * What a module of ours measured in a process of its own, which is given `task` as JSON and sends one message: peak memory is
 * that of the task, and none inherits the heap of the one before.
 *
 * @param name of what is measured, for the error
 * @throws {EngineError} when the process ends without a result; its own message is on stderr by then
 */
export async function runModule(module: URL, task: unknown, name: string): Promise<unknown> {
  const child = fork(fileURLToPath(module), [formatJson(task)], {
    // stdout is the parent's alone, for the report: what a child says goes to stderr.
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const messages: unknown[] = []
  child.on('message', (message) => messages.push(message))
  // A message may still be on its way when the process has ended, but not once the channel is closed.
  const [exit] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  const [code, signal]: unknown[] = exit
  if (messages.length === 1 && code === 0) return messages[0]
  throw new EngineError(`${name} ended with ${signal ?? `code ${code}`} and without a result`, {
    hint: 'its own message stands above; a signal usually means that memory ran out',
  })
}

/**
 * What a Python script wrote to its standard output.
 *
 * @param options.python interpreter that has what the script needs; `hint` says how to get that
 * @param options.input what it reads from its standard input; nothing unless given
 * @throws {ConfigError} with the message of Python when it fails
 */
export async function runPython(
  script: string,
  args: readonly string[],
  options: {
    readonly python: string
    readonly threads: number
    readonly hint: string
    readonly input?: string
  },
): Promise<string> {
  const { python, threads, hint, input = '' } = options
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'true' }
  const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => err.push(part))
  child.stdin.end(input)
  const [code]: unknown[] = await Promise.race([
    once(child, 'close'),
    once(child, 'error').then(([cause]) => {
      throw new ConfigError(`${python} cannot be run`, { cause, hint: 'name an interpreter: --python FILE' })
    }),
  ])
  if (code !== 0) {
    const said = Buffer.concat(err).toString().trim()
    throw new ConfigError(`${python} ${script} ended with code ${String(code)}: ${said}`, { hint })
  }
  return Buffer.concat(out).toString()
}
