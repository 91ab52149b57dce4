import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EngineError } from '../../src/core/errors.ts'
import { formatJson } from '../../src/core/json.ts'
import { nameCase } from './cases.ts'
import { type Measurement, measurementSchema, type Task } from './measurement.ts'

/**
 * What a case measured, in a process of its own: peak memory is that of the case, and no case inherits the heap of the
 * one before.
 *
 * @throws {EngineError} when the process ends without a result; its own message is on stderr by then
 */
export async function runCase(task: Task): Promise<Measurement> {
  const child = fork(fileURLToPath(new URL('./case-process.ts', import.meta.url)), [formatJson(task)], {
    // stdout is the parent's alone, for the report: what a child says goes to stderr.
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const messages: unknown[] = []
  child.on('message', (message) => messages.push(message))
  // A message may still be on its way when the process has ended, but not once the channel is closed.
  const [exit] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  const [code, signal]: unknown[] = exit
  if (messages.length === 1 && code === 0) return measurementSchema.parse(messages[0])
  throw new EngineError(`"${nameCase(task.benchCase)}" ended with ${signal ?? `code ${code}`} and without a result`, {
    hint: 'its own message stands above; a signal usually means that memory ran out',
  })
}
