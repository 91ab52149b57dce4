import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AuditError, DataError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'
import { clinicalSchema } from './clinical.ts'
import { checkParts } from './packed/check.ts'
import type { PackedParts } from './packed/parts.ts'
import { packTriples, partsOf } from './packed.ts'
import { graphFile, readPacked, writePacked } from './packed-file.ts'

const root = mkdtempSync(join(tmpdir(), 'packed-file-'))
afterAll(() => rmSync(root, { recursive: true }))

const graph = packTriples(
  clinicalSchema,
  [
    { label: 'measles', type: 'disease', synonyms: ['rubeola'], keys: ['DOID:8622'], rarity: 'uncommon' },
    { label: 'rubella', type: 'disease', labelZh: '风疹' },
    { label: 'fever', type: 'finding' },
  ],
  [
    ['measles', 'has_finding', 'fever'],
    ['rubella', 'has_finding', 'fever'],
    ['measles', 'mimicked_by', 'rubella'],
  ],
)
const dir = join(root, 'whole', 'graph')
writePacked(dir, graph)
const whole = readFileSync(join(dir, graphFile))
let folders = 0

/** What reading these bytes as a graph file throws. */
function faultOf(bytes: Uint8Array): unknown {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  writeFileSync(join(folder, graphFile), bytes)
  try {
    readPacked(folder)
  } catch (cause) {
    return cause
  } finally {
    rmSync(folder, { recursive: true })
  }
  return null
}

test('a graph comes back from its file as it was', () => {
  const back = readPacked(dir)
  expect(back.hash).toBe(graph.hash)
  expect(back.schema.relations).toEqual(graph.schema.relations)
  expect(back.sources).toEqual(graph.sources)
  expect([back.labelOf(0), back.labelZhOf(1), back.synonymsOf(0), back.keysOf(0)]).toEqual([
    'measles',
    '风疹',
    ['rubeola'],
    ['DOID:8622'],
  ])
  expect(back.find('Rubeola')).toEqual([0])
  const triple = back.findTriple(1, back.relationOf('has_finding'), 2)
  expect(back.originsOf(triple)).toEqual(graph.originsOf(triple))
  expect(back.tripleIdOf(triple)).toBe(graph.tripleIdOf(triple))
  expect([...back.neighbours(2, back.relationOf('has_finding'), true)]).toEqual([0, 1])
})

test('the same graph is written as the same bytes', () => {
  const again = join(root, 'again')
  expect(writePacked(again, readPacked(dir))).toEqual(['graph.bin'])
  expect(readFileSync(join(again, graphFile)).equals(whole)).toBe(true)
})

test('a file cut anywhere is refused', () => {
  for (let size = 0; size < whole.length; size += size < 400 ? 7 : 251) {
    expect(faultOf(whole.subarray(0, size)), `cut at ${size}`).toBeInstanceOf(AuditError)
  }
  expect(faultOf(whole.subarray(0, whole.length - 1))).toBeInstanceOf(AuditError)
  expect(faultOf(Buffer.concat([whole, Buffer.of(0)]))).toBeInstanceOf(AuditError)
})

test('a file with one bit flipped anywhere is refused', () => {
  const rng = createRng(1, 'flips')
  const prefix = Array.from({ length: 20 }, (_, index) => index)
  const drawn = Array.from({ length: 150 }, () => rng.int(whole.length))
  for (const place of [...prefix, ...drawn, whole.length - 1]) {
    const bytes = Buffer.from(whole)
    bytes[place]! ^= 1 << rng.int(8)
    expect(faultOf(bytes), `flipped at ${place}`).toBeInstanceOf(AuditError)
  }
})

test('a size that is not there is refused before memory is asked for', () => {
  const bytes = Buffer.from(whole)
  bytes.writeUInt32LE(0xffff_ffff, 12)
  expect(faultOf(bytes)).toMatchObject({
    message: expect.stringContaining('says that its header has 4294967295 bytes'),
  })
})

test('a folder without a graph file is named', () => {
  expect(() => readPacked(join(root, 'nowhere'))).toThrow(DataError)
})

test('columns that point outside the graph are found, each with its name', () => {
  const parts = partsOf(graph)
  const withEntities = (change: Partial<PackedParts['entities']>): PackedParts => ({
    ...parts,
    entities: { ...parts.entities, ...change },
  })
  const faults: readonly (readonly [string, PackedParts])[] = [
    ['column "heads" holds 3, but there are 3', { ...parts, heads: Int32Array.of(0, 0, 3) }],
    ['column "tails" holds -1, but there are 3', { ...parts, tails: Int32Array.of(-1, 1, 2) }],
    ['triple 1 is out of order', { ...parts, heads: Int32Array.of(1, 0, 1) }],
    ['the columns of triples differ in length', { ...parts, tails: Int32Array.of(2, 1) }],
    ['column "relations" holds 999', { ...parts, relations: Uint16Array.of(1, 999, 1) }],
    ['column "entities.types" holds 200', withEntities({ types: Uint8Array.of(200, 0, 0) })],
    ['column "entities.labels" holds 99', withEntities({ labels: Uint32Array.of(99, 1, 2) })],
    ['column "originOffsets" goes back at row 1', { ...parts, originOffsets: Uint32Array.of(0, 2, 1, 3) }],
    ['column "originOffsets" ends at 9, not at 3', { ...parts, originOffsets: Uint32Array.of(0, 1, 2, 9) }],
    ['column "texts" does not start every row', { ...parts, texts: { ...parts.texts, offsets: Uint32Array.of(1) } }],
    ['column "originSources" holds 1', { ...parts, originSources: Uint16Array.of(0, 1, 0) }],
    [
      'a qualifier has no value',
      { ...parts, qualifiers: { offsets: Uint32Array.of(0, 1, 1, 1), values: Uint32Array.of(1) } },
    ],
    [
      'name 0 is out of order',
      { ...parts, names: { ...parts.names, hashes: parts.names.hashes.map(() => Number.NaN) } },
    ],
  ]
  expect(checkParts(parts)).toBeNull()
  for (const [message, broken] of faults) expect(checkParts(broken)).toContain(message)
})
