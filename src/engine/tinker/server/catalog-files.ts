import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatJson } from '../../../core/json.ts'
import { ensureDir, putAtomic, removeDir } from '../../../core/store.ts'
import { isCheckpointName } from '../wire/paths.ts'
import type { Checkpoint, CheckpointId } from './catalog.ts'
import {
  type CheckpointRecord,
  checkpointKinds,
  checkpointRecord,
  type RunRecord,
  readRecord,
  runRecord,
  tinkerPath,
} from './records.ts'

const RUN_FILE = 'run.json'
/** Of a checkpoint; written last, so that a folder without it is unfinished. */
export const CHECKPOINT_FILE = 'checkpoint.json'

/** What a directory holds: runs by id, checkpoints by address. */
export type Contents = { readonly runs: Map<string, RunRecord>; readonly checkpoints: Map<string, Checkpoint> }

/** The folder of a run. Run ids hold colons, which some file systems do not take; their other parts hold no dots. */
export function runDirOf(runsDir: string, runId: string): string {
  return join(runsDir, runId.replaceAll(':', '.'))
}

/** The folder of a checkpoint: its record, and its files in a folder of their own. */
export function checkpointDirOf(runsDir: string, { runId, kind, name }: CheckpointId): string {
  return join(runDirOf(runsDir, runId), kind, name)
}

/** Writes the record of a run. */
export function writeRun(runsDir: string, record: RunRecord): void {
  const dir = runDirOf(runsDir, record.runId)
  ensureDir(dir)
  putAtomic(join(dir, RUN_FILE), `${formatJson(record)}\n`)
}

/** Writes the record of a checkpoint, which makes it one. */
export function writeCheckpoint(runsDir: string, id: CheckpointId, record: CheckpointRecord): Checkpoint {
  const dir = checkpointDirOf(runsDir, id)
  putAtomic(join(dir, CHECKPOINT_FILE), `${formatJson(record)}\n`)
  return { ...id, record, dir: join(dir, record.folder) }
}

/**
 * Runs and checkpoints of a directory; what a killed server left half written is removed.
 *
 * @throws {DataError} naming a record that cannot be read
 */
export function readContents(runsDir: string): Contents {
  const runs = new Map<string, RunRecord>()
  const checkpoints = new Map<string, Checkpoint>()
  for (const folder of namesIn(runsDir)) {
    const runDir = join(runsDir, folder)
    if (!existsSync(join(runDir, RUN_FILE))) {
      removeDir(runDir)
      continue
    }
    const run = readRecord(runRecord, join(runDir, RUN_FILE))
    runs.set(run.runId, run)
    for (const checkpoint of readCheckpoints(runDir, run.runId)) {
      checkpoints.set(tinkerPath(run.runId, checkpoint), checkpoint)
    }
  }
  return { runs, checkpoints }
}

function* readCheckpoints(runDir: string, runId: string): Generator<Checkpoint> {
  for (const kind of checkpointKinds) {
    for (const name of namesIn(join(runDir, kind))) {
      const dir = join(runDir, kind, name)
      const file = join(dir, CHECKPOINT_FILE)
      if (!existsSync(file)) {
        removeDir(dir)
        continue
      }
      const record = readRecord(checkpointRecord, file)
      // A kill between the new record and the removal of what it replaced leaves both.
      for (const folder of namesIn(dir)) if (folder !== record.folder) removeDir(join(dir, folder))
      yield { runId, kind, name, record, dir: join(dir, record.folder) }
    }
  }
}

/** Sub-folders that may be ours. */
function namesIn(dir: string): readonly string[] {
  if (!existsSync(dir)) return []
  const entries = readdirSync(dir, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory() && isCheckpointName(entry.name)).map(({ name }) => name)
}
