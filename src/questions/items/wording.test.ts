import { expect, test } from 'vitest'
import { createRng } from '../../core/rng.ts'
import { clinicalSchema } from '../../graph/clinical.ts'
import { packTriples } from '../../graph/packed.ts'
import { casingOf, lowerWords } from './casing.ts'
import { englishClauses } from './clauses-en.ts'
import { chineseClauses } from './clauses-zh.ts'
import { clinicalRelationNames, relationFacts } from './entailment.ts'
import { entities } from './fixtures/small-graph.ts'
import { capitalize, inflect, joinChinese, joinList, withArticle } from './lexical.ts'
import { stemNames } from './names.ts'
import { shapes } from './shapes.ts'
import type { StemRequest } from './wording.ts'
import { writeEnglish } from './wording-en.ts'
import { writeChinese } from './wording-zh.ts'
import { isPartOf, shareStem, tellingStems } from './words.ts'

test('the tables have a row for every relation of the schema, and words for each that is asked', () => {
  expect(clinicalRelationNames).toEqual(clinicalSchema.relations.map(({ name }) => name))
  for (const name of clinicalRelationNames) {
    if (!relationFacts[name].isAsked) continue
    expect(englishClauses[name], name).not.toBeNull()
    expect(chineseClauses[name], name).not.toBeNull()
  }
})

test('every clause has one place for a name and braces that close', () => {
  for (const directions of Object.values(englishClauses)) {
    for (const { clause, asks = [], open } of directions === null ? [] : [directions.forward, directions.backward]) {
      for (const text of [clause, ...asks, ...(open === undefined ? [] : [open])]) {
        expect(text.split('%').length, text).toBe(2)
        expect(inflect(text, true)).not.toMatch(/[{|}]/)
      }
    }
  }
  for (const directions of Object.values(chineseClauses)) {
    for (const { clause } of directions === null ? [] : [directions.forward, directions.backward]) {
      expect(clause.split('%').length, clause).toBe(2)
    }
  }
})

test('every shape is worded in every form and both languages, as sentences without double spaces or gaps', () => {
  for (const shape of shapes) {
    for (const form of shape.forms) {
      for (let draw = 0; draw < 6; draw++) {
        const request = sampleRequest(shape, form)
        const english = writeEnglish(request, createRng(draw, shape.name))
        expect(english, shape.name).toMatch(/^[\p{Lu}\d].*[.?]$/u)
        expect(english).not.toMatch(/ {2}|[{|}%]|undefined|\.\.| ,/)
        const chinese = writeChinese(request, createRng(draw, shape.name))
        expect(chinese, shape.name).toMatch(/[。？）]$/u)
        expect(chinese).not.toMatch(/[%{|}]|undefined| {2}/)
        for (const { name } of request.given) {
          expect(english.toLowerCase()).toContain(name)
          expect(chinese).toContain(name)
        }
      }
    }
  }
})

function sampleRequest(shape: (typeof shapes)[number], form: StemRequest['form']): StemRequest {
  const steps = shape.kind === 'walk' ? shape.steps : 'onward' in shape ? shape.onward : []
  const one = (name: string, step: StemRequest['given'][number]['step']) => ({ name, type: 'finding' as const, step })
  const given =
    shape.kind === 'walk'
      ? [one('qorl', shape.steps[0]!)]
      : shape.kind === 'common'
        ? [one('qorl', shape.given), one('zapf', shape.given)]
        : shape.kind === 'case'
          ? shape.given.slice(0, 4).map((step, index) => one(['qorl', 'zapf', 'wuxi', 'ymir'][index]!, step))
          : shape.kind === 'comparison'
            ? [one('qorl', shape.shared), one('zapf', shape.features[0]!)]
            : []
  return {
    shape,
    form,
    given,
    pair:
      shape.group === 'comparison'
        ? [
            { name: 'ab', type: 'disease' },
            { name: 'cd', type: 'disease' },
          ]
        : null,
    pathTypes: Array.from({ length: steps.length + 1 }, () => 'disease' as const),
    answerType: 'drug',
    rightCount: 2,
  }
}

test('a chain is worded from what is given to what is asked', () => {
  const shape = shapes.find(({ name }) => name === 'disease-drug-effect')!
  const request: StemRequest = {
    shape,
    form: 'open',
    given: [{ name: 'gout', type: 'disease', step: 'treated_by' }],
    pair: null,
    pathTypes: ['drug'],
    answerType: 'effect',
    rightCount: 1,
  }
  const stems = new Set(Array.from({ length: 12 }, (_, draw) => writeEnglish(request, createRng(draw))))
  expect(stems).toEqual(
    new Set([
      'Which adverse effect can be caused by a drug that is used to treat gout?',
      'Name the adverse effect that can be caused by a drug that is used to treat gout.',
    ]),
  )
  expect(writeChinese(request, createRng(0))).toBe('哪种不良反应可由可用于治疗gout的药物引起？')
})

test('lists, articles, agreement and capitals are those of English', () => {
  expect(joinList(['a', 'b', 'c'])).toBe('a, b and c')
  expect(joinList(['a'])).toBe('a')
  expect(joinChinese(['甲', '乙', '丙'])).toBe('甲、乙和丙')
  expect([withArticle('organism'), withArticle('gene')]).toEqual(['an organism', 'a gene'])
  expect(inflect('{is|are} used {once|twice}', true)).toBe('are used twice')
  expect(['fever', 'mRNA', 'pH', 'p53', 'Crohn', "crohn's", '5-FU'].map(capitalize)).toEqual([
    'Fever',
    'mRNA',
    'pH',
    'p53',
    'Crohn',
    "Crohn's",
    '5-FU',
  ])
})

test('the letter case of running text is learnt from the graph', () => {
  const graph = packTriples(
    clinicalSchema,
    entities('disease', [
      'Spontaneous pneumothorax',
      'chronic bronchitis',
      'Bronchitis',
      'Crohn disease',
      'HIV infection',
    ]),
    [],
  )
  const casing = casingOf(graph)
  expect(casing('Bronchitis')).toBe('bronchitis')
  expect(casing('Crohn disease')).toBe('Crohn disease')
  expect(casing('HIV infection')).toBe('HIV infection')
  expect(casing('Overlapping toe', 'finding')).toBe('overlapping toe')
  expect(casing('Babinski sign', 'finding')).toBe('Babinski sign')
  expect(casing('Overlap syndrome', 'disease')).toBe('Overlap syndrome')
  expect(lowerWords('Ethinyl Estradiol')).toBe('ethinyl estradiol')
})

test('telling stems leave out what many names share and see through endings', () => {
  expect(tellingStems('acute disease')).toEqual([])
  expect(shareStem(tellingStems('hemorrhage'), new Set(tellingStems('hemorrhagic fever')))).toBe(true)
  expect(shareStem(tellingStems('diabetes'), new Set(tellingStems('diabetic foot')))).toBe(true)
  expect(shareStem(tellingStems('hypertension'), new Set(tellingStems('hyperthyroidism')))).toBe(false)
  expect(isPartOf(tellingStems('belly ache'), tellingStems('sharp belly ache'))).toBe(true)
  expect(isPartOf([], tellingStems('ache'))).toBe(false)
})

test('names are found in stems as whole words; short ones in their own case', () => {
  expect(stemNames('A patient has gout.', ['gout'])).toBe(true)
  expect(stemNames('A patient has gouty feet.', ['gout'])).toBe(false)
  expect(stemNames('All of the following apply.', ['ALL'])).toBe(false)
  expect(stemNames('A child with ALL is treated.', ['ALL'])).toBe(true)
  expect(stemNames('患者出现发热。', ['发热'])).toBe(true)
  expect(stemNames('Anything at all.', ['', 'nothing'])).toBe(false)
})
