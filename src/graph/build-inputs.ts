import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { AuditError, ConfigError, DataError } from '../core/errors.ts'
import { hashFile } from '../core/hash.ts'
import type { GraphSource, SourceInput } from './types.ts'

/**
 * The files of an input with their hashes; a folder stands for all files in it, the mapping is a file too.
 *
 * @param pins SHA-256 by file, as the input names it or by its name without folders
 * @throws {DataError} when there is no such file
 * @throws {AuditError} when a file is not the one that is pinned
 * @throws {ConfigError} for a pin of a file that the input does not have
 */
export function hashInputs(input: SourceInput, pins: Readonly<Record<string, string>> = {}): GraphSource['files'] {
  const named = input.mapping === undefined ? input.files : [...input.files, input.mapping]
  const files = named.flatMap(filesUnder).map((file) => ({ file, ...hashFile(file) }))
  for (const [name, expected] of Object.entries(pins)) {
    const pinned = files.filter(({ file }) => file === name || basename(file) === name)
    if (pinned.length === 0) {
      throw new ConfigError(`sha256 is given for "${name}", which is no file of this source`, {
        hint: `its files are ${files.map(({ file }) => file).join(', ')}`,
      })
    }
    for (const { file, sha256 } of pinned) {
      if (sha256 === expected.toLowerCase()) continue
      throw new AuditError(`${file}: not the file that is pinned: expected ${expected}, found ${sha256}`, {
        file,
        expected,
        found: sha256,
        hint: 'fetch that version again, or pin the new one after looking at what changed',
      })
    }
  }
  return files
}

function filesUnder(file: string): string[] {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) throw new DataError('no such file', { file, hint: 'check the path in the configuration' })
  if (!stats.isDirectory()) return [file]
  // Sorted by code unit: the same folder is the same list on every computer.
  return readdirSync(file)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .flatMap((name) => filesUnder(join(file, name)))
}
