import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { clock } from '../../core/clock.ts'
import { readLog } from '../../core/store.ts'
import { scalarRecord, writeEventFile } from '../../core/tensorboard.ts'
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

/**
 * Writes the metrics of a finished stage as a TensorBoard event file, into `tensorboard/` of the run: derived, with the time
 * of writing in it, so no manifest lists it.
 */
export function writeEvents(dir: string): void {
  const { records } = readLog<Readonly<Record<string, number>>>(join(dir, 'metrics.jsonl'))
  writeEventFile(join(dirname(dir), 'tensorboard', basename(dir)), records.map(scalarRecord), clock.now())
}
