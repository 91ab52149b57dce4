import { z } from 'zod'
import { AuditError, DataError } from '../errors.ts'
import { sha256Hex } from '../hash.ts'
import { canonicalJson, formatJson, parseJson } from '../json.ts'
import { readText } from '../read.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  stage: z.string(),
  /** Name of an input → its hash. */
  inputs: z.record(z.string(), z.string()),
  /** In order of `file`, relative to the directory of the stage. */
  outputs: z.array(z.strictObject({ file: z.string(), sha256, sizeBytes: z.int().min(0) })),
  seed: z.union([z.number(), z.string()]),
  codeHash: z.string().exactOptional(),
  configHash: z.string().exactOptional(),
  /** SHA-256 of the canonical JSON of all other fields. */
  hash: sha256,
})

/** What a finished stage read, made and was told, with the hashes to check it by. */
export type Manifest = z.infer<typeof manifestSchema>

/** A manifest with its own hash, its keys in one order whatever the order of the fields given. */
export function completeManifest(fields: Omit<Manifest, 'hash'>): Manifest {
  const inputs = Object.fromEntries(Object.entries(fields.inputs).sort(([a], [b]) => (a < b ? -1 : 1)))
  const ordered = { ...fields, inputs }
  return manifestSchema.parse({ ...ordered, hash: sha256Hex(canonicalJson(ordered)) })
}

/** The only text of a manifest: {@link readManifestFile} takes no other. */
export function formatManifest(manifest: Manifest): string {
  return `${formatJson(manifest, { pretty: true })}\n`
}

/**
 * The manifest in a file.
 *
 * @throws {AuditError} when it is not JSON, not a manifest, or differs in any byte from what was sealed
 */
export function readManifestFile(file: string): Manifest {
  const text = asAudit(file, () => readText(file))
  const result = manifestSchema.safeParse(asAudit(file, () => parseJson(text, { file })))
  if (!result.success) throw new AuditError(`${file}: not a manifest: ${z.prettifyError(result.error)}`, { file })
  const { hash, ...fields } = result.data
  const found = sha256Hex(canonicalJson(fields))
  if (found === hash && formatManifest(result.data) === text) return result.data
  throw new AuditError(`${file}: expected the manifest of hash ${hash}, found other bytes (hash ${found})`, {
    file,
    expected: hash,
    found,
    hint: 'the manifest was changed after its stage was sealed: restore it, or run the stage again',
  })
}

/** In a file that only we write, bad text is damage, not a user's mistake. */
function asAudit<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof DataError) throw new AuditError(cause.message, { file, cause })
    throw cause
  }
}
