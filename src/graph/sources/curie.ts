/** Identifiers as CURIEs of one spelling: prefix in capitals, local part as its authority writes it. */

import type { EntityType } from '../types.ts'

type PrefixRow = {
  readonly prefix: string
  /** Other spellings, in capitals. */
  readonly aliases?: readonly string[]
  /** What an identifier of this prefix names, when all of them name one kind of thing. */
  readonly type?: EntityType
  /** Local parts are numbers of so many digits, though some files leave the zeros out. */
  readonly digits?: number
  readonly isUpperCase?: true
}

const rows: readonly PrefixRow[] = [
  { prefix: 'DOID', type: 'disease' },
  { prefix: 'MONDO', type: 'disease', digits: 7 },
  { prefix: 'ORPHA', aliases: ['ORDO', 'ORPHANET'], type: 'disease' },
  { prefix: 'OMIM', aliases: ['MIM'] },
  { prefix: 'OMIMPS', aliases: ['MIMPS'], type: 'disease' },
  { prefix: 'DECIPHER', type: 'disease' },
  { prefix: 'HP', aliases: ['HPO'], type: 'finding', digits: 7 },
  { prefix: 'SYMP', type: 'finding', digits: 7 },
  { prefix: 'UBERON', type: 'anatomy', digits: 7 },
  { prefix: 'CL', type: 'anatomy', digits: 7 },
  { prefix: 'FMA', type: 'anatomy' },
  // A substance: that it is given as a drug, ChEBI does not say of its identifiers.
  { prefix: 'CHEBI', type: 'exposure' },
  { prefix: 'FOODON', type: 'exposure' },
  { prefix: 'ECTO', type: 'exposure', digits: 7 },
  { prefix: 'NCBITAXON', aliases: ['NCBITAX', 'TAXON'], type: 'organism' },
  { prefix: 'HGNC', type: 'gene' },
  { prefix: 'NCBIGENE', aliases: ['ENTREZ', 'ENTREZGENE', 'GENEID', 'NCBI_GENE'], type: 'gene' },
  { prefix: 'ENSEMBL', type: 'gene' },
  { prefix: 'PR', type: 'protein' },
  { prefix: 'UNIPROTKB', aliases: ['UNIPROT'], type: 'protein' },
  { prefix: 'TRANS', type: 'route' },
  { prefix: 'MAXO', type: 'procedure', digits: 7 },
  { prefix: 'LOINC', aliases: ['LNC'], type: 'test' },
  { prefix: 'DRUGBANK', type: 'drug' },
  { prefix: 'RXNORM', aliases: ['RXCUI', 'RXNORM_CUI'], type: 'drug' },
  { prefix: 'UNII' },
  { prefix: 'ATC' },
  { prefix: 'NDFRT' },
  { prefix: 'GO', digits: 7 },
  { prefix: 'MESH', aliases: ['MSH'] },
  { prefix: 'UMLS', aliases: ['UMLS_CUI', 'CUI'] },
  { prefix: 'NCIT', aliases: ['NCI', 'NCI_THESAURUS'] },
  { prefix: 'ICD10CM', aliases: ['ICD-10-CM', 'ICD10_CM'], isUpperCase: true },
  { prefix: 'ICD10', aliases: ['ICD-10', 'ICD10WHO'], isUpperCase: true },
  { prefix: 'ICD9CM', aliases: ['ICD9', 'ICD-9', 'ICD-9-CM', 'ICD9CM_2005', 'ICD9CM_2006'], isUpperCase: true },
  { prefix: 'ICD11', aliases: ['ICD11.FOUNDATION', 'ICD-11'] },
  { prefix: 'ICDO', aliases: ['ICD-O', 'ICD-O-3'] },
  { prefix: 'SNOMEDCT', aliases: ['SCTID', 'SNOMED', 'SNOMEDCT_US', 'SCT'] },
  { prefix: 'MEDDRA', aliases: ['MDR'] },
  { prefix: 'GARD' },
  { prefix: 'EFO' },
  { prefix: 'KEGG' },
  { prefix: 'WIKIDATA', aliases: ['WD', 'WIKIDATA.ENTITY'] },
]

const rowOf: ReadonlyMap<string, PrefixRow> = new Map(
  rows.flatMap((row) => [row.prefix, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
)
/** Schemes of addresses and notes: they look like prefixes and identify nothing. */
const schemes: ReadonlySet<string> = new Set(['HTTP', 'HTTPS', 'URL', 'FTP', 'MAILTO', 'ISBN', 'PMID', 'DOI', 'ORCID'])
const prefixPattern = /^[A-Z][A-Z0-9_.-]{0,39}$/
const localPattern = /^[^\s|"'<>]{1,80}$/

/** The CURIE of one spelling, or null when the text is no identifier: `Orphanet:558` gives `ORPHA:558`. */
export function normaliseCurie(text: string): string | null {
  const colon = text.indexOf(':')
  if (colon <= 0) return null
  const spelled = text.slice(0, colon).trim().toUpperCase()
  const local = text.slice(colon + 1).trim()
  if (schemes.has(spelled) || !prefixPattern.test(spelled) || !localPattern.test(local)) return null
  // SNOMED CT prefixes carry the date of the release: SNOMEDCT_US_2023_03_01.
  const row = rowOf.get(spelled.startsWith('SNOMEDCT_US') ? 'SNOMEDCT' : spelled)
  if (row === undefined) return `${spelled}:${local}`
  if (row.digits !== undefined && /^\d+$/.test(local)) return `${row.prefix}:${local.padStart(row.digits, '0')}`
  return `${row.prefix}:${row.isUpperCase === true ? local.toUpperCase() : local}`
}

/** What an identifier names, judged by its prefix alone; null when that does not tell. */
export function typeOfKey(key: string): EntityType | null {
  return rowOf.get(key.slice(0, Math.max(0, key.indexOf(':'))))?.type ?? null
}

/** A key for something that the source only names: `DO-FILLER:body_of_uterus`. */
export function nameKey(prefix: string, name: string): string {
  return `${prefix}:${name.trim().replace(/\s+/gu, '_')}`
}

const purls: readonly (readonly [string, string])[] = [
  ['http://purl.obolibrary.org/obo/', ''],
  ['http://www.orpha.net/ORDO/Orphanet_', 'ORPHA:'],
  ['http://www.ebi.ac.uk/efo/EFO_', 'EFO:'],
  ['http://identifiers.org/hgnc/', 'HGNC:'],
  ['http://identifiers.org/mesh/', 'MESH:'],
  ['http://identifiers.org/medgen/', 'MEDGEN:'],
  ['http://identifiers.org/snomedct/', 'SNOMEDCT:'],
  ['http://id.nlm.nih.gov/mesh/', 'MESH:'],
  ['http://www.wikidata.org/entity/', 'WIKIDATA:'],
  ['http://linkedlifedata.com/resource/umls/id/', 'UMLS:'],
  ['http://snomed.info/id/', 'SNOMEDCT:'],
  ['https://omim.org/entry/', 'OMIM:'],
]

/** The CURIE of an IRI of a known authority, or null: `http://purl.obolibrary.org/obo/DOID_4` gives `DOID:4`. */
export function curieOfIri(iri: string): string | null {
  for (const scheme of ['', 'https']) {
    const text = scheme === '' ? iri : iri.replace(/^https:/, 'http:')
    for (const [start, prefix] of purls) {
      if (!text.startsWith(start)) continue
      const local = text.slice(start.length)
      if (prefix !== '') return normaliseCurie(`${prefix}${local}`)
      const underscore = local.lastIndexOf('_')
      return underscore <= 0 ? null : normaliseCurie(`${local.slice(0, underscore)}:${local.slice(underscore + 1)}`)
    }
  }
  return null
}

const licenses: readonly (readonly [string, string])[] = [
  ['creativecommons.org/publicdomain/zero/1.0', 'CC0-1.0'],
  ['creativecommons.org/licenses/by/4.0', 'CC-BY-4.0'],
  ['creativecommons.org/licenses/by/3.0', 'CC-BY-3.0'],
  ['creativecommons.org/licenses/by-sa/4.0', 'CC-BY-SA-4.0'],
  ['creativecommons.org/licenses/by-nc-sa/4.0', 'CC-BY-NC-SA-4.0'],
]

/** The SPDX name of a licence that a file gives by address; any other text as it stands. */
export function licenseName(text: string): string {
  return licenses.find(([address]) => text.includes(address))?.[1] ?? text
}
