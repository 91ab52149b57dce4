import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../core/errors.ts'
import { sketchGraph, tinyGraph } from './fixtures/tiny-graph.ts'
import { starterSchema } from './schema.ts'
import { readTables } from './sources/tables.ts'
import { subsetByDiseases } from './subset.ts'
import type { Rarity } from './types.ts'

const starter = readTables(join(import.meta.dirname, '../../data/starter'), starterSchema)

test('as many diseases are kept as asked, whatever the number, in the shares of the whole', () => {
  const all = starter.ofType('disease')
  for (const wanted of [1, 7, 10, 33, 40, 100]) {
    const kept = subsetByDiseases(starter, { diseases: wanted, seed: 1 }).ofType('disease')
    expect(kept).toHaveLength(wanted)
    for (const rarity of ['common', 'uncommon', 'rare'] satisfies Rarity[]) {
      const share = (of: typeof all): number => of.filter((disease) => disease.rarity === rarity).length / of.length
      expect(Math.abs(share(kept) - share(all)) * wanted).toBeLessThan(1)
    }
  }
})

const chain = sketchGraph({
  diseases: { gout: 'common', mumps: 'common' },
  triples: [
    'gout | first_line | colchicine',
    'colchicine | has_adverse_effect | diarrhoea',
    'diarrhoea | managed_with | loperamide',
    'gout | has_finding | fever',
    'mumps | has_finding | fever',
    'mumps | has_hallmark | parotitis',
    'gout | mimicked_by | mumps',
    'loperamide | has_adverse_effect | constipation',
    'bisacodyl | acts_by | nerve stimulation',
  ],
})

test('everything said of what a kept disease leads to is kept; other diseases, and what only they lead to, are not', () => {
  const part = subsetByDiseases(chain, { diseases: 1, seed: 1 })
  const [disease] = part.ofType('disease')
  const expected =
    disease!.label === 'gout'
      ? ['gout', 'colchicine', 'diarrhoea', 'loperamide', 'fever', 'constipation']
      : ['mumps', 'fever', 'parotitis']
  expect(new Set(part.entities.map(({ label }) => label))).toEqual(new Set(expected))
  expect(part.triples).toHaveLength(expected.length - 1)
})

test('no entity is left without a triple, and no triple without an end', () => {
  const part = subsetByDiseases(starter, { diseases: 20, seed: 3 })
  const ends = new Set(part.triples.flatMap(({ head, tail }) => [head, tail]))
  expect(new Set(part.entities.map(({ id }) => id))).toEqual(ends)
})

test('all diseases are everything that diseases lead to', () => {
  const whole = tinyGraph()
  expect(subsetByDiseases(whole, { diseases: 12, seed: 1 }).hash).toBe(whole.hash)
  expect(subsetByDiseases(chain, { diseases: 2, seed: 1 }).find('bisacodyl')).toBeUndefined()
})

test('the seed decides which, and a larger part holds the smaller one of its rarity', () => {
  const names = (diseases: number, seed: number): string[] =>
    subsetByDiseases(starter, { diseases, seed })
      .ofType('disease')
      .map(({ label }) => label)
  expect(names(20, 1)).toEqual(names(20, 1))
  expect(names(20, 2)).not.toEqual(names(20, 1))
  const large = new Set(names(60, 1))
  expect(names(20, 1).filter((name) => !large.has(name))).toEqual([])
})

test('more diseases than there are is an error that says how many there are', () => {
  expect(() => subsetByDiseases(chain, { diseases: 3, seed: 1 })).toThrow(ConfigError)
  expect(() => subsetByDiseases(chain, { diseases: 3, seed: 1 })).toThrow(
    expect.objectContaining({
      message: 'graph.diseases is 3, but the graph has 2',
      hint: 'set it to 2 or less, or to "all"',
    }),
  )
})
