import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readExpressions } from './axiom-expression.ts'
import { meaningOf } from './axiom-vocabulary.ts'

const name = (text: string) => ({ kind: 'name', name: text })
const some = (property: string, filler: object) => ({ kind: 'some', property, filler })

test.each([
  ["'has symptom' some fever", [some('has symptom', name('fever'))]],
  ["'a b' some 'c d'|e some f", [some('a b', name('c d')), some('e', name('f'))]],
  ["p some (x or 'y z')", [some('p', { kind: 'or', parts: [name('x'), name('y z')] })]],
  ['(p some x) and (q some y)', [{ kind: 'and', parts: [some('p', name('x')), some('q', name('y'))] }]],
  ["p some N,N'-dilobin", [some('p', name("N,N'-dilobin"))]],
  ['p some (-)-carvone', [some('p', name('(-)-carvone'))]],
  ["'p' some 'Crohn's disease'", [some('p', name("Crohn's disease"))]],
  ['p some (x and (q some y))', [some('p', { kind: 'and', parts: [name('x'), some('q', name('y'))] })]],
  ['p exactly 1 (x and y)', [{ kind: 'bounded', property: 'p' }]],
])('%s is read', (text, expected) => {
  expect(readExpressions(text)).toEqual(expected)
})

test.each([
  '',
  '(p some x',
  'p some',
  'p some x)',
  "'open",
  'a and b or c',
  'p min x y',
  '|',
  'p some x |',
  '('.repeat(9999),
])('"%s" is no expression', (text) => {
  expect(readExpressions(text)).toBeNull()
})

test('no text makes the reader throw', () => {
  const part = fc.constantFrom('(', ')', '|', "'", ' ', 'some', 'and', 'or', 'min', '1', 'x', '(-)')
  fc.assert(fc.property(fc.array(part, { maxLength: 40 }), (parts) => void readExpressions(parts.join(' '))))
})

test('material bases are told apart by what they are', () => {
  expect(meaningOf('has material basis in', 'autosomal recessive inheritance')).toMatchObject({
    relation: 'inherited_as',
    type: 'inheritance',
  })
  expect(meaningOf('has material basis in', '[Haemophilus] ducreyi')).toEqual({
    relation: 'caused_by_organism',
    type: 'organism',
    label: 'Haemophilus ducreyi',
  })
  expect(meaningOf('has material basis in', 'Aspergillus <genus>')).toMatchObject({ label: 'Aspergillus' })
  for (const vague of ['Bacteria', 'chromosome', 'T cell', 'Scarring', 'loss_of_function_variant', 'something']) {
    expect(meaningOf('has material basis in', vague)).toHaveProperty('reason')
  }
})

test('a route is told from a vector', () => {
  expect(meaningOf('transmitted by', 'tick borne transmission')).toMatchObject({ type: 'route' })
  expect(meaningOf('transmitted by', 'Ixodes')).toMatchObject({ type: 'organism' })
})
