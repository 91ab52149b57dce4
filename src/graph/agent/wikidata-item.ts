import { isRecord } from '../is-record.ts'
import { normaliseCurie } from '../sources/curie.ts'

export type WikidataItem = {
  /** `Q…`; another one than asked for when items were merged. */
  readonly id: string
  readonly label: string | null
  readonly labelZh: string | null
  readonly aliases: readonly string[]
  /** Identifiers elsewhere as CURIEs, prefix in capitals. */
  readonly xrefs: readonly string[]
}

/** Properties with identifiers of other vocabularies (data.md §3.2) and the prefix of their CURIEs, spelled as in curie.ts. */
const identifiers: readonly (readonly [string, string])[] = [
  ['P699', 'DOID'],
  ['P494', 'ICD10'],
  ['P486', 'MESH'],
  ['P1550', 'ORPHA'],
  ['P3841', 'HP'],
  ['P2892', 'UMLS'],
]
const MAX_ALIASES = 50

/** An item as `wbgetentities` gives it; null when it does not exist or is none. */
export function readItem(value: unknown): WikidataItem | null {
  if (!isRecord(value) || value.missing !== undefined) return null
  const { id } = value
  if (typeof id !== 'string' || !/^Q\d{1,12}$/.test(id)) return null
  return {
    id,
    label: valueIn(value.labels, 'en'),
    labelZh: valueIn(value.labels, 'zh'),
    aliases: aliasesOf(value.aliases),
    xrefs: xrefsOf(value.claims),
  }
}

function valueIn(labels: unknown, language: string): string | null {
  const label = isRecord(labels) ? labels[language] : undefined
  return isRecord(label) && typeof label.value === 'string' && label.value.trim() !== '' ? label.value.trim() : null
}

function aliasesOf(aliases: unknown): string[] {
  const rows = isRecord(aliases) && Array.isArray(aliases.en) ? aliases.en : []
  const names = rows.flatMap((row): string[] => (isRecord(row) && typeof row.value === 'string' ? [row.value] : []))
  return names.filter((name) => name.length <= 120).slice(0, MAX_ALIASES)
}

function xrefsOf(claims: unknown): string[] {
  if (!isRecord(claims)) return []
  const found = identifiers.flatMap(([property, prefix]) => {
    const statements = claims[property]
    return Array.isArray(statements) ? statements.flatMap((statement) => curieOf(statement, prefix)) : []
  })
  return [...new Set(found)]
}

function curieOf(statement: unknown, prefix: string): string[] {
  if (!isRecord(statement) || statement.rank === 'deprecated') return []
  const snak = statement.mainsnak
  const value = isRecord(snak) && isRecord(snak.datavalue) ? snak.datavalue.value : undefined
  if (typeof value !== 'string') return []
  // DOID and HP stand in Wikidata with their prefix, the others without.
  const local = value.startsWith(`${prefix}:`) ? value.slice(prefix.length + 1) : value
  const curie = /^[A-Za-z0-9.]{1,40}$/.test(local) ? normaliseCurie(`${prefix}:${local}`) : null
  return curie === null ? [] : [curie]
}
