import { existsSync, readdirSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import { AuditError, DataError } from '../core/errors.ts'
import { hashFile } from '../core/hash.ts'
import { MANIFEST_FILE, type Manifest, readManifest } from '../core/store.ts'
import type { FolderAudit, Problem } from './types.ts'

/** Folders that are published as they are. Other stages may keep a torn log aside, for whoever wants to look. */
const releaseStages: readonly string[] = ['release', 'model']

/** True when the folder was finished: it has a manifest, good or bad. */
export const isSealed = (dir: string): boolean => existsSync(join(dir, MANIFEST_FILE))

/**
 * Every file that a folder's manifest names, read back, hashed and compared; all differences, not just the first.
 *
 * In a release, files that no manifest names are reported too: nothing may hide beside the weights.
 *
 * @throws {DataError} when the folder has no manifest
 */
export function auditFolder(dir: string): FolderAudit {
  if (!isSealed(dir)) {
    throw new DataError(`there is no ${MANIFEST_FILE}, so nothing can be verified`, {
      file: dir,
      hint: 'give the folder of a run, of one of its stages, or of a release',
    })
  }
  const unknown = { dir, stage: basename(resolve(dir)), files: 0, sizeBytes: 0, hash: null, inputs: {} }
  let manifest: Manifest | null
  try {
    manifest = readManifest(dir)
  } catch (cause) {
    if (!(cause instanceof AuditError)) throw cause
    return { ...unknown, problems: [manifestProblem(dir, cause)] }
  }
  const { stage, outputs, hash, inputs } = manifest!
  const named = new Set(outputs.map(({ file }) => file))
  const strangers = releaseStages.includes(stage)
    ? listFiles(dir).filter((file) => !named.has(file) && file !== MANIFEST_FILE)
    : []
  return {
    dir,
    stage,
    files: outputs.length,
    sizeBytes: outputs.reduce((sum, output) => sum + output.sizeBytes, 0),
    hash,
    inputs,
    problems: [
      ...outputs.flatMap((output) => compareFile(dir, output)),
      ...strangers.map((file) => ({ file: join(dir, file), expected: 'no such file', found: 'a file' })),
    ],
  }
}

/** Inputs that no stage made: the files of the knowledge source, and what people decided about doubted labels. */
const outsideInputs: readonly string[] = ['source', 'decisions']

/** Inputs of sealed folders that are not what the folder named after them holds now: a stage that was exchanged. */
export function auditChain(audits: readonly FolderAudit[]): Problem[] {
  const hashOf = new Map(audits.map(({ stage, hash }) => [stage, hash]))
  return audits.flatMap(({ dir, inputs }) =>
    Object.entries(inputs).flatMap(([input, expected]) => {
      const found = hashOf.get(input)
      if (outsideInputs.includes(input) || found === null || found === expected) return []
      const file = join(dir, MANIFEST_FILE)
      return [
        {
          file,
          expected: `input "${input}" of hash ${expected}`,
          found: found === undefined ? 'no such stage' : found,
        },
      ]
    }),
  )
}

/**
 * Turns the first problem into an error that ends a command.
 *
 * @throws {AuditError} naming the file, what was expected and what was found
 */
export function assertSound(problems: readonly Problem[]): void {
  const [first] = problems
  if (first === undefined) return
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
  throw new AuditError(`${first.file}: expected ${first.expected}, found ${first.found}${more}`, {
    ...first,
    hint: 'the file was changed after it was sealed: restore it, or remove the folder of its stage and run again',
  })
}

function compareFile(dir: string, output: Manifest['outputs'][number]): Problem[] {
  const file = join(dir, output.file)
  const expected = describe(output)
  const found = existsSync(file) ? describe(hashFile(file)) : 'no file'
  return expected === found ? [] : [{ file, expected, found }]
}

const describe = (file: { readonly sha256: string; readonly sizeBytes: number }): string =>
  `${file.sizeBytes} bytes, sha256 ${file.sha256}`

function manifestProblem(dir: string, cause: AuditError): Problem {
  const file = join(dir, MANIFEST_FILE)
  return {
    file,
    expected: cause.expected ?? 'a manifest',
    found: cause.found ?? cause.message.replace(`${file}: `, ''),
  }
}

function listFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}
