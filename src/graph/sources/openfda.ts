import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { createLinker } from '../linking.ts'
import type { EntityRecord, KnowledgeSource, LexiconEntry, SourceInput, SourceRecord } from '../types.ts'
import { nameKey, normaliseCurie } from './curie.ts'
import { streamObjects } from './json-stream.ts'
import { type LabelClaim, readSection, sectionNames } from './openfda-claims.ts'
import { createFirsts, entityRecord, fileOf, joins, type Place, rejected, tripleRecord } from './source-kit.ts'

const FILE = 'drug-label-….json'

/**
 * Drug labels of openFDA: each drug, and, with a lexicon of known diseases and drugs, what a label says in plain patterns
 * ("contraindicated in patients with …"), with the sentence that says it.
 */
export const openfda: KnowledgeSource = {
  name: 'openfda',
  title: 'openFDA drug labels',
  files: [FILE],
  license: 'CC0-1.0 (public domain of the United States; openFDA terms of service)',
  isPublishable: true,
  readsText: true,
  families: ['openfda'],
  closedRelations: [],
  testedOn: 'written samples',
  read: (input) => readLabels(input),
}

const texts = z.array(z.string()).optional()
const labelSchema = z.looseObject({
  id: z.string().optional(),
  set_id: z.string().optional(),
  openfda: z
    .looseObject({ generic_name: texts, brand_name: texts, substance_name: texts, rxcui: texts, unii: texts })
    .optional(),
  ...Object.fromEntries(sectionNames.map((name) => [name, texts])),
})
const metaSchema = z.looseObject({ last_updated: z.string().optional() })
type Label = z.infer<typeof labelSchema>

type Reader = {
  readonly lexicon: { readonly find: ReturnType<typeof createLinker>['find'] } | null
  readonly isFirst: (key: string) => boolean
}

async function* readLabels(input: SourceInput): AsyncGenerator<SourceRecord> {
  const file = fileOf(input, 'openfda', FILE)
  const entries: readonly LexiconEntry[] = input.lexicon ?? []
  const reader: Reader = { lexicon: entries.length === 0 ? null : createLinker(entries), isFirst: createFirsts() }
  if (reader.lexicon === null) yield rejected({ file, line: 1 }, 'needs a lexicon', 'only drugs are read, no triples')
  let isKnown = false
  let isPublishable = true
  const closedKeys = new Set(entries.flatMap((entry) => (entry.isPublishable === false ? entry.key : [])))
  for await (const { path, value, line } of streamObjects(file, ['meta', 'results'])) {
    isKnown = true
    if (path === 'meta') {
      const meta = metaSchema.safeParse(value)
      if (meta.success && meta.data.last_updated !== undefined)
        yield { kind: 'about', revision: meta.data.last_updated }
      continue
    }
    for (const record of readLabel({ file, line }, value, reader)) {
      if (record.kind === 'triple' && (closedKeys.has(record.head) || closedKeys.has(record.tail)))
        isPublishable = false
      yield record
    }
  }
  if (!isKnown) {
    throw new DataError('these are no drug labels: there is neither "meta" nor "results"', {
      file,
      hint: 'expected a file of open.fda.gov/apis/drug/label/download, unzipped',
    })
  }
  // A triple that was found by the name of a closed vocabulary has an identifier of it.
  if (!isPublishable) yield { kind: 'about', isPublishable }
}

function* readLabel(place: Place, value: unknown, reader: Reader): Generator<SourceRecord> {
  const parsed = labelSchema.safeParse(value)
  if (!parsed.success) return yield rejected(place, 'malformed label', z.prettifyError(parsed.error))
  const label = parsed.data
  const names = label.openfda?.generic_name ?? []
  if (names.length === 0) return yield rejected(place, 'label without a generic name', label.id ?? '')
  const substances = label.openfda?.substance_name ?? names
  // What a label of two substances says of them together it says of neither alone.
  if (names.length > 1 || substances.length > 1 || / (?:and|with) |,/i.test(names[0]!)) {
    return yield rejected(place, 'label of several substances', names.join(' + '))
  }
  const drug = drugOf(place, label, names[0]!)
  if (reader.isFirst(drug.key)) yield drug
  if (reader.lexicon !== null) yield* readSections(place, label, drug, reader.lexicon)
}

function drugOf(place: Place, label: Label, name: string): EntityRecord {
  const { rxcui = [], unii = [], brand_name: brands = [] } = label.openfda ?? {}
  // A label has one identifier of the substance and many of its packages.
  const key = unii.length === 1 ? normaliseCurie(`UNII:${unii[0]!}`) : null
  const xrefs = rxcui.length === 1 ? [normaliseCurie(`RXNORM:${rxcui[0]!}`)] : []
  return entityRecord(place, {
    key: key ?? nameKey('OPENFDA', name.toLowerCase()),
    label: name.toLowerCase(),
    type: 'drug',
    synonyms: brands.length === 1 ? brands : [],
    xrefs: xrefs.filter((xref) => xref !== null),
  })
}

function* readSections(
  place: Place,
  label: Label,
  drug: EntityRecord,
  lexicon: NonNullable<Reader['lexicon']>,
): Generator<SourceRecord> {
  const url =
    label.set_id === undefined ? undefined : `https://dailymed.nlm.nih.gov/dailymed/lookup.cfm?setid=${label.set_id}`
  const isFirstHere = createFirsts()
  for (const section of sectionNames) {
    const passages = label[section] as readonly string[] | undefined
    for (const claim of (passages ?? []).flatMap((passage) => readSection(section, passage, lexicon.find))) {
      yield* readClaim(place, claim, drug, url, isFirstHere)
    }
  }
}

function* readClaim(
  place: Place,
  claim: LabelClaim,
  drug: EntityRecord,
  url: string | undefined,
  isFirstHere: (key: string) => boolean,
): Generator<SourceRecord> {
  const { relation, entry, quote, isHeadNamed } = claim
  if (claim.problem !== null) return yield rejected(place, claim.problem, quote)
  if (entry.key === drug.key || entry.name.toLowerCase() === drug.label) return
  const [head, tail] = isHeadNamed ? [entry, drug] : [drug, entry]
  if (!joins(relation, head.type, tail.type) || !isFirstHere(`${head.key} ${relation} ${tail.key}`)) return
  // Entities of the lexicon are named by the sources it was made from.
  yield tripleRecord(place, head.key, relation, tail.key, { quote, ...(url === undefined ? {} : { url }) })
}
