import { DataError } from '../../core/errors.ts'
import { readTextLines } from '../../core/text-lines.ts'
import type { KnowledgeSource, SourceRecord } from '../types.ts'
import { normaliseCurie } from './curie.ts'
import { inheritanceTerms } from './hpo-branches.ts'
import { createFirsts, entityRecord, fileOf, type Place, rejected, tripleRecord } from './source-kit.ts'

const FILE = 'phenotype.hpoa'
const COLUMNS = [
  'database_id',
  'disease_name',
  'qualifier',
  'hpo_id',
  'reference',
  'evidence',
  'onset',
  'frequency',
  'sex',
  'modifier',
  'aspect',
  'biocuration',
] as const
/** Why a row of an aspect gives no triple; P and I do. */
const otherAspects: ReadonlyMap<string, string> = new Map([
  ['C', 'aspect C: clinical course'],
  ['M', 'aspect M: clinical modifier'],
  ['H', 'aspect H: past medical history'],
])

/**
 * Phenotypes and inheritance of rare diseases, `phenotype.hpoa`. Names and definitions of HPO terms come from hp.obo.
 * The licence asks that the HPO be cited, its version shown and its content left as it is.
 */
export const hpoAnnotations: KnowledgeSource = {
  name: 'hpo-annotations',
  title: 'HPO annotations',
  files: [FILE],
  license: 'HPO licence (hpo.jax.org/license): free to use; cite it, show its version, do not alter its content',
  isPublishable: true,
  families: ['hpo'],
  closedRelations: [],
  testedOn: 'written samples',
  read: (input) => readAnnotations(fileOf(input, 'hpo-annotations', FILE)),
}

async function* readAnnotations(file: string): AsyncGenerator<SourceRecord> {
  const isFirst = createFirsts()
  let isHeaderRead = false
  for await (const { text, line } of readTextLines(file)) {
    const place = { file, line }
    const isHeader = !isHeaderRead && text.replace(/^#/, '').toLowerCase().startsWith('database')
    if (isHeader) {
      checkHeader(place, text)
      isHeaderRead = true
    } else if (text.startsWith('#')) {
      const version = /^#\s*(?:version|date):\s*(\S+)/i.exec(text)?.[1]
      if (version !== undefined) yield { kind: 'about', revision: version }
    } else if (text !== '') {
      if (!isHeaderRead) throw notAnnotations(place, `found "${text.slice(0, 60)}"`)
      yield* readRow(place, text.split('\t'), isFirst)
    }
  }
  if (!isHeaderRead) throw notAnnotations({ file, line: 1 }, 'found no header')
}

/** Older releases write the names otherwise ("#DatabaseID"), in the same order. */
function checkHeader(place: Place, text: string): void {
  const names = text
    .replace(/^#/, '')
    .split('\t')
    .map((name) => name.trim().toLowerCase().replaceAll('_', ''))
  const expected = COLUMNS.map((name) => name.replaceAll('_', ''))
  const wrong = expected.findIndex((name, index) => names[index] !== name)
  if (wrong !== -1)
    throw notAnnotations(place, `column ${wrong + 1} is "${names[wrong] ?? ''}", not "${COLUMNS[wrong]}"`)
}

function notAnnotations(place: Place, found: string): DataError {
  return new DataError(`this is no phenotype.hpoa: ${found}`, {
    ...place,
    hint: `expected a header with ${COLUMNS.join(', ')}; releases are at hpo.jax.org/data/annotations`,
  })
}

function* readRow(place: Place, fields: readonly string[], isFirst: (key: string) => boolean): Generator<SourceRecord> {
  if (fields.length !== COLUMNS.length) {
    return yield rejected(place, 'malformed row', `${fields.length} fields instead of ${COLUMNS.length}`)
  }
  const cell = (name: (typeof COLUMNS)[number]): string => fields[COLUMNS.indexOf(name)]!.trim()
  const disease = normaliseCurie(cell('database_id'))
  const term = normaliseCurie(cell('hpo_id'))
  if (disease === null || cell('disease_name') === '')
    return yield rejected(place, 'disease without identifier or name', fields[0]!)
  if (term === null || !term.startsWith('HP:')) return yield rejected(place, 'no HPO term', cell('hpo_id'))
  const aspect = cell('aspect')
  if (aspect !== 'P' && aspect !== 'I') {
    return yield rejected(place, otherAspects.get(aspect) ?? 'aspect unknown', `${aspect} ${term}`)
  }
  const isDenied = cell('qualifier').toUpperCase() === 'NOT'
  if (isDenied && aspect === 'I') return yield rejected(place, 'denied inheritance', term)
  if (isFirst(disease)) {
    yield entityRecord(place, { key: disease, label: cell('disease_name'), type: 'disease' })
  }
  const inheritance = inheritanceTerms.get(term)
  if (aspect === 'I' && inheritance !== undefined && isFirst(term)) {
    yield entityRecord(place, { key: term, label: inheritance, type: 'inheritance' })
  }
  const relation = aspect === 'I' ? 'inherited_as' : isDenied ? 'lacks_finding' : 'has_finding'
  const qualifiers = {
    frequency: cell('frequency'),
    onset: cell('onset'),
    sex: cell('sex'),
    modifier: cell('modifier'),
    evidence: cell('evidence'),
    reference: cell('reference'),
  }
  yield tripleRecord(place, disease, relation, term, { qualifiers })
}
