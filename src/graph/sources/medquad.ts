import { foldedNameKey } from '../../text/entity-name.ts'
import { clinicalSchema } from '../clinical.ts'
import type { KnowledgeSource, SourceInput, SourceRecord } from '../types.ts'
import { type Catalogue, createCatalogue, headEntity, type NamedEntity } from './medquad/catalogue.ts'
import { type MedquadDocument, readDocuments, type UnreadableLine } from './medquad/documents.ts'
import { type Head, headOf, ownCuis, uniteHeads } from './medquad/heads.ts'
import { inheritanceRow } from './medquad/inheritance.ts'
import { findTable, readTable } from './medquad/phenotypes.ts'
import { statementsOf } from './medquad/statements.ts'

/**
 * MedQuAD, pages of the National Institutes of Health as typed questions and answers, read offline: phenotype tables row
 * by row, sentences by cue and dictionary. Precision comes before yield: of 100 random triples of the six files in
 * ../shared/data 99 were right when read by hand, of 100 from sentences 98.
 *
 * Give any number of its JSONL files; they are read together, so that each knows the diseases of the others.
 */
export const medquad: KnowledgeSource = {
  name: 'medquad',
  title: 'MedQuAD (Ben Abacha and Demner-Fushman 2019): health pages of the NIH as questions and answers',
  files: ['documents.jsonl'],
  license:
    'CC-BY-4.0 (MedQuAD, Ben Abacha and Demner-Fushman 2019); the phenotype tables of GARD pages quote the Human Phenotype Ontology',
  isPublishable: true,
  readsText: true,
  families: ['medquad', 'hpo'],
  closedRelations: [],
  testedOn: 'real rows',
  read,
}

async function* read(input: SourceInput): AsyncGenerator<SourceRecord> {
  const documents: MedquadDocument[] = []
  const unreadable: UnreadableLine[] = []
  for (const file of input.files) {
    for await (const read of readDocuments(file)) {
      if (read.kind === 'document') documents.push(read.document)
      else unreadable.push(read)
    }
  }
  for (const { file, line, detail } of unreadable) {
    yield { kind: 'rejected', file, line, reason: 'not a document', detail }
  }
  const hasOwnCui = ownCuis(documents)
  const subjects = uniteHeads(documents.map((document) => ({ document, subject: headOf(document, hasOwnCui) })))
  const catalogue = createCatalogue(
    subjects.flatMap(({ subject }) => (subject.kind === 'head' ? [subject.head] : [])),
    tableNames(documents),
    input.lexicon ?? [],
  )
  const known = new Set<string>()
  const closedKeys = new Set(
    (input.lexicon ?? []).flatMap(({ key, isPublishable }) => (isPublishable === false ? key : [])),
  )
  let isPublishable = true
  for (const { document, subject } of subjects) {
    if (subject.kind !== 'head') {
      yield rejected(document, subject.reason, document.focus)
      continue
    }
    for (const record of readDocument(document, subject.head, catalogue, known)) {
      if (record.kind === 'entity' && record.xrefs.some((xref) => closedKeys.has(xref))) isPublishable = false
      yield record
    }
  }
  // An entity that was told by the name of a closed vocabulary has an identifier of it.
  if (!isPublishable) yield { kind: 'about', isPublishable }
}

function* readDocument(
  document: MedquadDocument,
  head: Head,
  catalogue: Catalogue,
  known: Set<string>,
): Generator<SourceRecord> {
  const place = { file: document.file, line: document.line }
  const said = new Set<string>()
  yield* introduce(headEntity(head), place, known)
  for (const found of findingsOf(document, head, catalogue)) {
    if (found.kind === 'rejected') {
      yield rejected(document, found.reason, found.detail)
      continue
    }
    const { relation, tail, quote, frequency } = found
    const { domain, range } = clinicalSchema.relation(relation)
    if (!domain.includes(head.type) || !range.includes(tail.type)) {
      yield rejected(document, 'type does not fit the relation', `${head.type} ${relation} ${tail.type}`)
      continue
    }
    const pair = `${relation}\n${tail.key}`
    if (said.has(pair)) continue
    said.add(pair)
    yield* introduce(tail, place, known)
    yield {
      kind: 'triple',
      ...place,
      head: head.key,
      relation,
      tail: tail.key,
      quote,
      url: document.url,
      ...(frequency === undefined ? {} : { qualifiers: { frequency } }),
    }
  }
}

/** Tables first: of two places that say the same, they have the frequency. */
function* findingsOf(document: MedquadDocument, head: Head, catalogue: Catalogue): Generator<Found> {
  for (const { answer } of document.qa) yield* tableFindings(answer, head, catalogue)
  for (const { qtype, answer } of document.qa) yield* sentenceFindings(answer, qtype, head, catalogue)
}

type Found =
  | {
      readonly kind: 'found'
      readonly relation: string
      readonly tail: NamedEntity
      readonly quote: string
      readonly frequency?: string
    }
  | { readonly kind: 'rejected'; readonly reason: string; readonly detail: string }

function* tableFindings(answer: string, head: Head, catalogue: Catalogue): Generator<Found> {
  const { rows, rejected: rest } = readTable(answer)
  for (const { reason, detail } of rest) yield { kind: 'rejected', reason, detail }
  for (const { name, quote, frequency } of rows) {
    const mode = inheritanceRow(name)
    if (mode === 'unknown') {
      yield { kind: 'rejected', reason: 'unknown mode of inheritance', detail: name }
      continue
    }
    const tail = mode === null ? catalogue.findingOf(name) : catalogue.inheritance.get(mode.label)
    if (tail === undefined) continue
    if (isHead(name, head)) {
      yield { kind: 'rejected', reason: 'name of the disease itself', detail: name }
    } else {
      const relation = mode === null ? 'has_finding' : 'inherited_as'
      yield { kind: 'found', relation, tail, quote, ...(frequency === undefined ? {} : { frequency }) }
    }
  }
}

function* sentenceFindings(answer: string, qtype: string, head: Head, catalogue: Catalogue): Generator<Found> {
  const table = findTable(answer)
  const text = table === null ? answer : answer.slice(0, table.start)
  for (const statement of statementsOf(text, qtype, head, catalogue)) {
    if (statement.kind === 'unread') {
      yield { kind: 'rejected', reason: statement.reason, detail: statement.detail }
    } else {
      yield { kind: 'found', relation: statement.relation, tail: statement.tail, quote: statement.quote }
    }
  }
}

function* introduce(
  entity: NamedEntity,
  place: { readonly file: string; readonly line: number },
  known: Set<string>,
): Generator<SourceRecord> {
  if (known.has(entity.key)) return
  known.add(entity.key)
  yield { kind: 'entity', ...place, ...entity }
}

function* tableNames(documents: readonly MedquadDocument[]): Generator<string> {
  for (const { qa } of documents) {
    for (const { answer } of qa) {
      for (const { name } of readTable(answer).rows) if (inheritanceRow(name) === null) yield name
    }
  }
}

function isHead(name: string, head: Head): boolean {
  return head.nameKeys.has(foldedNameKey(name))
}

function rejected(document: MedquadDocument, reason: string, detail: string): SourceRecord {
  return { kind: 'rejected', file: document.file, line: document.line, reason, detail: detail.slice(0, 200) }
}
