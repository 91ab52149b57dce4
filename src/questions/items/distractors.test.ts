import { expect, test } from 'vitest'
import { clinicalSchema } from '../../graph/clinical.ts'
import { type EntitySketch, packTriples, type TripleSketch } from '../../graph/packed.ts'
import type { GraphSource, PackedGraph } from '../../graph/types.ts'
import { isDoubtful, isOddWording } from './doubts.ts'
import { collectItems, originOf } from './fixtures/collect.ts'
import { entities } from './fixtures/small-graph.ts'
import { readerOf } from './reader.ts'
import { refutePair } from './refutation.ts'
import type { StepName } from './shapes.ts'

const source: GraphSource = {
  name: 'book',
  revision: '1',
  license: 'CC0-1.0',
  isPublishable: true,
  closedRelations: [],
  files: [],
}
const list: GraphSource = { ...source, name: 'list', closedRelations: ['has_finding'] }

function graphOf(sketches: readonly EntitySketch[], triples: readonly TripleSketch[]): PackedGraph {
  return packTriples(clinicalSchema, sketches, triples, [source, list])
}

function judge(graph: PackedGraph, from: string, step: StepName, to: string): string | null {
  const reader = readerOf(graph)
  const numberOf = (label: string): number =>
    Array.from({ length: graph.entityCount }, (_, entity) => entity).find((entity) => graph.labelOf(entity) === label)!
  return refutePair(reader, numberOf(from), reader.hop(step), numberOf(to))?.world ?? null
}

const sketches: EntitySketch[] = [
  ...entities('disease', ['alba', 'borea', 'cinder', 'dorn', 'alba minor']),
  ...entities('finding', ['fever', 'rash', 'limp']),
  ...entities('drug', ['xol', 'yol', 'zol']),
  ...entities('inheritance', ['up', 'down']),
]
const graph = graphOf(sketches, [
  ['alba', 'has_finding', 'fever', 'list'],
  ['borea', 'has_finding', 'rash', 'list'],
  ['borea', 'has_hallmark', 'limp'],
  ['cinder', 'has_finding', 'limp'],
  ['alba minor', 'is_a', 'alba'],
  ['alba minor', 'treated_by', 'zol'],
  ['alba', 'treated_by', 'xol'],
  ['alba', 'not_treated_by', 'yol'],
  ['borea', 'not_treated_by', 'yol'],
  ['borea', 'palliated_by', 'yol'],
  ['cinder', 'treated_by', 'yol'],
  ['alba', 'inherited_as', 'up'],
  ['borea', 'inherited_as', 'down'],
])

test('a denial refutes explicitly, also a narrower relation and the inverse', () => {
  expect(judge(graph, 'alba', 'treated_by', 'yol')).toBe('explicit')
  expect(judge(graph, 'alba', 'first_line', 'yol')).toBe('explicit')
  expect(judge(graph, 'yol', '~treated_by', 'alba')).toBe('explicit')
})

test('a denial beside another relation between the two refutes nothing', () => {
  expect(judge(graph, 'borea', 'treated_by', 'yol')).toBeNull()
})

test('what is true is not refuted, by its relation or a narrower one', () => {
  expect(judge(graph, 'alba', 'treated_by', 'xol')).toBeNull()
  expect(judge(graph, 'borea', 'has_finding', 'limp')).toBeNull()
})

test('a source that lists a relation whole refutes what it knows and leaves out, and nothing it does not know', () => {
  expect(judge(graph, 'alba', 'has_finding', 'rash')).toBe('closed')
  expect(judge(graph, 'alba', 'has_finding', 'limp')).toBeNull()
  expect(judge(graph, 'borea', 'has_finding', 'fever')).toBe('closed')
})

test('silence refutes only where one voice lists the head and uses the option', () => {
  const other: GraphSource = { ...source, name: 'leaflet' }
  const spoken = packTriples(
    clinicalSchema,
    [...entities('disease', ['eros', 'flint', 'gale']), ...entities('finding', ['gait ataxia', 'ptosis', 'weak eyes'])],
    [
      ['eros', 'has_finding', 'gait ataxia', 'book'],
      ['flint', 'has_finding', 'ptosis', 'book'],
      ['flint', 'has_finding', 'weak eyes', 'leaflet'],
      ['gale', 'has_finding', 'weak eyes', 'leaflet'],
    ],
    [source, other],
  )
  expect(judge(spoken, 'eros', 'has_finding', 'ptosis')).toBe('open')
  // "Weak eyes" is the leaflet's word for what the book may have called ptosis.
  expect(judge(spoken, 'eros', 'has_finding', 'weak eyes')).toBeNull()
  expect(judge(spoken, 'gale', 'has_finding', 'ptosis')).toBeNull()
})

test('a whole system of organs is no safe wrong site', () => {
  const sites = packTriples(
    clinicalSchema,
    [...entities('disease', ['hale']), ...entities('anatomy', ['nervous system', 'liver', 'ecosystem'])],
    [['hale', 'affects', 'liver']],
    [source],
  )
  const reader = readerOf(sites)
  const numberOf = (label: string): number => [0, 1, 2, 3].find((entity) => sites.labelOf(entity) === label)!
  const doubts = (site: string): boolean => isDoubtful(reader, numberOf('hale'), reader.hop('affects'), numberOf(site))
  expect(doubts('nervous system')).toBe(true)
  expect(doubts('ecosystem')).toBe(false)
})

test('what a kind of the subject has is not refuted for the subject', () => {
  expect(judge(graph, 'alba', 'treated_by', 'zol')).toBeNull()
  expect(judge(graph, 'cinder', 'treated_by', 'zol')).toBe('open')
})

test('one stated value of a single-valued relation excludes the others', () => {
  expect(judge(graph, 'alba', 'inherited_as', 'down')).toBe('explicit')
  expect(judge(graph, 'cinder', 'inherited_as', 'down')).toBeNull()
})

test('a value that is a kind of another does not exclude it', () => {
  const modes = graphOf(
    [
      ...entities('disease', ['dorn']),
      ...entities('inheritance', [
        'X-linked inheritance',
        'X-linked dominant inheritance',
        'mitochondrial inheritance',
      ]),
    ],
    [['dorn', 'inherited_as', 'X-linked dominant inheritance']],
  )
  expect(judge(modes, 'dorn', 'inherited_as', 'X-linked inheritance')).toBeNull()
  expect(judge(modes, 'dorn', 'inherited_as', 'mitochondrial inheritance')).toBe('explicit')
})

test('silence about a head of which sources say little refutes nothing', () => {
  const findings = Array.from({ length: 8 }, (_, index) => `sign ${String.fromCharCode(97 + index)}q`)
  const uneven = graphOf(
    [...entities('disease', ['rich', 'poor']), ...entities('finding', [...findings, 'ache', 'limp'])],
    [...findings.map((finding): TripleSketch => ['rich', 'has_finding', finding]), ['poor', 'has_finding', 'ache']],
  )
  expect(judge(uneven, 'rich', 'has_finding', 'ache')).toBe('open')
  expect(judge(uneven, 'poor', 'has_finding', 'limp')).toBeNull()
})

test('silence never refutes where sources give examples, nor means that are used in nearly everything', () => {
  const loose = graphOf(
    [
      ...entities('disease', ['alba', 'borea']),
      ...entities('test', ['scan', 'smear']),
      ...entities('procedure', ['surgery', 'drainage']),
    ],
    [
      ['alba', 'diagnosed_by', 'scan'],
      ['borea', 'diagnosed_by', 'smear'],
      ['alba', 'treated_by', 'surgery'],
      ['borea', 'treated_by', 'drainage'],
    ],
  )
  expect(judge(loose, 'alba', 'diagnosed_by', 'smear')).toBeNull()
  expect(judge(loose, 'alba', 'treated_by', 'drainage')).toBeNull()
})

test('silence refutes nothing that very many have', () => {
  const diseases = Array.from({ length: 30 }, (_, index) => `malady ${String.fromCharCode(97 + index)}x`)
  const many = graphOf(
    [...entities('disease', [...diseases, 'lonely']), ...entities('finding', ['fever', 'limp', 'itch'])],
    [
      ...diseases.map((disease): TripleSketch => [disease, 'has_finding', 'fever']),
      [diseases[0]!, 'has_finding', 'limp'],
      ['lonely', 'has_finding', 'itch'],
    ],
  )
  expect(judge(many, 'lonely', 'has_finding', 'fever')).toBeNull()
  expect(judge(many, 'lonely', 'has_finding', 'limp')).toBe('open')
})

/** A planted graph: whatever else is asked, no wrong option may be one of these. */
function optionsOf(planted: PackedGraph, shape: string, about: string): string[] {
  const { items } = collectItems(planted, 60, {
    shapes: { [shape]: 1 },
    forms: { single: 1, multiple: 0, open: 0 },
    options: [{ count: 3, share: 1 }],
    noneOfTheAbove: 0,
  })
  const about1 = items.filter((item) => item.stem.toLowerCase().includes(about))
  expect(about1.length).toBeGreaterThan(0)
  return about1.flatMap((item) => item.options.filter((_, index) => !item.golds.includes(index)))
}

test('kinds of a right answer and names that contain it are never wrong options', () => {
  const planted = graphOf(
    [
      ...entities('disease', ['gorm', 'hask', 'irk', 'jolt']),
      ...entities('finding', ['belly ache', 'sharp belly ache', 'ache of the belly wall', 'limp', 'rash', 'wheeze']),
    ],
    [
      ['gorm', 'has_finding', 'belly ache'],
      ['sharp belly ache', 'is_a', 'belly ache'],
      ['hask', 'has_finding', 'sharp belly ache'],
      ['irk', 'has_finding', 'ache of the belly wall'],
      ['hask', 'has_finding', 'limp'],
      ['irk', 'has_finding', 'rash'],
      ['jolt', 'has_finding', 'wheeze'],
    ],
  )
  const wrong = optionsOf(planted, 'has_finding', 'gorm')
  expect(new Set(wrong).size).toBeGreaterThan(1)
  expect(wrong).not.toContain('Sharp belly ache')
  expect(wrong).not.toContain('Ache of the belly wall')
})

test('a drug given for something that the right drug is given for is no wrong option in the open world', () => {
  const planted = graphOf(
    [
      ...entities('disease', ['gorm', 'hask', 'irk', 'jolt']),
      ...entities('drug', ['navol', 'ipravir', 'celmine', 'dustal']),
    ],
    [
      ['gorm', 'treated_by', 'navol'],
      ['hask', 'treated_by', 'navol'],
      ['hask', 'treated_by', 'ipravir'],
      ['irk', 'treated_by', 'celmine'],
      ['jolt', 'treated_by', 'dustal'],
    ],
  )
  const wrong = optionsOf(planted, 'treated_by', 'gorm')
  expect(new Set(wrong)).toEqual(new Set(['Celmine', 'Dustal']))
})

test('two diseases that have all of what is given are never options together', () => {
  const planted = graphOf(
    [
      ...entities('disease', ['gorm', 'hask', 'irk', 'jolt', 'kelp']),
      ...entities('finding', ['limp', 'rash', 'wheeze', 'cramp', 'thirst']),
    ],
    [
      ['gorm', 'has_finding', 'limp'],
      ['gorm', 'has_finding', 'rash'],
      ['hask', 'has_finding', 'limp'],
      ['hask', 'has_finding', 'rash'],
      ['irk', 'has_finding', 'wheeze'],
      ['jolt', 'has_finding', 'cramp'],
      ['kelp', 'has_finding', 'thirst'],
    ],
  )
  const { items } = collectItems(planted, 10, {
    shapes: { 'disease-of-findings': 1 },
    forms: { single: 1, multiple: 0, open: 0 },
    options: [{ count: 3, share: 1 }],
    noneOfTheAbove: 0,
  })
  expect(items.length).toBeGreaterThan(0)
  for (const item of items) {
    expect(originOf(item).given).toHaveLength(2)
    expect(item.options.filter((option) => option === 'Gorm' || option === 'Hask')).toHaveLength(1)
  }
})

test('a wording that stands at one disease alone is passed over as a wrong finding where findings are shared', () => {
  const skin = ['rash', 'itch', 'blister', 'scar', 'flush', 'wart']
  const nerve = ['tremor', 'limp', 'cramp', 'chorea', 'ataxia', 'stupor']
  const groups = [skin, nerve].map((findings, group) => ({
    findings,
    diseases: [1, 2, 3, 4].map((number) => `${group === 0 ? 'dermal' : 'neural'} malady ${number}`),
  }))
  const graph = graphOf(
    [
      ...entities('disease', [...groups.flatMap(({ diseases }) => diseases), 'odd']),
      ...entities('finding', [...skin, ...nerve, 'pale stools']),
    ],
    [
      ...groups.flatMap(({ diseases, findings }) =>
        diseases.flatMap((disease) => findings.map((finding): TripleSketch => [disease, 'has_finding', finding])),
      ),
      ['odd', 'has_finding', 'pale stools'],
    ],
  )
  const reader = readerOf(graph)
  const numberOf = (label: string): number =>
    Array.from({ length: graph.entityCount }, (_, entity) => entity).find((entity) => graph.labelOf(entity) === label)!
  const hop = reader.hop('has_finding')
  const neural = numberOf('neural malady 1')
  expect(isOddWording(reader, neural, hop, numberOf('pale stools'))).toBe(true)
  expect(isOddWording(reader, neural, hop, numberOf('rash'))).toBe(false)
  // The disease that has it may still be asked for, and genes and germs are names, not wordings.
  expect(isOddWording(reader, numberOf('pale stools'), reader.hop('~has_finding'), neural)).toBe(false)
  expect(isOddWording(reader, neural, reader.hop('caused_by_gene'), numberOf('pale stools'))).toBe(false)
  const { items } = collectItems(graph, 60, { shapes: { has_finding: 1 } }, 3)
  const wrong = items.flatMap(({ options, golds }) => options.filter((_, index) => !golds.includes(index)))
  expect(wrong).toContain('Rash')
  expect(wrong).not.toContain('Pale stools')
})
