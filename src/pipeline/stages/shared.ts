import { join } from 'node:path'
import type { Student } from '../student.ts'

/** Files of a saved training state below `dir`, for the manifest. */
export const stateFiles = (dir: string): string[] =>
  ['model.safetensors', 'optimizer.safetensors', 'state.json'].map((file) => join(dir, file))

/** Puts the student where the stage before left it, with fresh optimizer moments. */
export async function startFrom(student: Student, runDir: string, stage: string): Promise<void> {
  await student.client.loadState(join(runDir, stage, 'final'), { optimizer: false })
  await student.client.resetOptimizer()
}
