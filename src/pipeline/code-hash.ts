import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256Hex } from '../core/hash.ts'

const sourceRoot = fileURLToPath(new URL('..', import.meta.url))

/**
 * Hash over the source files below the given folders or files of `src/`, tests and their fixtures aside: a stage made by
 * other code is made anew.
 *
 * @param parts relative to the root, "." for all of it
 * @param root the folder that holds the parts; `src/` unless told
 */
export function codeHash(parts: readonly string[], root: string = sourceRoot): string {
  const files = parts.flatMap((part) => listSources(join(root, part)))
  const lines = [...new Set(files)].sort().map((file) => `${relative(root, file)} ${sha256Hex(readFileSync(file))}`)
  return sha256Hex(lines.join('\n'))
}

function listSources(path: string): string[] {
  if (/\.[jt]s$/.test(path)) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !/\.test\.[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(path, file).split(sep).includes('fixtures'))
}
