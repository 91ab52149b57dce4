import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../core/errors.ts'
import type { FolderAudit, Problem } from '../release/types.ts'
import { assertSound, auditChain, auditFolder, isSealed } from '../release/verify.ts'
import { stageNames } from './stage.ts'

export type Verification = {
  readonly kind: 'run' | 'folder'
  readonly dir: string
  readonly folders: readonly FolderAudit[]
  /** Stages of a run that are begun or still to come: nothing to verify, nothing wrong. */
  readonly unfinished: readonly string[]
  readonly problems: readonly Problem[]
}

/**
 * Everything that is sealed in a run or a release, read back and compared: every file of every stage, and that each stage
 * was made from the stages that stand beside it.
 *
 * @param dir a run, one of its stages, or a release wherever it was copied to
 * @throws {DataError} when there is nothing to verify
 */
export function verifyTarget(dir: string): Verification {
  if (!existsSync(dir)) {
    throw new DataError('no such folder', { file: dir, hint: 'give the folder of a run or of a release' })
  }
  if (isSealed(dir)) return verifyFolders('folder', dir, [dir], [])
  const stages: readonly string[] = stageNames
  const sealed = stages.map((stage) => join(dir, stage)).filter(isSealed)
  if (sealed.length === 0) {
    const nested = readdirSync(dir, { withFileTypes: true }).find(
      (entry) => entry.isDirectory() && isSealed(join(dir, entry.name)),
    )
    throw new DataError('holds neither a manifest nor a finished stage', {
      file: dir,
      hint:
        nested === undefined
          ? 'give the folder of a run, such as runs/default, or of a release, such as runs/default/release/model'
          : `did you mean ${join(dir, nested.name)}?`,
    })
  }
  const release = join(dir, 'release', 'model')
  const unfinished = stages.filter((stage) => !sealed.includes(join(dir, stage)))
  return verifyFolders('run', dir, isSealed(release) ? [...sealed, release] : sealed, unfinished)
}

/** @throws {AuditError} naming the first file that is not what its manifest says */
export const assertVerified = ({ problems }: Verification): void => assertSound(problems)

function verifyFolders(
  kind: Verification['kind'],
  dir: string,
  dirs: readonly string[],
  unfinished: readonly string[],
): Verification {
  const folders = dirs.map((folder) => auditFolder(folder))
  const broken = folders.flatMap(({ problems }) => problems)
  return { kind, dir, folders, unfinished, problems: [...broken, ...(kind === 'run' ? auditChain(folders) : [])] }
}
