import { DataError } from '../../core/errors.ts'
import { readTextLines } from '../../core/text-lines.ts'
import type { EntityType, KnowledgeSource, SourceRecord } from '../types.ts'
import { licenseName, normaliseCurie, typeOfKey } from './curie.ts'
import { readHpoBranches } from './hpo-branches.ts'
import { type OboLine, plainValue, quotedValue, readOboLine } from './obo-line.ts'
import { createFirsts, entityRecord, fileOf, joins, type Place, rejected, tripleRecord } from './source-kit.ts'
import { linkOfProperty } from './typed-links.ts'

/** Ontologies as OBO 1.2 or 1.4: Disease Ontology, Mondo, HPO, Symptom Ontology, UBERON and others. */
export const obo: KnowledgeSource = {
  name: 'obo',
  title: 'Ontology in OBO format',
  files: ['an .obo file'],
  license: 'as the file says; none said',
  isPublishable: true,
  closedRelations: [],
  testedOn: 'real rows',
  read: (input) => readObo(fileOf(input, 'obo', 'an .obo file')),
}

type Tag = { readonly tag: string; readonly value: string; readonly line: number }
type Stanza = { readonly name: string; readonly line: number; readonly tags: readonly Tag[] }
type Context = {
  readonly file: string
  readonly isFirst: (key: string) => boolean
  /** What a term of the HPO is, of which not all are phenotypes. */
  readonly hpoTypeOf: (key: string) => EntityType | null
}

async function* readObo(file: string): AsyncGenerator<SourceRecord> {
  const hpoTypeOf = await readHpoBranches(file)
  const context: Context = { file, isFirst: createFirsts(), hpoTypeOf }
  for await (const part of stanzas(file)) {
    if ('reason' in part) yield rejected({ file, line: part.line }, part.reason, part.detail)
    else if (part.name === '') yield readHeader(part)
    else if (part.name === 'Term') yield* readTerm(part, context)
    // [Typedef] and [Instance] describe the ontology, not medicine.
  }
}

async function* stanzas(
  file: string,
): AsyncGenerator<Stanza | { readonly reason: string; readonly detail: string; readonly line: number }> {
  let stanza: { name: string; line: number; tags: Tag[] } = { name: '', line: 1, tags: [] }
  let isKnown = false
  for await (const { text, line } of readTextLines(file)) {
    const read: OboLine = readOboLine(text)
    if (!isKnown && read.kind !== 'blank') {
      checkStart(file, line, read)
      isKnown = true
    }
    if (read.kind === 'odd') yield { reason: 'malformed line', detail: text, line }
    if (read.kind === 'tag') stanza.tags.push({ tag: read.tag, value: read.value, line })
    if (read.kind !== 'stanza') continue
    yield stanza
    stanza = { name: read.name, line, tags: [] }
  }
  if (!isKnown) checkStart(file, 1, { kind: 'odd' })
  yield stanza
}

function checkStart(file: string, line: number, first: OboLine): void {
  if (first.kind === 'tag' || first.kind === 'stanza') return
  throw new DataError('this is no OBO file', {
    file,
    line,
    hint: 'an .obo file starts with "format-version: 1.2"; for OWL use the source "rdf"',
  })
}

/** What ontologies are called as families; MONDO is merged from the Disease Ontology among others. */
const ontologyFamilies: ReadonlyMap<string, readonly string[]> = new Map([
  ['doid', ['disease-ontology']],
  ['hp', ['hpo']],
  ['mondo', ['mondo', 'disease-ontology']],
  ['symp', ['symptom-ontology']],
])

function readHeader({ tags }: Stanza): SourceRecord {
  const ontology = tags.find(({ tag }) => tag === 'ontology')
  const name = ontology === undefined ? '' : plainValue(ontology.value).text.toLowerCase()
  const version = tags.find(({ tag }) => tag === 'data-version') ?? tags.find(({ tag }) => tag === 'date')
  const license = tags
    .filter(({ tag }) => tag === 'property_value')
    .map(({ value }) => plainValue(value).text.split(' '))
    .find(([name = '']) => /(^|[:/])license$/.test(name))?.[1]
  return {
    kind: 'about',
    ...(version === undefined ? {} : { revision: plainValue(version.value).text }),
    ...(license === undefined ? {} : { license: licenseName(license.replace(/^"|"$/g, '')) }),
    ...(name === '' ? {} : { families: ontologyFamilies.get(name) ?? [name] }),
  }
}

function* readTerm(stanza: Stanza, context: Context): Generator<SourceRecord> {
  const { file } = context
  const place = { file, line: stanza.line }
  const one = (tag: string): string | undefined => {
    const found = stanza.tags.find((candidate) => candidate.tag === tag)
    return found === undefined ? undefined : plainValue(found.value).text
  }
  const id = one('id') ?? ''
  const key = normaliseCurie(id)
  const label = one('name') ?? ''
  const idLine = stanza.tags.find(({ tag }) => tag === 'id')?.line ?? stanza.line
  if (one('is_obsolete') === 'true') return yield rejected(place, 'obsolete', id)
  if (key === null) return yield rejected(place, 'no identifier', id)
  if (label === '') return yield rejected(place, 'no name', key)
  const type = typeOf(key, context)
  if (type === null) return yield rejected(place, `kind of term unknown: ${prefixOf(key)}`, `${key} ${label}`)
  if (type === 'none') return yield rejected(place, 'no phenotype', `${key} ${label}`)
  const synonyms: string[] = []
  const xrefs: string[] = []
  for (const { tag, value, line } of stanza.tags) {
    if (tag === 'xref' || tag === 'alt_id') {
      const xref = normaliseCurie(plainValue(value).text.split(' ')[0]!)
      if (xref !== null) xrefs.push(xref)
    } else if (tag === 'synonym') {
      const synonym = quotedValue(value)
      const scope = synonym?.rest.split(' ')[0] ?? ''
      if (synonym === null || synonym.text === '') yield rejected({ file, line }, 'malformed synonym', value)
      else if (scope === 'EXACT') synonyms.push(synonym.text)
      else yield rejected({ file, line }, `synonym of scope ${scope.slice(0, 20)}`, synonym.text)
    }
  }
  context.isFirst(key)
  yield entityRecord({ file, line: idLine }, { key, label, type, synonyms, xrefs })
  yield* readLinks(stanza, key, type, context)
}

function* readLinks(stanza: Stanza, key: string, type: EntityType, context: Context): Generator<SourceRecord> {
  const isFirstHere = createFirsts()
  for (const { tag, value, line } of stanza.tags) {
    if (tag !== 'is_a' && tag !== 'relationship' && tag !== 'intersection_of') continue
    const { text, comment } = plainValue(value)
    const words = text.split(' ').filter((word) => word !== '')
    // A definition by intersection names its genus without a property; is_a says the same.
    if (tag === 'intersection_of' && words.length === 1) continue
    const [property, target] = tag === 'is_a' ? ['is_a', words[0]] : [words[0], words[1]]
    const place = { file: context.file, line }
    const record = readLink(place, { key, type }, property ?? '', target ?? '', context)
    if (record.kind === 'triple') {
      if (!isFirstHere(`${record.head} ${record.relation} ${record.tail}`)) continue
      yield* nameForeign(place, target ?? '', comment, key, context)
    }
    yield record
  }
}

function readLink(
  place: Place,
  head: { readonly key: string; readonly type: EntityType },
  property: string,
  target: string,
  context: Context,
): SourceRecord {
  const tail = normaliseCurie(target)
  if (tail === null) return rejected(place, 'target is no identifier', target)
  const tailType = typeOf(tail, context)
  const link =
    property === 'is_a' ? { relation: 'is_a' } : linkOfProperty(property, tailType === 'none' ? null : tailType)
  if (link === null) return rejected(place, `relation without counterpart: ${property}`.slice(0, 80), target)
  if (tailType === null || tailType === 'none')
    return rejected(place, `kind of target unknown: ${prefixOf(tail)}`, target)
  if (tail === head.key) return rejected(place, 'joined to itself', target)
  const [from, to] =
    'isBackward' in link ? [{ key: tail, type: tailType }, head] : [head, { key: tail, type: tailType }]
  if (!joins(link.relation, from.type, to.type)) {
    return rejected(place, `ends do not fit ${link.relation}`, `${from.type} ${link.relation} ${to.type}`)
  }
  return tripleRecord(place, from.key, link.relation, to.key)
}

/** A term of another ontology has no stanza here, only its name in the comment: `UBERON:0002107 ! liver`. */
function* nameForeign(
  place: Place,
  target: string,
  comment: string,
  head: string,
  context: Context,
): Generator<SourceRecord> {
  const key = normaliseCurie(target)
  if (key === null || comment === '' || prefixOf(key) === prefixOf(head) || !context.isFirst(key)) return
  const type = typeOf(key, context)
  if (type !== null && type !== 'none') yield entityRecord(place, { key, label: comment, type })
}

function typeOf(key: string, context: Context): EntityType | 'none' | null {
  return key.startsWith('HP:') ? (context.hpoTypeOf(key) ?? 'none') : typeOfKey(key)
}

function prefixOf(key: string): string {
  return key.slice(0, key.indexOf(':'))
}
