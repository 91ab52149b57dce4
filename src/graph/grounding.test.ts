import { expect, test } from 'vitest'
import { cpuMs } from '../text/fixtures/cpu-time.ts'
import { idOf, sketchGraph, tinyGraph } from './fixtures/tiny-graph.ts'
import { tripleId } from './graph.ts'
import { connects, createGrounder } from './grounding.ts'

const graph = tinyGraph()
const ground = createGrounder(graph)
const id = (name: string) => idOf(graph, name)
const kinds = (thinking: string): string[] => ground(thinking).steps.map(({ kind }) => kind)

test('a step that is a triple is supported by it, in either reading', () => {
  const triple = graph.triple(tripleId(id('gout'), 'has_hallmark', id('tophi')))
  expect(ground(' gout has the hallmark tophi; tophi is the hallmark of gout;').steps).toEqual([
    { kind: 'supported', text: 'gout has the hallmark tophi', from: id('gout'), to: id('tophi'), triple },
    { kind: 'supported', text: 'tophi is the hallmark of gout', from: id('tophi'), to: id('gout'), triple },
  ])
})

test('a step of known names that no triple joins that way is unsupported', () => {
  const steps = [
    'gout is first treated with artesunate',
    'naproxen is first treated with gout',
    'gout is first treated with colchicine',
  ]
  expect(ground(steps.join(';')).steps).toEqual([
    { kind: 'unsupported', text: steps[0], from: id('gout'), to: id('artesunate') },
    { kind: 'unsupported', text: steps[1], from: id('naproxen'), to: id('gout') },
    // A drug of gout, but not the first one.
    { kind: 'unsupported', text: steps[2], from: id('gout'), to: id('colchicine') },
  ])
})

test('a pair that no triple joins is ruled out by "lacks"; a joined pair is not', () => {
  expect(ground('rubella lacks Koplik spots; measles lacks Koplik spots').steps).toEqual([
    { kind: 'ruled-out', text: 'rubella lacks Koplik spots', from: id('rubella'), to: id('Koplik spots') },
    { kind: 'unsupported', text: 'measles lacks Koplik spots', from: id('measles'), to: id('Koplik spots') },
  ])
})

test('"perhaps" is a hypothesis and claims nothing, nor does ruling it out raise the rate', () => {
  const grounding = ground('perhaps rubella; rubella lacks tophi')
  expect(grounding.steps[0]).toEqual({ kind: 'hypothesis', text: 'perhaps rubella', entity: id('rubella') })
  expect([grounding.grounded, grounding.checkable]).toEqual([0, 0])
})

test('what names nothing is unreadable and counts against the reasoning', () => {
  const grounding = ground('perhaps scurvy; gout hurts; gout is first treated with love; first; gout')
  expect(grounding.steps.map(({ kind }) => kind)).toEqual(new Array(5).fill('unreadable'))
  expect([grounding.grounded, grounding.checkable]).toEqual([0, 5])
})

test('a pair rightly ruled out is no evidence: two of three steps that a triple could bear out are grounded', () => {
  const { grounded, checkable } = ground(
    'tophi is the hallmark of gout; perhaps pseudogout; pseudogout lacks tophi; gout is first treated with naproxen; gout acts by tophi;',
  )
  expect([grounded, checkable]).toEqual([2, 3])
})

test('names are read by synonym and in any letter case, statements to the letter', () => {
  expect(kinds('Rubeola has the hallmark KOPLIK SPOTS')).toEqual(['supported'])
  expect(kinds('measles Has The Hallmark Koplik spots')).toEqual(['unreadable'])
})

test('empty parts are no steps, and no reasoning has none', () => {
  expect(ground('')).toEqual({ steps: [], grounded: 0, checkable: 0 })
  expect(kinds(' ; ;gout has the hallmark tophi;; ')).toEqual(['supported'])
})

const tricky = sketchGraph({
  diseases: { 'scurvy that lacks vitamin C': 'rare', scurvy: 'rare' },
  triples: [
    'scurvy that lacks vitamin C | has_finding | pain that acts by night',
    'scurvy | has_finding | what presents with gums',
    'scurvy | mimicked_by | scurvy that lacks vitamin C',
    'aspirin | acts_by | blockade',
    'aspirin | has_adverse_effect | bleeding',
  ],
})

test('a label that holds the words of a statement is read whole', () => {
  const groundTricky = createGrounder(tricky)
  const { steps } = groundTricky(
    [
      'scurvy that lacks vitamin C presents with pain that acts by night',
      'scurvy presents with what presents with gums',
      'aspirin acts by blockade',
      'aspirin lacks scurvy that lacks vitamin C',
    ].join(';'),
  )
  expect(steps.map(({ kind }) => kind)).toEqual(['supported', 'supported', 'supported', 'ruled-out'])
  expect(steps[1]).toMatchObject({ to: idOf(tricky, 'what presents with gums') })
})

test('of two ways to read a step the one that the graph supports counts', () => {
  const two = sketchGraph({
    diseases: {},
    triples: [
      // Reads as "x acts by" + "m can cause e", and as "x acts by m" + "can cause e".
      'x | acts_by | m can cause e',
      'x acts by m | has_adverse_effect | nausea',
      'y | has_adverse_effect | e',
    ],
  })
  expect(createGrounder(two)('x acts by m can cause e').steps).toEqual([
    expect.objectContaining({ kind: 'supported', from: idOf(two, 'x'), to: idOf(two, 'm can cause e') }),
  ])
})

test('supported steps that lead from a start to an answer connect them, in any order', () => {
  const chain = ground('gout is first treated with naproxen; tophi is the hallmark of gout')
  expect(connects(chain, [id('tophi')], [id('naproxen')])).toBe(true)
  expect(connects(chain, [id('tophi')], [id('colchicine'), id('naproxen')])).toBe(true)
  expect(connects(chain, [id('naproxen')], [id('tophi')])).toBe(false)
  expect(connects(chain, [id('tophi')], [id('colchicine')])).toBe(false)
  expect(connects(chain, [], [id('naproxen')])).toBe(false)
})

test('a gap, a false step or a ruled-out pair is no link of the chain', () => {
  const from = [id('tophi')]
  const to = [id('tubulin binding')]
  expect(connects(ground('tophi is the hallmark of gout; colchicine acts by tubulin binding'), from, to)).toBe(false)
  const falsely =
    'tophi is the hallmark of gout; gout is first treated with colchicine; colchicine acts by tubulin binding'
  expect(connects(ground(falsely), from, to)).toBe(false)
  expect(connects(ground('tophi lacks tubulin binding'), from, to)).toBe(false)
  const truly =
    'tophi is the hallmark of gout; gout is also treated with colchicine; colchicine acts by tubulin binding'
  expect(connects(ground(truly), from, to)).toBe(true)
})

test.each([
  ['statements without end', ' is a kind of'],
  ['"lacks" without end', ' lacks'],
  ['steps without end', 'gout lacks measles;'],
  ['white space', ' '],
  ['a name without end', 'gout '],
])('hostile reasoning of %s takes linear time', (_, unit) => {
  const text = (size: number): string => `gout${unit.repeat(Math.ceil(size / unit.length))}`
  ground(text(65_536))
  const small = cpuMs(() => ground(text(65_536)))
  const large = cpuMs(() => ground(text(8 * 65_536)))
  // Eight times the text: 8 times the time if linear, 64 if quadratic; times below 20 ms are noise.
  expect(large / Math.max(small, 20)).toBeLessThan(24)
})
