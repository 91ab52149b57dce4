import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { owlSample, turtleSample } from './fixtures/ontology-samples.ts'
import { readAll, tally } from './fixtures/read-all.ts'
import { rdf } from './rdf.ts'

const dir = mkdtempSync(join(tmpdir(), 'rdf-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function read(name: string, text: string) {
  const file = join(dir, name)
  writeFileSync(file, text)
  return readAll(rdf, { files: [file] })
}

test('RDF/XML: classes, restrictions and members of intersections are entities and triples', async () => {
  const records = await read('a.owl', owlSample)
  expect(tally(records)).toEqual({
    entities: { anatomy: 1, disease: 2, finding: 1 },
    triples: { affects: 1, has_finding: 1, is_a: 1 },
    rejected: { 'identifier of an unknown authority': 1, obsolete: 1, 'synonym of scope RELATED': 1 },
  })
  expect(records[0]).toEqual({ kind: 'about', revision: '2031-01-02', license: 'CC0-1.0' })
  expect(records[1]).toMatchObject({
    key: 'DOID:1',
    label: 'lobar fever',
    labelZh: '肺叶热',
    synonyms: ['fever of the lobes'],
    xrefs: ['MESH:D000001'],
  })
})

test('Turtle and SKOS: preferred and other names, matches and broader terms', async () => {
  const records = await read('a.ttl', turtleSample)
  expect(tally(records)).toEqual({ entities: { disease: 2 }, triples: { is_a: 1 }, rejected: {} })
  expect(records[0]).toMatchObject({
    key: 'DOID:1',
    labelZh: '肺叶热',
    synonyms: ['fever of the lobes'],
    xrefs: ['MESH:D000001'],
  })
})

const P = 'http://purl.obolibrary.org/obo'
test('N-Triples cites the line of each statement', async () => {
  const records = await read(
    'a.nt',
    [
      `<${P}/DOID_1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2002/07/owl#Class> .`,
      `<${P}/DOID_1> <http://www.w3.org/2000/01/rdf-schema#label> "lobar fever" .`,
      `<${P}/DOID_1> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <${P}/DOID_2> .`,
      `<${P}/DOID_1> <${P}/RO_0004026> <${P}/UBERON_0002048> .`,
      '',
    ].join('\n'),
  )
  expect(records.map((record) => (record.kind === 'about' ? 0 : record.line))).toEqual([1, 4, 3])
  expect(tally(records).triples).toEqual({ affects: 1, is_a: 1 })
})

test('JSON-LD is read, and asks no server for its context', async () => {
  const local = {
    '@context': { label: 'http://www.w3.org/2000/01/rdf-schema#label' },
    '@id': `${P}/DOID_1`,
    '@type': 'http://www.w3.org/2002/07/owl#Class',
    label: 'lobar fever',
  }
  expect(tally(await read('a.jsonld', JSON.stringify(local))).entities).toEqual({ disease: 1 })
  const remote = { ...local, '@context': 'http://127.0.0.1:9/context' }
  await expect(read('b.jsonld', JSON.stringify(remote))).rejects.toThrow('not application/ld+json')
})

test('broken and cut files, and forms that are not known, are refused', async () => {
  await expect(read('cut.owl', owlSample.slice(0, 2000))).rejects.toThrow('the file ends before </rdf:RDF>')
  await expect(read('cut.ttl', turtleSample.slice(0, -20))).rejects.toThrow('not text/turtle')
  await expect(read('wrong.owl', '<rdf:RDF><a></b></rdf:RDF>')).rejects.toThrow('not application/rdf+xml')
  await expect(read('broken.ttl', 'a b c')).rejects.toThrow(/broken\.ttl:1: not text\/turtle/)
  await expect(read('letter.txt', 'hello')).rejects.toThrow('the ending names no form of RDF')
})

test('entities that expand without end, long ones and those of other files are refused before they are parsed', async () => {
  const withEntities = (declarations: string) =>
    read('bomb.owl', owlSample.replace('<rdf:RDF', `<!DOCTYPE rdf:RDF [\n${declarations}]>\n<rdf:RDF`))
  const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">\n`)
  await expect(withEntities(`<!ENTITY e0 "lol">${levels.join('')}`)).rejects.toThrow('that holds another entity')
  await expect(withEntities('<!ENTITY a "x">\n<!ENTITY b\n "&#38;a;">\n')).rejects.toThrow(':5: an entity that holds')
  await expect(withEntities(`<!ENTITY a "${'x'.repeat(600)}">`)).rejects.toThrow('more than 500 characters')
  await expect(withEntities('<!ENTITY a SYSTEM "file:///etc/hostname">')).rejects.toThrow('lies in another file')
  expect(tally(await withEntities('<!ENTITY owl "http://www.w3.org/2002/07/owl#" >')).entities).toMatchObject({
    disease: 2,
  })
})

test('restrictions that hold themselves end', async () => {
  const records = await read(
    'loop.ttl',
    `${turtleSample}\nobo:DOID_2 owl:equivalentClass _:a . _:a owl:intersectionOf _:a .\n`,
  )
  expect(tally(records).entities).toEqual({ disease: 2 })
})
