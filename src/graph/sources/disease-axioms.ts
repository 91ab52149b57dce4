import type { KnowledgeSource, SourceRecord } from '../types.ts'
import { type Expression, readExpressions } from './axiom-expression.ts'
import { meaningOf } from './axiom-vocabulary.ts'
import { nameKey, normaliseCurie } from './curie.ts'
import { readDelimited } from './delimited.ts'
import { createFirsts, entityRecord, fileOf, type Place, rejected, tripleRecord } from './source-kit.ts'
import { tabs } from './table-formats.ts'

const FILE = 'DO-subClassOf-anonymous.tsv'
const COLUMNS = ['ID', 'LABEL', 'SubClass Of [ANON]']
/** Fillers have names and no identifiers. */
const FILLER_PREFIX = 'DO-FILLER'

/**
 * The anonymous superclasses of Disease Ontology terms, `DO-subClassOf-anonymous.tsv`: symptoms, sites, causes,
 * inheritance and routes, as class expressions.
 */
export const diseaseOntologyAxioms: KnowledgeSource = {
  name: 'disease-ontology-axioms',
  title: 'Disease Ontology axioms',
  files: [FILE],
  license: 'CC0-1.0',
  isPublishable: true,
  families: ['disease-ontology'],
  closedRelations: [],
  testedOn: 'real rows',
  read: (input) => readAxioms(fileOf(input, 'disease-ontology-axioms', FILE)),
}

async function* readAxioms(file: string): AsyncGenerator<SourceRecord> {
  const isFirst = createFirsts()
  let isHeader = true
  for await (const row of readDelimited(file, tabs, COLUMNS)) {
    const place = { file, line: row.line }
    if (row.kind === 'malformed') yield rejected(place, 'malformed row', row.detail)
    else if (!isHeader) yield* readRow(place, row.fields, isFirst)
    isHeader = false
  }
}

function* readRow(place: Place, fields: readonly string[], isFirst: (key: string) => boolean): Generator<SourceRecord> {
  const [id = '', label = '', text = ''] = fields
  const key = normaliseCurie(id)
  const expressions = readExpressions(text)
  if (key === null || label === '') return yield rejected(place, 'no identifier or name', id)
  if (expressions === null) return yield rejected(place, 'not a class expression', text)
  if (isFirst(key)) yield entityRecord(place, { key, label, type: 'disease' })
  // One row may say the same twice: alone and inside a longer expression.
  const isFirstHere = createFirsts()
  for (const claim of expressions.flatMap((expression) => claims(expression, null))) {
    const meaning = 'reason' in claim ? claim : meaningOf(claim.property, claim.filler)
    if ('reason' in meaning) {
      yield rejected(place, meaning.reason, 'reason' in claim ? claim.detail : claim.filler)
      continue
    }
    // With its type: Aspergillus is an organism that infects and an exposure that one is allergic to.
    const tail = nameKey(FILLER_PREFIX, `${meaning.type}/${meaning.label}`)
    if (!isFirstHere(`${meaning.relation} ${tail}`)) {
      yield rejected(place, 'said twice in one row', meaning.label)
      continue
    }
    if (isFirst(tail)) {
      yield entityRecord(place, { key: tail, label: meaning.label, type: meaning.type })
    }
    const qualifiers = {
      property: 'reason' in claim ? '' : claim.property,
      ...('reason' in claim ? {} : claim.qualifiers),
    }
    yield tripleRecord(place, key, meaning.relation, tail, { qualifiers })
  }
}

type Claim =
  | { readonly property: string; readonly filler: string; readonly qualifiers: Readonly<Record<string, string>> }
  | { readonly reason: string; readonly detail: string }

/** What an expression claims of the disease, restriction by restriction. */
function claims(expression: Expression, quantifier: 'one of several' | null): Claim[] {
  switch (expression.kind) {
    case 'name':
      return [{ reason: 'a class beside its restrictions', detail: expression.name }]
    case 'bounded':
      return [{ reason: 'a counted restriction', detail: expression.property }]
    case 'or':
      return expression.parts.flatMap((part) => claims(part, 'one of several'))
    case 'and':
      return expression.parts.flatMap((part) => claims(part, quantifier))
    case 'some':
      return fillers(expression.property, expression.filler, quantifier)
  }
}

function fillers(property: string, filler: Expression, quantifier: 'one of several' | null): Claim[] {
  switch (filler.kind) {
    case 'name': {
      const qualifiers = quantifier === null ? {} : { quantifier }
      return [{ property, filler: filler.name, qualifiers }]
    }
    case 'or':
      return filler.parts.flatMap((part) => fillers(property, part, 'one of several'))
    case 'and':
      // Some (A and B) implies some A and some B; what only narrows A is dropped, and counted.
      return filler.parts.flatMap((part) => fillers(property, part, quantifier))
    default:
      return [{ reason: 'a filler that narrows another', detail: `${property} … ${filler.property}` }]
  }
}
