import { expect, test } from 'vitest'
import { curieOfIri, licenseName, nameKey, normaliseCurie, typeOfKey } from './curie.ts'

test.each([
  ['Orphanet:558', 'ORPHA:558'],
  ['ORDO:558', 'ORPHA:558'],
  ['UMLS_CUI:C0476310', 'UMLS:C0476310'],
  ['icd10cm:g44.009', 'ICD10CM:G44.009'],
  ['MeSH:D006394', 'MESH:D006394'],
  ['MSH:D006394', 'MESH:D006394'],
  ['HP:1945', 'HP:0001945'],
  ['DOID:4', 'DOID:4'],
  ['NCBITaxon:1313', 'NCBITAXON:1313'],
  ['SNOMEDCT_US_2023_03_01:386661006', 'SNOMEDCT:386661006'],
  ['UnheardOf:x1', 'UNHEARDOF:x1'],
])('%s is written %s', (spelled, curie) => {
  expect(normaliseCurie(spelled)).toBe(curie)
})

test.each([
  '',
  'word',
  ':1',
  'A:',
  'https://example.org',
  'url:x',
  'a b:1',
  'MESH:two words',
  'PMID:1',
  `X:${'9'.repeat(100)}`,
])('"%s" is no identifier', (text) => {
  expect(normaliseCurie(text)).toBeNull()
})

test('the prefix tells what is named only where all of a prefix is one kind', () => {
  expect(typeOfKey('DOID:4')).toBe('disease')
  expect(typeOfKey('CHEBI:1')).toBe('exposure')
  expect(typeOfKey('MESH:D1')).toBeNull()
  expect(typeOfKey('no key')).toBeNull()
})

test('addresses of known authorities are identifiers', () => {
  expect(curieOfIri('http://purl.obolibrary.org/obo/DOID_4')).toBe('DOID:4')
  expect(curieOfIri('https://purl.obolibrary.org/obo/HP_0001945')).toBe('HP:0001945')
  expect(curieOfIri('http://www.orpha.net/ORDO/Orphanet_558')).toBe('ORPHA:558')
  expect(curieOfIri('http://www.wikidata.org/entity/Q12')).toBe('WIKIDATA:Q12')
  expect(curieOfIri('http://purl.obolibrary.org/obo/doid')).toBeNull()
  expect(curieOfIri('http://example.org/DOID_4')).toBeNull()
})

test('names become keys without blanks, licences by address become SPDX names', () => {
  expect(nameKey('DO-FILLER', ' zone  of skin ')).toBe('DO-FILLER:zone_of_skin')
  expect(licenseName('http://creativecommons.org/licenses/by/4.0/')).toBe('CC-BY-4.0')
  expect(licenseName('our own')).toBe('our own')
})
