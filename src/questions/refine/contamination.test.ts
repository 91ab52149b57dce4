import { describe, expect, test } from 'vitest'
import type { Item } from '../types.ts'
import { type ContaminationRule, createContaminationIndex, type Finding } from './contamination.ts'
import { hasSampleRows, makeItem, readSampleRows } from './fixtures/sample-rows.ts'

const vignette =
  'A 31-year-old potter has had a dry cough for two years and now tires on the stairs. His fingers turn white in the cold. ' +
  'Fine crackles are heard over both bases. Which of the following is the most likely diagnosis?'
const options = ['Asthma', 'Systemic sclerosis', 'Sarcoidosis', 'Silicosis']
const long = makeItem('long', { stem: vignette, options, golds: [1] })
const short = makeItem('short', {
  stem: 'Antidote of first choice in cyanide poisoning?',
  options: ['Hydroxocobalamin', 'Atropine', 'Naloxone'],
  golds: [0],
})
const generic = makeItem('generic', {
  stem: 'Which statement is true?',
  options: ['Thiamine is stored for years', 'Biotin is a lipid', 'Folate is made in muscle'],
  golds: [0],
})
const chinese = makeItem(
  'chinese',
  {
    stem: '患者女，四十二岁。反复上腹隐痛三年，进食后加重，伴反酸嗳气，近一周排柏油样便两次。最可能的诊断是',
    options: ['胃溃疡', '十二指肠溃疡', '胃癌'],
    golds: [0],
  },
  'test',
  'zh',
)
const shortChinese = makeItem(
  'short-chinese',
  { stem: '治疗痛风急性发作的首选药是', options: ['秋水仙碱', '青霉素', '胰岛素'], golds: [0] },
  'test',
  'zh',
)
const abstract = makeItem('abstract', {
  stem: 'Does early mobilisation shorten the stay after hip surgery?',
  context:
    'We followed two hundred patients on four wards of one hospital after repair of a fractured hip and noted the day on which each first stood up and the day on which each went home.',
  options: ['yes', 'no', 'maybe'],
  golds: [0],
})
const index = createContaminationIndex(
  [long, short, generic, chinese, shortChinese, abstract].map((item) => ({ benchmark: 'exam', item })),
)

type Parts = Parameters<typeof makeItem>[1]
function found(parts: Parts): { item: string | null; rule: ContaminationRule }[] {
  return index.check(makeItem('train', parts)).map(({ benchmarkItem, rule }) => ({ item: benchmarkItem, rule }))
}

const inlineOptions = `${vignette}\nAnswer Choices: (A) Asthma (B) Systemic sclerosis (C) Sarcoidosis (D) Silicosis`

describe('planted duplicates are caught', () => {
  test.each<[string, string, ContaminationRule, Parts]>([
    ['as it is', 'long', 'exact question', { stem: vignette, options, golds: [1] }],
    ['without options', 'long', 'exact question', { stem: vignette, form: 'open', answers: ['scleroderma'] }],
    ['with other options', 'long', 'exact question', { stem: vignette, options: ['Gout', 'Mumps'], golds: [0] }],
    ['with its options in the stem', 'long', 'exact question', { stem: inlineOptions, options, golds: [1] }],
    [
      'with its options in the stem and none beside',
      'long',
      '8-gram coverage of the question',
      { stem: inlineOptions, form: 'open', answers: ['B'] },
    ],
    [
      'with its vignette as context',
      'long',
      'exact question',
      {
        context: vignette.slice(0, vignette.indexOf('Which')),
        stem: vignette.slice(vignette.indexOf('Which')),
        options,
        golds: [1],
      },
    ],
    [
      'behind an instruction',
      'long',
      '8-gram coverage of the question',
      { stem: `Answer with one letter and think step by step. ${vignette}`, options, golds: [1] },
    ],
    [
      'behind a long context',
      'long',
      'exact question',
      { context: 'Lungs fail in many ways. '.repeat(200), stem: vignette, options, golds: [1] },
    ],
    [
      'with its end asked otherwise',
      'long',
      '8-gram coverage of the question',
      {
        stem: vignette.replace('Which of the following is the most likely diagnosis?', 'Name the drug.'),
        form: 'open',
        answers: ['x'],
      },
    ],
    [
      'in other case and punctuation',
      'long',
      'exact question',
      { stem: vignette.toUpperCase().replaceAll('.', ' —'), options, golds: [1] },
    ],
    [
      'a short one without options',
      'short',
      'exact question',
      { stem: short.stem, form: 'open', answers: ['hydroxocobalamin'] },
    ],
    [
      'a short one with a typing error',
      'short',
      'near short question',
      { stem: 'Antidote of first choice in cyanide poisonning', options: ['x', 'y'], golds: [0] },
    ],
    [
      'a short one asked otherwise',
      'short',
      'near short question and options',
      { stem: 'Antidote of choice in cyanide poisoning?', options: [...short.options].reverse(), golds: [2] },
    ],
    [
      'a stem without content, with its options',
      'generic',
      'exact question and options',
      { stem: 'Which statement is TRUE', options: [...generic.options].reverse(), golds: [2] },
    ],
    [
      'a stem without content, with its answer',
      'generic',
      'exact question and answer',
      { stem: 'Which statement is true?', options: ['Thiamine is stored for years', 'No'], golds: [0] },
    ],
    [
      'a Chinese one with words before it',
      'chinese',
      '13-character coverage of the question',
      { stem: `请回答：${chinese.stem}？`, options: ['甲', '乙'], golds: [0] },
    ],
    [
      'a short Chinese one',
      'short-chinese',
      'exact question',
      { stem: '治疗痛风急性发作的首选药是：', options: ['甲', '乙'], golds: [0] },
    ],
    [
      'an abstract with another question',
      'abstract',
      '8-gram coverage of the context',
      { stem: 'On which ward?', context: abstract.context, options: ['yes', 'no'], golds: [0] },
    ],
  ])('%s', (_, item, rule, parts) => {
    expect(found(parts)).toEqual([{ item, rule }])
  })

  test('a benchmark that prints its options in the stem is found without them', () => {
    const printed = createContaminationIndex([
      { benchmark: 'printed', item: makeItem('p', { stem: inlineOptions, options, golds: [1] }) },
    ])
    expect(printed.check(makeItem('t', { stem: vignette, form: 'open', answers: ['x'] }))).toMatchObject([
      { rule: 'exact question' },
    ])
  })
})

describe('what is alike in form only stays', () => {
  test.each<[string, Parts]>([
    [
      'vital signs and the usual last sentence',
      {
        stem: 'A 12-year-old girl limps. Her temperature is 37.0°C. Which of the following is the most likely diagnosis?',
        options,
        golds: [0],
      },
    ],
    [
      'a stem without content',
      { stem: 'Which statement is true?', options: ['Iron is a metal', 'Iron is a gas'], golds: [0] },
    ],
    [
      'the answer to another question',
      {
        stem: 'Fingers that turn white in the cold are typical of',
        options: ['Systemic sclerosis', 'Gout'],
        golds: [0],
      },
    ],
    [
      'the right answer as a wrong option',
      {
        stem: 'Which of these claims about vitamins was disproved?',
        options: ['Thiamine is stored for years', 'B12 has cobalt'],
        golds: [0],
      },
    ],
    [
      'a short one about another thing',
      { stem: 'Antidote of first choice in opiate poisoning?', options: ['Naloxone', 'Atropine'], golds: [0] },
    ],
    ['Chinese exam phrases', { stem: '患者男，十二岁。跛行一天。最可能的诊断是', options: ['甲', '乙'], golds: [0] }],
  ])('%s', (_, parts) => {
    expect(found(parts)).toEqual([])
  })

  test('a shared boilerplate 8-gram is no contamination, though the any-hit rule would say so', () => {
    const boilerplate = 'which of the following is the most likely diagnosis'
    const stem = `A horse coughs. ${boilerplate}`
    expect(vignette.toLowerCase()).toContain(boilerplate)
    expect(boilerplate.split(' ').length).toBeGreaterThanOrEqual(8)
    expect(found({ stem, options, golds: [0] })).toEqual([])
  })

  test('half of a short question that is boilerplate is none either', () => {
    const stem = 'Which of the following statements is false in relation to congenital heart block in children?'
    const exam = createContaminationIndex([
      { benchmark: 'exam', item: makeItem('q', { stem, options: ['a', 'b'], golds: [0] }) },
    ])
    const other = makeItem('t', {
      stem: stem.replace('congenital heart block in children', 'ear wax'),
      options: ['c', 'd'],
      golds: [0],
    })
    expect(exam.check(other)).toEqual([])
  })
})

test('a finding says what is shared and how much', () => {
  const stem = `Think. ${vignette}`
  const [finding] = index.check(makeItem('t', { stem, form: 'open', answers: ['x'] })) as [Finding]
  expect(finding).toMatchObject({ benchmark: 'exam', benchmarkItem: 'long', score: 1 })
  expect(finding.evidence).toMatch(/^\d+ of \d+ 8-grams: a 31 year old potter has had a dry cough/)
})

test('a threshold that is no share is refused', () => {
  expect(() => createContaminationIndex([], { coverage: 50 })).toThrow(/coverage: expected a share/)
  expect(() => createContaminationIndex([], { shortSimilarity: 0 })).toThrow(/short questions: expected a share/)
})

test('an item made from a benchmark is flagged without any benchmark in the index', () => {
  const item = makeItem('t', { stem: 'x' }, 'medreason')
  const origin = { ...item.origin, inheritedFrom: ['MedXpertQA'] } as Item['origin']
  expect(createContaminationIndex([]).check({ ...item, origin })).toMatchObject([
    { benchmark: 'medxpertqa', benchmarkItem: null, rule: 'inherited', score: 1 },
  ])
})

describe.skipIf(!hasSampleRows)('sample rows', () => {
  const flagged = (train: string, benchmark: string): Finding[] => {
    const exam = createContaminationIndex(readSampleRows(benchmark).map((item) => ({ benchmark, item })))
    return readSampleRows(train).flatMap((item) => exam.check(item))
  }
  /** What one shared 8-gram flags: the rule that data.md §6 measures as useless on vignettes. */
  const anyHit = (train: string, benchmark: string): number => {
    const grams = (stem: string): string[] => {
      const words = stem.toLowerCase().match(/[a-z0-9]+/g) ?? []
      return words.slice(7).map((_, at) => words.slice(at, at + 8).join(' '))
    }
    const known = new Set(readSampleRows(benchmark).flatMap(({ stem }) => grams(stem)))
    return readSampleRows(train).filter(({ stem }) => grams(stem).some((gram) => known.has(gram))).length
  }

  test('MedXpertQA against MedQA test: a shared 8-gram flags 121 of 300, coverage one, which is the same question', () => {
    expect(flagged('medxpertqa', 'medqa')).toMatchObject([
      { benchmarkItem: 'medqa:52', rule: '8-gram coverage of the question' },
    ])
    expect(anyHit('medxpertqa', 'medqa')).toBe(121)
  }, 30_000)

  test('CareQA against MedMCQA: 12 of 704 by a shared 8-gram, none by ours', () => {
    expect(flagged('careqa', 'medmcqa')).toEqual([])
    expect(anyHit('careqa', 'medmcqa')).toBe(12)
  }, 30_000)

  test('MedXpertQA in the form with options in the stem is found in the form without: all five shared questions', () => {
    const findings = flagged('medxpertqa-inline', 'medxpertqa')
    expect(findings.map(({ rule }) => rule)).toEqual(Array(5).fill('exact question'))
  })

  test.each(['medqa', 'medmcqa', 'careqa', 'mmlu-pro', 'medxpertqa', 'cmexam', 'pubmedqa'])(
    'every question of %s finds itself',
    (name) => {
      const items = readSampleRows(name).slice(0, 300)
      const exam = createContaminationIndex(items.map((item) => ({ benchmark: name, item })))
      const missed = items.filter((item) => !exam.check(item).some(({ benchmarkItem }) => benchmarkItem === item.id))
      expect(missed).toEqual([])
    },
    30_000,
  )
})
