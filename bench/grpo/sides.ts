import { fileURLToPath } from 'node:url'
import { parseJson } from '../../src/core/json.ts'
import { runModule, runPython } from '../child.ts'
import { type GrpoMeasurement, type GrpoTask, measurementSchema } from './task.ts'

/** Our side in a process of its own. @throws {EngineError} when it ends without a result */
export async function runOurs(task: GrpoTask): Promise<GrpoMeasurement> {
  return measurementSchema.parse(await runModule(new URL('./process.ts', import.meta.url), task, 'our side'))
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
  const hint = 'it needs trl: `python3 interop/trl/run.py` installs it, interop/README.md says where'
  const said = await runPython(script, [dir, String(batch)], { python, threads, hint })
  // TRL prints its own summary of a training first.
  const last = said.trimEnd().split('\n').at(-1) ?? ''
  return measurementSchema.parse(parseJson(last, { file: script }))
}
