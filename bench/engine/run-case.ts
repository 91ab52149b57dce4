import { runModule } from '../child.ts'
import { nameCase } from './cases.ts'
import { type Measurement, measurementSchema, type Task } from './measurement.ts'

/** What a case measured, in a process of its own. @throws {EngineError} when the process ends without a result */
export async function runCase(task: Task): Promise<Measurement> {
  const module = new URL('./case-process.ts', import.meta.url)
  return measurementSchema.parse(await runModule(module, task, `"${nameCase(task.benchCase)}"`))
}
