import { z } from 'zod'
import { DataError } from '../../../core/errors.ts'
import { parseJson } from '../../../core/json.ts'
import { readTextLines } from '../../../core/text-lines.ts'

const documentSchema = z.object({
  id: z.string().nullable(),
  source: z.string().min(1),
  url: z.string(),
  focus: z.string(),
  cuis: z.array(z.string()),
  semanticTypes: z.array(z.string()),
  semanticGroup: z.string().nullable(),
  synonyms: z.array(z.string()),
  qa: z.array(z.object({ qid: z.string(), qtype: z.string(), question: z.string(), answer: z.string() })),
})

/** A page of a health institute cut into typed questions and answers, and the line it stands on. */
export type MedquadDocument = Readonly<z.infer<typeof documentSchema>> & {
  readonly file: string
  readonly line: number
}

/** A line that is no document, and why. */
export type UnreadableLine = { readonly file: string; readonly line: number; readonly detail: string }

/**
 * The documents of a MedQuAD file, one JSON document a line; lines that are none come as `unreadable`.
 *
 * @throws {DataError} when the first line with text is no document: the file is of another format
 */
export async function* readDocuments(
  file: string,
): AsyncGenerator<
  { readonly kind: 'document'; readonly document: MedquadDocument } | ({ readonly kind: 'unreadable' } & UnreadableLine)
> {
  let isFirst = true
  for await (const { text, line } of readTextLines(file)) {
    if (text.trim() === '') continue
    const read = readDocument(text, file, line)
    if (read.kind === 'unreadable' && isFirst) {
      throw new DataError(`not a MedQuAD document: ${read.detail}`, {
        file,
        line,
        hint: 'expected JSONL, one document a line with id, source, url, focus, cuis, semanticTypes, synonyms and qa[{qid, qtype, question, answer}]; the original XML has to be re-formatted to it',
      })
    }
    isFirst = false
    yield read
  }
}

function readDocument(
  text: string,
  file: string,
  line: number,
): { kind: 'document'; document: MedquadDocument } | ({ kind: 'unreadable' } & UnreadableLine) {
  let value: unknown
  try {
    value = parseJson(text, { file, line })
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause
    return { kind: 'unreadable', file, line, detail: cause.message.slice(0, 200) }
  }
  const parsed = documentSchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return { kind: 'unreadable', file, line, detail: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
  }
  return { kind: 'document', document: { ...parsed.data, file, line } }
}
