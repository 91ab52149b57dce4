import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { idOf, tinyGraph } from '../fixtures/tiny-graph.ts'
import type { Graph } from '../graph.ts'
import { starterSchema } from '../schema.ts'
import { readTables } from './tables.ts'

const root = mkdtempSync(join(tmpdir(), 'tables-'))
afterAll(() => rmSync(root, { recursive: true }))

const sourceYaml = 'name: test\nrevision: "7"\nlicense: CC0-1.0\n'
const entityHeader = 'label\ttype\trarity\tsynonyms'
const tripleHeader = 'head\trelation\ttail'
const entityLines = [
  entityHeader,
  'measles\tdisease\tuncommon\trubeola | morbilli',
  'rubella\tdisease\trare\t',
  'Koplik spots\tfinding\t\t',
  'fever\tfinding\t\t',
]
const tripleLines = [
  tripleHeader,
  'measles\thas_hallmark\tKoplik spots',
  'measles\tmimicked_by\trubella',
  'rubella\thas_finding\tfever',
]

type Files = Readonly<Record<string, string | Uint8Array>>

const goodFiles: Files = {
  'source.yaml': sourceYaml,
  'entities/all.tsv': `${entityLines.join('\n')}\n`,
  'triples/all.tsv': `${tripleLines.join('\n')}\n`,
}

let folders = 0

/** A folder of these files; those of `goodFiles` that `changes` does not name are there too. */
function folder(changes: Files = {}): string {
  folders += 1
  const dir = join(root, String(folders))
  for (const [name, text] of Object.entries({ ...goodFiles, ...changes })) {
    mkdirSync(join(dir, name, '..'), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

/** The lines with line `line` (from 1) replaced, or put behind the last one. */
const withLine = (lines: readonly string[], line: number, text: string): string =>
  [...lines.slice(0, line - 1), text, ...lines.slice(line)].join('\n')

function errorOf(dir: string): DataError {
  try {
    readTables(dir, starterSchema)
  } catch (cause) {
    if (cause instanceof DataError) return cause
    throw cause
  }
  throw new DataError('nothing was thrown')
}

test('tables are read with their synonyms, rarities and places', () => {
  const dir = folder()
  const graph = readTables(dir, starterSchema)
  expect(graph.entities[0]).toEqual({
    id: idOf(graph, 'measles'),
    label: 'measles',
    type: 'disease',
    rarity: 'uncommon',
    synonyms: ['rubeola', 'morbilli'],
    origin: { source: 'test', revision: '7', license: 'CC0-1.0', file: join(dir, 'entities/all.tsv'), line: 2 },
  })
  expect(Object.keys(graph.entities[2]!)).not.toContain('rarity')
  expect(graph.triples.map(({ relation, origin }) => [relation, origin.line])).toEqual([
    ['has_hallmark', 2],
    ['mimicked_by', 3],
    ['has_finding', 4],
  ])
  expect(graph.has(idOf(graph, 'measles'), 'has_hallmark', idOf(graph, 'Koplik spots'))).toBe(true)
})

test('files are read in the order of their names, entities of all before triples of any', () => {
  const graph = readTables(
    folder({
      'entities/all.tsv': [entityHeader, ...entityLines.slice(3)].join('\n'),
      'entities/a.tsv': entityLines.slice(0, 3).join('\n'),
      'entities/notes.txt': 'not a table',
    }),
    starterSchema,
  )
  expect(graph.entities.map(({ label }) => label)).toEqual(['measles', 'rubella', 'Koplik spots', 'fever'])
})

test('comments, blank lines, Windows line ends, a byte-order mark and a missing last newline change nothing', () => {
  const plain = readTables(folder(), starterSchema)
  const noisy = readTables(
    folder({
      'entities/all.tsv': `\ufeff${entityLines.join('\r\n')}`,
      'triples/all.tsv': [tripleHeader, '# measles and its like', '', ...tripleLines.slice(1)].join('\r\n'),
    }),
    starterSchema,
  )
  expect(noisy.hash).toBe(plain.hash)
  expect(noisy.triples.map(({ origin }) => origin.line)).toEqual([4, 5, 6])
})

function writeTables(graph: Graph): Files {
  const entities = graph.entities.map(({ label, type, rarity, synonyms }) =>
    [label, type, rarity ?? '', synonyms.join('|')].join('\t'),
  )
  const triples = graph.triples.map(({ head, relation, tail }) =>
    [graph.entity(head).label, relation, graph.entity(tail).label].join('\t'),
  )
  return {
    'entities/all.tsv': [entityHeader, ...entities].join('\n'),
    'triples/all.tsv': [tripleHeader, ...triples].join('\n'),
  }
}

test('a graph written as tables and read again is the same graph', () => {
  const graph = tinyGraph()
  expect(readTables(folder(writeTables(graph)), starterSchema).hash).toBe(graph.hash)
})

const entityFaults: readonly (readonly [claim: string, line: number, text: string, message: RegExp])[] = [
  ['a line with too few fields', 3, 'rubella\tdisease\trare', /expected 4 tab-separated fields .* found 3/],
  ['a line with too many fields', 3, 'rubella\tdisease\trare\t\t', /expected 4 .* found 5/],
  ['spaces instead of tabs', 3, 'rubella disease rare', /expected 4 .* found 1/],
  ['an empty label', 3, '\tdisease\trare\t', /"" is not a label/],
  ['a label that starts with a space', 3, ' rubella\tdisease\trare\t', /" rubella" is not a label/],
  ['a label that ends with a space', 3, 'rubella \tdisease\trare\t', /"rubella " is not a label/],
  ['a label with a character that splits reasoning', 3, 'rubella; late\tdisease\trare\t', /"rubella; late" is not/],
  ['a label that could be a tag', 3, '<answer>\tdisease\trare\t', /"<answer>" is not a label/],
  ['an empty synonym', 3, 'rubella\tdisease\trare\tGerman measles||', /"" is not a synonym/],
  ['a synonym that could be a question', 3, 'rubella\tdisease\trare\tmeasles?', /"measles\?" is not a synonym/],
  ['an unknown type', 3, 'rubella\tillness\trare\t', /unknown entity type "illness"/],
  ['a disease without rarity', 3, 'rubella\tdisease\t\t', /disease "rubella" needs a rarity/],
  ['a disease of unknown rarity', 3, 'rubella\tdisease\tfrequent\t', /disease "rubella" needs a rarity/],
  ['a rarity on what is no disease', 4, 'Koplik spots\tfinding\trare\t', /rarity "rare" on a finding/],
  ['an entity declared twice', 5, 'measles\tdisease\trare\t', /declared twice, first at .*all\.tsv:2/],
  ['one label for two types', 5, 'measles\tfinding\t\t', /declared twice, first at .*all\.tsv:2/],
  ['a name that two entities have', 5, 'fever\tfinding\t\trubeola', /"rubeola" names both/],
  ['an entity that no triple uses', 6, 'cough\tfinding\t\t', /entity "cough" is in no triple/],
  ['a bad header', 1, 'label\ttype', /the first line must be the header "label<TAB>type<TAB>rarity<TAB>synonyms"/],
]

test.each(entityFaults)('%s is refused at its line, with a remedy', (_, line, text, message) => {
  const dir = folder({ 'entities/all.tsv': withLine(entityLines, line, text) })
  const error = errorOf(dir)
  expect(error.message).toMatch(message)
  expect(error.message.startsWith(`${join(dir, 'entities/all.tsv')}:${line}: `)).toBe(true)
  expect(error.hint).toMatch(/\w{3}/)
})

const tripleFaults: readonly (readonly [claim: string, line: number, text: string, message: RegExp])[] = [
  ['a line with too few fields', 3, 'measles\tmimicked_by', /expected 3 tab-separated fields .* found 2/],
  ['an unknown relation', 3, 'measles\tlooks_like\trubella', /unknown relation "looks_like"/],
  ['the name of an inverse', 3, 'Koplik spots\thallmark_of\tmeasles', /unknown relation "hallmark_of"/],
  ['an undeclared head', 3, 'mumps\tmimicked_by\trubella', /head "mumps" is not declared/],
  ['an undeclared tail', 3, 'measles\tmimicked_by\tmumps', /tail "mumps" is not declared/],
  ['a synonym in place of a label', 3, 'rubeola\tmimicked_by\trubella', /head "rubeola" is not declared/],
  [
    'a head outside of the domain',
    3,
    'fever\thas_finding\tKoplik spots',
    /head "fever" is a finding, but .* takes disease/,
  ],
  [
    'a tail outside of the range',
    3,
    'measles\thas_finding\trubella',
    /tail "rubella" is a disease, but .* takes finding/,
  ],
  ['a triple from an entity to itself', 3, 'measles\tmimicked_by\tmeasles', /"measles" is joined to itself/],
  ['the same triple twice', 5, 'measles\thas_hallmark\tKoplik spots', /the same triple stands at .*all\.tsv:2/],
  ['a bad header', 1, 'head\ttail\trelation', /the first line must be the header "head<TAB>relation<TAB>tail"/],
  ['an empty file', 1, '', /the first line must be the header/],
]

test.each(tripleFaults)('in the triples, %s is refused at its line, with a remedy', (_, line, text, message) => {
  const dir = folder({ 'triples/all.tsv': withLine(tripleLines, line, text) })
  const error = errorOf(dir)
  expect(error.message).toMatch(message)
  expect(error.message.startsWith(`${join(dir, 'triples/all.tsv')}:${line}: `)).toBe(true)
  expect(error.hint).toMatch(/\w{3}/)
})

test.each([
  ['no name', 'revision: "7"\nlicense: CC0-1.0\n', /: must hold name, revision and license: .*\n.*name/],
  ['a key too many', `${sourceYaml}url: here\n`, /url/],
  ['a number where a text belongs', sourceYaml.replace('"7"', '7'), /revision/],
  ['broken YAML', `${sourceYaml}a: [\n`, /source\.yaml:\d: not YAML/],
])('a source.yaml with %s is refused with a remedy', (_, text, message) => {
  const dir = folder({ 'source.yaml': text })
  const error = errorOf(dir)
  expect(error.message).toMatch(message)
  expect(error.message).toContain(join(dir, 'source.yaml'))
  expect(error.hint).toMatch(/revision: /)
})

test.each(['source.yaml', 'entities', 'triples'])('a folder without %s is refused, naming what to point at', (name) => {
  const dir = folder()
  rmSync(join(dir, name), { recursive: true })
  const error = errorOf(dir)
  expect(error.message.startsWith(`${join(dir, name)}: there is no `)).toBe(true)
  expect(error.hint).toMatch(/^point graph\.dir at a folder with entities/)
})

test('a folder that is not there is refused like one without source.yaml', () => {
  expect(errorOf(join(root, 'nowhere')).message).toMatch(/nowhere\/source\.yaml: there is no such file$/)
})

test('bytes that are not UTF-8 are refused, not replaced', () => {
  const latin = Buffer.from(`${entityLines.join('\n')}\nMénière\tfinding\t\t\n`, 'latin1')
  const error = errorOf(folder({ 'entities/all.tsv': latin }))
  expect(error.message).toMatch(/all\.tsv: not UTF-8$/)
})
