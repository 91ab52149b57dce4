import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { iterateJsonl, type Place } from '../../core/jsonl.ts'
import { entityTypes } from '../../graph/packed/parts.ts'
import { medquad } from '../../graph/sources/medquad.ts'
import type { KnowledgeSource, SourceRecord } from '../../graph/types.ts'

/** The file in which everything stands that a language model read in MedQuAD. */
export const extractionFile = 'extraction.jsonl'
/** Raised when the meaning of a record changes. */
const FORMAT = 1

const place = {
  /** Counts the MedQuAD files from 0: a path would make the same records differ from one computer to the next. */
  file: z.int().min(0),
  line: z.int().min(1),
}
const about = z.strictObject({
  kind: z.literal('about'),
  format: z.literal(FORMAT),
  revision: z.string().min(1),
  license: z.string().min(1),
})
const entity = z.strictObject({
  kind: z.literal('entity'),
  ...place,
  key: z.string().min(1),
  label: z.string().min(1),
  type: z.enum(entityTypes),
})
const triple = z.strictObject({
  kind: z.literal('triple'),
  ...place,
  head: z.string().min(1),
  relation: z.string().min(1),
  tail: z.string().min(1),
  quote: z.string().min(1),
  url: z.string(),
  /** The model that read it. */
  readBy: z.string().min(1),
})
const rejected = z.strictObject({
  kind: z.literal('rejected'),
  ...place,
  reason: z.string().min(1),
  detail: z.string(),
})
const record = z.discriminatedUnion('kind', [about, entity, triple, rejected])

export type ExtractionRecord = z.infer<typeof record>

/** The first record of a file: by whom which text was read, and under what licence it is. */
export const aboutExtraction = (revision: string, license: string): ExtractionRecord => ({
  kind: 'about',
  format: FORMAT,
  revision,
  license,
})

/**
 * What a language model read in MedQuAD, from the file that `extractPassages` wrote; its triples point at the lines of
 * MedQuAD where their quotes stand, so the files of MedQuAD come after it, in the order in which they were read.
 */
export const extractedPassages: KnowledgeSource = {
  name: 'medquad-llm',
  title: 'Passages of MedQuAD, read by a language model',
  files: [extractionFile, 'documents.jsonl …'],
  license: medquad.license,
  isPublishable: true,
  ...(medquad.families === undefined ? {} : { families: medquad.families }),
  closedRelations: [],
  testedOn: 'written samples',
  read: ({ files }) => readExtracted(files),
}

async function* readExtracted(files: readonly string[]): AsyncGenerator<SourceRecord> {
  const [recordsFile = extractionFile, ...texts] = files
  let isFirst = true
  for (const { value, at } of iterateJsonl(recordsFile, (value, at) => ({ value: parseRecord(value, at), at }))) {
    if (isFirst !== (value.kind === 'about')) {
      throw new DataError(isFirst ? 'not the records of an extraction' : 'says twice what it is', {
        ...at,
        hint: `give the ${extractionFile} of a data run, then the files of MedQuAD`,
      })
    }
    isFirst = false
    yield inFiles(value, texts, at)
  }
  if (isFirst) throw new DataError('not the records of an extraction: it is empty', { file: recordsFile })
}

function inFiles(value: ExtractionRecord, texts: readonly string[], at: Place): SourceRecord {
  if (value.kind === 'about') return { kind: 'about', revision: value.revision, license: value.license }
  const file = texts[value.file]
  if (file === undefined) {
    throw new DataError(`it points at file ${value.file + 1} of MedQuAD, and ${texts.length} were given`, {
      ...at,
      field: 'file',
      hint: 'give the files of MedQuAD after it, in the order in which they were read',
    })
  }
  if (value.kind === 'entity') return { ...value, file, synonyms: [], xrefs: [] }
  if (value.kind === 'rejected') return { ...value, file }
  const { readBy, ...said } = value
  return { ...said, file, qualifiers: { readBy } }
}

/** @throws {DataError} */
function parseRecord(value: unknown, at: Place): ExtractionRecord {
  const parsed = record.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new DataError(`no record of an extraction: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, {
    ...at,
    field: issue?.path.join('.'),
    hint: 'the file was changed, or written by another version',
  })
}
