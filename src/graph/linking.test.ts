import { describe, expect, test } from 'vitest'
import { ambiguousNames, createLinker, linkGraph } from './linking.ts'
import type { EntityType, LexiconEntry, PackedGraph } from './types.ts'

function entry(name: string, key = name, type: EntityType = 'finding'): LexiconEntry {
  return { name, key, type }
}

function found(names: readonly (string | LexiconEntry)[], text: string): string[] {
  const linker = createLinker(names.map((name) => (typeof name === 'string' ? entry(name) : name)))
  return linker.find(text).map(({ start, end, entry: { key } }) => `${text.slice(start, end)}=${key}`)
}

describe('finding names', () => {
  test('the longest name from the left wins, and neighbours are both found', () => {
    expect(found(['chest pain', 'pain', 'pain relief', 'fever'], 'Chest pain relief; fever, fever pain.')).toEqual([
      'Chest pain=chest pain',
      'fever=fever',
      'fever=fever',
      'pain=pain',
    ])
  })

  test('only whole words are names', () => {
    expect(found(['gout', 'rash itch'], 'goutweed, rashes; crash itch; gout')).toEqual(['gout=gout'])
  })

  test('a word that is written together with another is no name by itself', () => {
    expect(found(['alpha', 'interferon alpha'], 'of \u03b12 or interferon \u03b12')).toEqual([])
    expect(found(['alpha 2'], 'of \u03b12')).toEqual(['\u03b12=alpha 2'])
    expect(found(['alpha', '2 chain'], 'the \u03b12 chain of \u03b1')).toEqual(['\u03b1=alpha'])
  })

  test('a sentence boundary is inside no name', () => {
    expect(found(['skin rash'], 'It spares the skin. Rash is rare. Skin (rash). Skin, rash. Skin  rash')).toEqual([
      'Skin  rash=skin rash',
    ])
  })

  test.each([
    ['oedema', 'There was edema of the leg', 'edema'],
    ['edema', 'There was Oedema of the leg', 'Oedema'],
    ['seizure', 'He had seizures', 'seizures'],
    ['kidney biopsies', 'a kidney biopsy was done', 'kidney biopsy'],
    ["Crohn's disease", 'In Crohn disease', 'Crohn disease'],
    ['Crohn disease', 'In Crohn\u2019s disease', 'Crohn\u2019s disease'],
    ['X-linked ichthyosis', 'x linked ichthyosis', 'x linked ichthyosis'],
    ['Sjögren syndrome', 'of SJOGREN syndrome here', 'SJOGREN syndrome'],
    ['type II diabetes', 'had type 2 diabetes', 'type 2 diabetes'],
    ['β-thalassemia', 'with beta thalassaemia', 'beta thalassaemia'],
    ['lump in the throat', 'a lump in throat', 'lump in throat'],
    ['vitamin B12', 'of vitamin B12.', 'vitamin B12'],
  ])('%s is found in "%s"', (name, text, spelled) => {
    expect(found([name], text)).toEqual([`${spelled}=${name}`])
  })

  test('the mention of a possessive leaves the ending out', () => {
    expect(found(['Crohn'], "Crohn's")).toEqual(['Crohn=Crohn'])
  })

  test('a name of several meanings is returned with all of them, in the order given', () => {
    const linker = createLinker([entry('pneumonia', 'a', 'disease'), entry('Pneumonia', 'b', 'complication')])
    expect(linker.find('pneumonia').map((mention) => mention.entry.key)).toEqual(['a', 'b'])
  })

  test('one meaning given twice is one mention', () => {
    const twice = entry('fever', 'f')
    expect(createLinker([twice, twice]).find('fever')).toHaveLength(1)
  })

  test('short names in capitals are found in capitals only', () => {
    expect(found(['AIDS', 'ALS'], 'She aids als patients; AIDS and ALS')).toEqual(['AIDS=AIDS', 'ALS=ALS'])
    expect(found(['ms', 'MS'], 'ms MS')).toEqual(['MS=MS'])
  })

  test('ordinary words are no names, whatever the dictionary says, but parts of names they may be', () => {
    expect(ambiguousNames.has('cold')).toBe(true)
    expect(found(['cold', 'lead', 'As', 'fall', 'lead poisoning', 'common cold'], 'As cold as lead may fall')).toEqual(
      [],
    )
    expect(found(['cold', 'common cold', 'lead poisoning'], 'common cold, lead poisoning')).toEqual([
      'common cold=common cold',
      'lead poisoning=lead poisoning',
    ])
  })

  test('Chinese names are found without spaces around them', () => {
    expect(found(['糖尿病', '高血压'], '患者有糖尿病和高血压。')).toEqual(['糖尿病=糖尿病', '高血压=高血压'])
  })

  test('offsets count UTF-16 units behind characters outside the basic plane', () => {
    const text = '😀 𝛂 fever'
    const [mention] = createLinker([entry('fever')]).find(text)
    expect(mention && text.slice(mention.start, mention.end)).toBe('fever')
  })

  test('empty names, empty dictionaries and empty texts find nothing', () => {
    expect(found([], 'fever')).toEqual([])
    expect(found(['', '  ', '12', '--'], '12 -- fever')).toEqual([])
    expect(found(['fever'], '')).toEqual([])
  })

  test('a megabyte of one repeated word is read in linear time', () => {
    const linker = createLinker([entry('a a a a a a a a b'), entry('fever a'), entry('a fever')])
    const startMs = performance.now()
    expect(linker.find('a '.repeat(500_000))).toEqual([])
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })
})

test('entities of a graph are found by label, synonym and Chinese label', () => {
  const labels = ['fever', 'influenza', 'flu']
  const synonyms = [['pyrexia'], ['flu'], []]
  const graph = {
    entityCount: 3,
    labelOf: (entity: number) => labels[entity] ?? '',
    labelZhOf: (entity: number) => (entity === 1 ? '流感' : undefined),
    synonymsOf: (entity: number) => synonyms[entity] ?? [],
  } as Partial<PackedGraph> as PackedGraph
  expect(linkGraph(graph).find('pyrexia of flu, 流感')).toEqual([
    { start: 0, end: 7, entity: 0 },
    { start: 11, end: 14, entity: 1 },
    { start: 11, end: 14, entity: 2 },
    { start: 16, end: 18, entity: 1 },
  ])
})
