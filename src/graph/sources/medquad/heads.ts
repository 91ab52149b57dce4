import { exactNameKey, foldedNameKey } from '../../../text/entity-name.ts'
import type { EntityType, Rarity } from '../../types.ts'
import type { MedquadDocument } from './documents.ts'
import { medquadKey } from './vocabulary.ts'

/** What a document is about, as an entity. */
export type Head = {
  readonly key: string
  readonly label: string
  readonly type: Extract<EntityType, 'disease' | 'finding'>
  readonly synonyms: readonly string[]
  readonly rarity?: Rarity
  /** Folded keys of everything the page may call it. */
  readonly nameKeys: ReadonlySet<string>
}

/** The head of a document, or why it has none. */
type HeadOrNone = { readonly kind: 'head'; readonly head: Head } | { readonly kind: 'none'; readonly reason: string }

/** UMLS semantic types of diseases; T033 (finding) and T184 (sign or symptom) alone make a finding. */
const diseaseTypes = new Set(['T047', 'T191', 'T048', 'T019', 'T046', 'T049', 'T020', 'T190', 'T037'])
const findingTypes = new Set(['T033', 'T184'])

const guidePrefix = /^what i need to know about /i
/** First words of pages that are about doing something, not about one disease. */
const topicPrefix =
  /^(?:\d+ |am i |i can |your |how |facing |overview |treatment |nutrition |living |causes |diagnosis |prevent |monitor |choosing |financial |growth failure |preparing |physical activity |neurological |smoking |sexual |heart-healthy |quitting |understanding |managing |coping )/i
const topicWords =
  /\b(?:your|my|vaccination|vaccines?|prevention|therapy|caregivers|pregnancy|control for|settings|electrocardiogram|toxins|resource list|transplant\w*|tests?|screening|surgery|medicines?|information for|problems of|risk factors)\b/i
const groups =
  /\b(?:diseases|disorders|injuries|problems|defects|abnormalities|wounds|conditions|syndromes|tumors|cancers|poisoning|(?:viral|bacterial|fungal|parasitic) infections)$/i
const population = / in (?:adults|children(?: and teens)?|men|women|males|newborns|infants|childhood|teens)$/i
/** CDC pages carry no semantic types: these endings name diseases. */
const diseaseEnding =
  /(?:iasis|[^o]sis|osis|itis|ism|disease|fever|encephalitis|choriomeningitis|infection|syndrome|flu|rabies|scabies)$/i

/** Words that lost their letters with accents when the collection was made. */
const repaired: readonly (readonly [RegExp, string])[] = [
  [/\bMntrier(?:'?s)?\b/, "Ménétrier's"],
  [/\bGuillain-Barr\b/, 'Guillain-Barré'],
  [/\bSchnlein\b/, 'Schönlein'],
  [/\bSjgren/, 'Sjögren'],
  [/\bKlver\b/, 'Klüver'],
  [/\bcaf au lait\b/, 'café au lait'],
  [/\bTourettes\b/, "Tourette's"],
]

/**
 * The one disease (or finding) that a document is about, or why there is none.
 *
 * @param hasOwnCui whether this CUI names only this disease, see {@link ownCuis}
 */
export function headOf(document: MedquadDocument, hasOwnCui: (document: MedquadDocument) => boolean): HeadOrNone {
  const isGard = document.source === 'GARD'
  const name = readFocus(document.focus)
  if (name === null) return { kind: 'none', reason: 'no focus' }
  if (!isGard && /\b(?:and|or|of the)\b.* (?:and|or) |\band\b|\bor\b|[;:&]| - |\//.test(name.label)) {
    return { kind: 'none', reason: 'focus is not one disease' }
  }
  if (/;/.test(name.label)) return { kind: 'none', reason: 'focus is not one disease' }
  if (!isGard && (topicPrefix.test(name.label) || topicWords.test(name.label))) {
    return { kind: 'none', reason: 'focus is a topic' }
  }
  if (groups.test(name.label)) return { kind: 'none', reason: 'focus is a group of diseases' }
  const type = headType(document, name.label)
  if (type === null) return { kind: 'none', reason: 'focus is no disease' }
  const names = distinctNames(name.label, [...name.others, ...document.synonyms])
  // MedlinePlus lists what its topics cover ("Hemiplegia" under Paralysis), not other names of one thing.
  const synonyms = document.source === 'MPlusHealthTopics' ? distinctNames(name.label, name.others) : names
  const cui = document.cuis[0]
  const key =
    cui !== undefined && document.cuis.length === 1 && hasOwnCui(document)
      ? `UMLS:${cui}`
      : medquadKey(name.label, type)
  return {
    kind: 'head',
    head: {
      key,
      label: name.label,
      type,
      synonyms,
      ...(isGard && type === 'disease' ? { rarity: 'rare' as const } : {}),
      nameKeys: new Set([name.label, document.focus, ...names].map(foldedNameKey)),
    },
  }
}

/**
 * The same subjects, pages of one name under one key: that of the first of them which has a CUI, else the first.
 */
export function uniteHeads<Row extends { readonly subject: HeadOrNone }>(rows: readonly Row[]): Row[] {
  const keys = new Map<string, string>()
  const nameOf = (head: Head): string => `${head.type}\n${foldedNameKey(head.label)}`
  for (const { subject } of rows) {
    if (subject.kind === 'none') continue
    const name = nameOf(subject.head)
    const key = keys.get(name)
    if (key === undefined || (!key.startsWith('UMLS:') && subject.head.key.startsWith('UMLS:'))) {
      keys.set(name, subject.head.key)
    }
  }
  return rows.map((row) => {
    if (row.subject.kind === 'none') return row
    const { head } = row.subject
    return { ...row, subject: { kind: 'head', head: { ...head, key: keys.get(nameOf(head)) ?? head.key } } }
  })
}

/**
 * Tells documents whose single CUI names their disease and no other of these documents. The collection gives many pages
 * the CUI of a part of their name ("syndrome", "Charcot-Marie-Tooth disease" for each of its types); a CUI that pages
 * of different names share is a key of none of them.
 */
export function ownCuis(documents: Iterable<MedquadDocument>): (document: MedquadDocument) => boolean {
  const namesOf = new Map<string, Set<string> | null>()
  for (const document of documents) {
    const name = readFocus(document.focus)
    if (name === null) continue
    const names = [name.label, ...name.others, ...document.synonyms].map(foldedNameKey)
    for (const cui of new Set(document.cuis)) {
      const known = namesOf.get(cui)
      if (known === null) continue
      if (known === undefined) namesOf.set(cui, new Set(names))
      else if (known.has(foldedNameKey(name.label))) for (const other of names) known.add(other)
      else namesOf.set(cui, null)
    }
  }
  return (document) => {
    const cui = document.cuis[0]
    return cui !== undefined && document.cuis.length === 1 && namesOf.get(cui) instanceof Set
  }
}

function headType(document: MedquadDocument, label: string): Head['type'] | null {
  const types = document.semanticTypes
  if (document.source === 'GARD' || types.some((type) => diseaseTypes.has(type))) return 'disease'
  if (types.some((type) => findingTypes.has(type))) return 'finding'
  if (document.source === 'CDC' && types.length === 0 && diseaseEnding.test(label)) return 'disease'
  return null
}

/** The name without guide words, parentheses and population, with what stood in the parentheses. */
function readFocus(focus: string): { readonly label: string; readonly others: readonly string[] } | null {
  let label = focus.trim().replace(guidePrefix, '')
  if (label.startsWith('Parasites - ')) label = label.slice('Parasites - '.length).replace(/^Lice - /, '')
  const others: string[] = []
  const open = label.indexOf(' (')
  if (open > 0 && label.endsWith(')')) {
    const inner = label.slice(open + 2, -1).replace(/^also known as /i, '')
    if (/^[^()]{2,60}$/.test(inner)) {
      others.push(inner)
      label = label.slice(0, open)
    }
  }
  label = label.replace(population, '').trim()
  for (const [broken, whole] of repaired) label = label.replace(broken, whole)
  return label.length < 2 || exactNameKey(label) === '' ? null : { label, others }
}

function distinctNames(label: string, names: readonly string[]): string[] {
  const seen = new Set([exactNameKey(label)])
  return names
    .map((name) => name.trim())
    .filter((name) => {
      const key = exactNameKey(name)
      if (key === '' || seen.has(key)) return false
      seen.add(key)
      return true
    })
}
