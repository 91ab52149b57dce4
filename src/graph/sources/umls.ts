import { DataError } from '../../core/errors.ts'
import { readTextLines } from '../../core/text-lines.ts'
import type { EntityType, KnowledgeSource, SourceRecord } from '../types.ts'
import { normaliseCurie } from './curie.ts'
import { entityRecord, filesOf, joins, type Place, rejected, tripleRecord } from './source-kit.ts'
import { mirroredAttributes, relationshipAttributes, semanticTypes } from './umls-types.ts'

const FILES = ['MRCONSO.RRF', 'MRREL.RRF', 'MRSTY.RRF'] as const
/** Fields of a row, the empty one after its last `|` included. */
const WIDTHS = { 'MRCONSO.RRF': 19, 'MRREL.RRF': 17, 'MRSTY.RRF': 7 } as const
/** CUIs are C0000000 to C9999999. */
const CUI_COUNT = 10_000_000
/** Names beyond these are forms of the same words, "abdominal pains", "pain, abdominal"; chosen by us. */
const MAX_SYNONYMS = 20
/** Vocabularies of the Metathesaurus whose codes other sources use. */
const codeSources: ReadonlySet<string> = new Set(['MSH', 'ICD10CM', 'SNOMEDCT_US', 'OMIM', 'HPO', 'RXNORM', 'LNC'])

/** The UMLS Metathesaurus as the user has licensed it; nothing of it may be published. */
export const umls: KnowledgeSource = {
  name: 'umls',
  title: 'UMLS Metathesaurus',
  files: FILES,
  license: 'UMLS Metathesaurus License: each user signs it; contains SNOMED CT, MedDRA, WHO ICD-10 and others',
  isPublishable: false,
  families: ['umls', 'hpo'],
  closedRelations: [],
  testedOn: 'written samples',
  read: (input) => readUmls(filesOf(input, 'umls', FILES)),
}

async function* readUmls(files: readonly string[]): AsyncGenerator<SourceRecord> {
  const [conceptFile = '', relationFile = '', typeFile = ''] = files
  const types = await readTypes(typeFile)
  yield* readConcepts(conceptFile, types)
  yield* readRelations(relationFile, types)
}

type Row = { readonly place: Place; readonly fields: readonly string[] | null }

/** Rows split at `|`; a quote is a letter. A file whose first row has another width is another file. */
async function* rowsOf(file: string, name: keyof typeof WIDTHS): AsyncGenerator<Row> {
  const width = WIDTHS[name]
  const notThis = (line: number, found: string): DataError =>
    new DataError(`this is no ${name}: ${found}`, {
      file,
      line,
      hint: `expected ${FILES.join(', ')} of a Metathesaurus release, in this order`,
    })
  let isEmpty = true
  for await (const { text, line } of readTextLines(file)) {
    if (text === '') continue
    const fields = text.split('|')
    const isWhole = fields.length === width && fields[width - 1] === ''
    if (!isWhole && isEmpty) throw notThis(line, `${fields.length - 1} fields instead of ${width - 1}`)
    isEmpty = false
    yield { place: { file, line }, fields: isWhole ? fields : null }
  }
  if (isEmpty) throw notThis(1, 'it is empty')
}

/** The entity type of each CUI, one byte each: a release has three million. */
class ConceptTypes {
  readonly #rows = [...semanticTypes.keys()]
  /** 1 + place in the table of semantic types; 0 for none. */
  readonly #ranks = new Uint8Array(CUI_COUNT)

  add(cui: string, semanticType: string): void {
    const number = cuiNumber(cui)
    const rank = this.#rows.indexOf(semanticType) + 1
    if (number === null || rank === 0) return
    const old = this.#ranks[number]!
    if (old === 0 || rank < old) this.#ranks[number] = rank
  }

  of(cui: string): EntityType | null {
    const number = cuiNumber(cui)
    const rank = number === null ? 0 : this.#ranks[number]!
    return rank === 0 ? null : semanticTypes.get(this.#rows[rank - 1]!)!
  }
}

function cuiNumber(cui: string): number | null {
  return /^C\d{7}$/.test(cui) ? Number(cui.slice(1)) : null
}

async function readTypes(file: string): Promise<ConceptTypes> {
  const types = new ConceptTypes()
  for await (const { fields } of rowsOf(file, 'MRSTY.RRF')) if (fields !== null) types.add(fields[0]!, fields[1]!)
  return types
}

type Concept = {
  readonly place: Place
  readonly cui: string
  label: string
  rank: number
  labelZh: string
  readonly names: Set<string>
  readonly codes: Set<string>
}

async function* readConcepts(file: string, types: ConceptTypes): AsyncGenerator<SourceRecord> {
  let concept: Concept | null = null
  for await (const { place, fields } of rowsOf(file, 'MRCONSO.RRF')) {
    if (fields === null) {
      yield rejected(place, 'malformed row', '')
      continue
    }
    const cui = fields[0]!
    // The file is sorted by concept: one is whole when the next begins.
    if (concept !== null && concept.cui !== cui) {
      yield finish(concept, types)
      concept = null
    }
    if (cuiNumber(cui) === null) {
      yield rejected(place, 'no concept identifier', cui)
      continue
    }
    concept ??= { place, cui, label: '', rank: 0, labelZh: '', names: new Set(), codes: new Set() }
    const problem = addName(concept, fields)
    if (problem !== null) yield rejected(place, problem, fields[14]!)
  }
  if (concept !== null) yield finish(concept, types)
}

function addName(concept: Concept, fields: readonly string[]): string | null {
  const [language, status, kind, isPreferred] = [fields[1]!, fields[2]!, fields[4]!, fields[6]!]
  const [vocabulary, code, name, suppress] = [fields[11]!, fields[13]!, fields[14]!, fields[16]!]
  if (suppress !== 'N') return 'suppressed name'
  const xref = codeSources.has(vocabulary) ? normaliseCurie(`${vocabulary}:${code}`) : null
  if (xref !== null) concept.codes.add(xref)
  // Preferred term, preferred form, preferred atom: each of the three counts, in this order.
  const rank = 1 + (status === 'P' ? 4 : 0) + (kind === 'PF' ? 2 : 0) + (isPreferred === 'Y' ? 1 : 0)
  if (language === 'ENG') {
    if (rank > concept.rank) {
      concept.rank = rank
      concept.label = name
    }
    if (concept.names.size < MAX_SYNONYMS) concept.names.add(name)
  } else if (language === 'CHI') {
    if (concept.labelZh === '') concept.labelZh = name
  } else return 'name in another language'
  return null
}

function finish({ place, cui, label, labelZh, names, codes }: Concept, types: ConceptTypes): SourceRecord {
  const type = types.of(cui)
  if (type === null) return rejected(place, 'semantic type without counterpart', `${cui} ${label}`)
  if (label === '') return rejected(place, 'no English name', cui)
  return entityRecord(place, { key: `UMLS:${cui}`, label, type, synonyms: [...names], xrefs: [...codes], labelZh })
}

async function* readRelations(file: string, types: ConceptTypes): AsyncGenerator<SourceRecord> {
  for await (const { place, fields } of rowsOf(file, 'MRREL.RRF')) {
    yield fields === null ? rejected(place, 'malformed row', '') : readRelation(place, fields, types)
  }
}

function readRelation(place: Place, fields: readonly string[], types: ConceptTypes): SourceRecord {
  const [first, second, attribute, vocabulary] = [fields[0]!, fields[4]!, fields[7]!, fields[10]!]
  if (fields[14] !== 'N') return rejected(place, 'suppressed relationship', attribute)
  if (attribute === '') return rejected(place, 'relationship without an attribute', fields[3]!)
  if (mirroredAttributes.has(attribute)) return rejected(place, 'mirror of another row', attribute)
  const known = relationshipAttributes.get(attribute)
  if (known === undefined) return rejected(place, `relation without counterpart: ${attribute}`.slice(0, 80), attribute)
  const [head, tail] = known.head === 1 ? [first, second] : [second, first]
  const [headType, tailType] = [types.of(head), types.of(tail)]
  if (headType === null || tailType === null)
    return rejected(place, 'semantic type without counterpart', `${head} ${tail}`)
  if (head === tail) return rejected(place, 'joined to itself', head)
  if (!joins(known.relation, headType, tailType)) {
    return rejected(place, `ends do not fit ${known.relation}`, `${headType} ${known.relation} ${tailType}`)
  }
  const qualifiers = { source_relation: attribute, vocabulary }
  return tripleRecord(place, `UMLS:${head}`, known.relation, `UMLS:${tail}`, { qualifiers })
}
