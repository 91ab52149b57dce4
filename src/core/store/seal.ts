import { existsSync } from 'node:fs'
import { isAbsolute, join, normalize, sep } from 'node:path'
import { AuditError, ConfigError } from '../errors.ts'
import { hashFile } from '../hash.ts'
import { putAtomic } from './atomic.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { completeManifest, formatManifest, type Manifest, readManifestFile } from './manifest.ts'

export type { Manifest } from './manifest.ts'

/** Written last: a directory that has one is a finished stage. */
export const MANIFEST_FILE = 'manifest.json'

export type SealOptions = {
  readonly stage: string
  /** Name of an input → its hash. */
  readonly inputs: Readonly<Record<string, string>>
  /** Files that the stage made, relative to its directory. */
  readonly outputs: readonly string[]
  readonly seed: number | string
  readonly codeHash?: string
  readonly configHash?: string
}

/**
 * The manifest of a finished stage, after writing it as the last file of its directory.
 *
 * Every output is read back from the disk and hashed: a hash taken of what was meant to be written would vouch for bytes
 * that a failing disk never kept. Same outputs, inputs and seed, same bytes: no wall times.
 *
 * @throws {ConfigError} when an output is named twice or lies outside of the directory
 * @throws {AuditError} when an output is not there
 * @throws {StorageError} E_NOSPACE, E_IO or E_POISONED
 */
export function sealStage(dir: string, options: SealOptions, fileSystem: FileSystem = nodeFileSystem): Manifest {
  const outputs = [...options.outputs].sort().map((file, index, sorted) => {
    assertInside(file)
    if (file === sorted[index - 1]) throw new ConfigError(`output "${file}" is named twice`)
    return { file, ...hashOutput(join(dir, file)) }
  })
  const manifest = completeManifest({ schemaVersion: 1, ...options, outputs })
  putAtomic(join(dir, MANIFEST_FILE), formatManifest(manifest), fileSystem)
  const written = readManifest(dir)
  if (written?.hash !== manifest.hash) throw new AuditError(`${join(dir, MANIFEST_FILE)}: not what was written`)
  return written
}

/**
 * The manifest of a directory, or null when the stage was not finished.
 *
 * @throws {AuditError} when the manifest is damaged or was changed: its `hash` covers all its other fields
 */
export function readManifest(dir: string): Manifest | null {
  const file = join(dir, MANIFEST_FILE)
  return existsSync(file) ? readManifestFile(file) : null
}

/**
 * Read every file that a manifest names and compare.
 *
 * @throws {AuditError} naming the file, what the manifest says and what was found, at the first difference; also when
 *   there is no manifest, or a damaged one
 */
export function verifyManifest(dir: string): void {
  const manifest = readManifest(dir)
  const missing = { hint: 'run the stage again; an unfinished stage has no manifest' }
  if (manifest === null) throw new AuditError(`${join(dir, MANIFEST_FILE)}: expected a manifest, found none`, missing)
  for (const output of manifest.outputs) {
    const file = join(dir, output.file)
    const { sha256, sizeBytes } = hashOutput(file)
    const expected = `${output.sizeBytes} bytes, sha256 ${output.sha256}`
    const found = `${sizeBytes} bytes, sha256 ${sha256}`
    if (expected === found) continue
    throw new AuditError(`${file}: expected ${expected}, found ${found}`, {
      file,
      expected,
      found,
      hint: 'the file was changed after its stage was sealed: restore it, or remove the stage and run it again',
    })
  }
}

function hashOutput(file: string): { readonly sha256: string; readonly sizeBytes: number } {
  if (!existsSync(file)) {
    throw new AuditError(`${file}: expected a file, found none`, { file, expected: 'a file', found: 'none' })
  }
  return hashFile(file)
}

function assertInside(file: string): void {
  const isOutside = isAbsolute(file) || normalize(file) !== file || file === '..' || file.startsWith(`..${sep}`)
  if (isOutside || file === '.' || file === MANIFEST_FILE) {
    throw new ConfigError(`output "${file}" is not a file of the stage`, {
      hint: 'name the outputs relative to the directory of the stage, without . or ..',
    })
  }
}
