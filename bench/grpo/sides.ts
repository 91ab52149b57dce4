import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ConfigError, EngineError } from '../../src/core/errors.ts'
import { formatJson, parseJson } from '../../src/core/json.ts'
import { type GrpoMeasurement, type GrpoTask, measurementSchema } from './task.ts'

/**
 * Our side in a process of its own.
 *
 * @throws {EngineError} when it ends without a result; its own message is on stderr by then
 */
export async function runOurs(task: GrpoTask): Promise<GrpoMeasurement> {
  const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), [formatJson(task)], {
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const messages: unknown[] = []
  child.on('message', (message) => messages.push(message))
  const [exit] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  const [code, signal]: unknown[] = exit
  if (messages.length === 1 && code === 0) return measurementSchema.parse(messages[0])
  throw new EngineError(`our side ended with ${signal ?? `code ${code}`} and without a result`, {
    hint: 'its own message stands above; a signal usually means that memory ran out',
  })
}

const script = fileURLToPath(new URL('../../interop/trl/speed.py', import.meta.url))

/**
 * TRL's side in a process of its own.
 *
 * @param python an interpreter with trl
 * @param batch rollouts of one forward and backward pass
 * @throws {ConfigError} with the message of Python when it fails
 */
export async function runTrl(
  { dir, threads }: GrpoTask,
  { python, batch }: { readonly python: string; readonly batch: number },
): Promise<GrpoMeasurement> {
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'true' }
  const child = spawn(python, [script, dir, String(batch)], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => err.push(part))
  const [code]: unknown[] = await Promise.race([
    once(child, 'close'),
    once(child, 'error').then(([cause]) => {
      throw new ConfigError(`${python} cannot be run`, { cause, hint: 'name an interpreter: --python FILE' })
    }),
  ])
  if (code !== 0) {
    throw new ConfigError(
      `${python} ${script} ended with code ${String(code)}: ${Buffer.concat(err).toString().trim()}`,
      {
        hint: 'it needs trl: `python3 interop/trl/run.py` installs it, interop/README.md says where',
      },
    )
  }
  // TRL prints its own summary of a training first.
  const last = Buffer.concat(out).toString().trimEnd().split('\n').at(-1) ?? ''
  return measurementSchema.parse(parseJson(last, { file: script }))
}
