import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Student } from '../student.ts'

/** Files of the training state that a stage ended with, for the manifest: which there are, the engine decides. */
export const finalStateFiles = (dir: string): string[] =>
  readdirSync(join(dir, 'final'))
    .filter((file) => !file.startsWith('.'))
    .sort()
    .map((file) => join('final', file))

/** Puts the student where the stage before left it, with fresh optimizer moments. */
export async function startFrom(student: Student, runDir: string, stage: string): Promise<void> {
  await student.client.loadState(join(runDir, stage, 'final'), { optimizer: false })
}
