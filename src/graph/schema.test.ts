import { expect, test } from 'vitest'
import { ConfigError } from '../core/errors.ts'
import { defineSchema, reasoningWords, starterSchema } from './schema.ts'
import type { Relation } from './types.ts'

const shows: Relation = {
  name: 'shows',
  domain: ['disease'],
  range: ['result'],
  statement: ' shows',
  phrase: ' result in',
  inverse: { name: 'result_of', statement: ' is typical of', phrase: ' disease with the result' },
}
const isA: Relation = {
  name: 'is_a',
  domain: ['disease'],
  range: ['group'],
  statement: ' is a kind of',
  phrase: ' group of',
  taxonomic: true,
}

test('a relation is one step, with an inverse two: the second from its range to its domain', () => {
  const schema = defineSchema([shows, isA])
  expect(schema.steps).toEqual([
    {
      name: 'shows',
      relation: 'shows',
      backward: false,
      from: ['disease'],
      to: ['result'],
      statement: ' shows',
      phrase: ' result in',
      taxonomic: false,
    },
    {
      name: 'result_of',
      relation: 'shows',
      backward: true,
      from: ['result'],
      to: ['disease'],
      statement: ' is typical of',
      phrase: ' disease with the result',
      taxonomic: false,
    },
    {
      name: 'is_a',
      relation: 'is_a',
      backward: false,
      from: ['disease'],
      to: ['group'],
      statement: ' is a kind of',
      phrase: ' group of',
      taxonomic: true,
    },
  ])
  expect(schema.step('result_of')).toBe(schema.steps[1])
  expect(schema.relation('shows')).toBe(shows)
})

test('a name that is not known is refused with those that are', () => {
  const schema = defineSchema([shows])
  expect(() => schema.step('seen_in')).toThrow(
    expect.objectContaining({
      message: 'unknown relation or inverse "seen_in"',
      hint: 'known: shows, result_of',
      code: 'E_CONFIG',
    }),
  )
  expect(() => schema.relation('result_of')).toThrow(/^unknown relation "result_of"$/)
})

test.each([
  ['two relations', [shows, { ...isA, name: 'shows' }], 'shows'],
  ['a relation and an inverse', [shows, { ...isA, name: 'result_of' }], 'result_of'],
])('%s of one name are refused', (_, relations, name) => {
  expect(() => defineSchema(relations)).toThrow(new ConfigError(`relation or inverse "${name}" is defined twice`))
})

test('in the starter schema every statement and phrase is one token of its own: a space before, none after', () => {
  const words = starterSchema.steps.flatMap(({ statement, phrase }) => [statement, phrase])
  const all = [...words, ...Object.values(reasoningWords)]
  expect(all.filter((word) => !/^ \S(.*\S)?$/.test(word))).toEqual([])
  expect(new Set(all).size).toBe(all.length)
})
