import type { MedquadDocument } from './documents.ts'
import { readDocuments } from './documents.ts'
import { headOf, ownCuis } from './heads.ts'
import { findTable } from './phenotypes.ts'
import { sentencesOf } from './sentences.ts'

/** Text of one page for a language model to read, and where it stands. */
export type MedquadPassage = {
  /** `source/id/qid`, of one file the only one. */
  readonly document: string
  readonly passage: string
  /** The disease that the page is about. */
  readonly focus: string
  readonly qtype: string
  readonly url: string
  readonly file: string
  readonly line: number
}

/** Shorter answers say that nothing is known. */
const minPassageLength = 60

/**
 * The answers about one disease in passages of whole sentences, without the phenotype tables, which are read exactly.
 * Each passage stands in its answer word for word, so that quotes can be checked.
 *
 * @param options.maxLength longest passage in UTF-16 units; a single longer sentence is left out
 * @throws {DataError} as {@link readDocuments}
 */
export async function* medquadPassages(
  files: readonly string[],
  options: { readonly maxLength?: number } = {},
): AsyncGenerator<MedquadPassage> {
  const { maxLength = 1_600 } = options
  for (const file of files) {
    for await (const read of readDocuments(file)) {
      if (read.kind === 'document') yield* passagesOf(read.document, maxLength)
    }
  }
}

function* passagesOf(document: MedquadDocument, maxLength: number): Generator<MedquadPassage> {
  const subject = headOf(document, ownCuis([document]))
  if (subject.kind === 'none') return
  for (const { qid, qtype, answer } of document.qa) {
    const table = findTable(answer)
    const text = table === null ? answer : answer.slice(0, table.start)
    for (const passage of cut(text, maxLength)) {
      if (passage.length < minPassageLength) continue
      yield {
        document: `${document.source}/${document.id ?? ''}/${qid}`,
        passage,
        focus: subject.head.label,
        qtype,
        url: document.url,
        file: document.file,
        line: document.line,
      }
    }
  }
}

function* cut(text: string, maxLength: number): Generator<string> {
  let start: number | null = null
  let end = 0
  for (const sentence of sentencesOf(text)) {
    if (sentence.end - sentence.start > maxLength) continue
    if (start !== null && sentence.end - start > maxLength) {
      yield text.slice(start, end)
      start = null
    }
    start ??= sentence.start
    end = sentence.end
  }
  if (start !== null) yield text.slice(start, end)
}
