import { expect, test } from 'vitest'
import { choiceTask, inputOf, soundThinking } from '../fixtures/tasks.ts'
import type { CheckInput } from './check.ts'
import { sentencesOf } from './check.ts'
import { checks } from './registry.ts'
import { repeatShare } from './repetition.ts'

/** Reasons of the faults that a check finds. */
const faults = (name: string, thinking: string, parts: Partial<CheckInput> = {}): string[] =>
  checks
    .get(name)
    .find(inputOf(thinking, parts))
    .filter(({ isNote }) => isNote !== true)
    .map(({ reason }) => reason)

const notes = (name: string, thinking: string): string[] =>
  checks
    .get(name)
    .find(inputOf(thinking))
    .filter(({ isNote }) => isNote === true)
    .map(({ reason }) => reason)

test('no check objects to a sound chain', () => {
  for (const { name } of checks.all) expect([name, faults(name, soundThinking())]).toEqual([name, []])
})

test('the answer check says how an answer misses', () => {
  expect(faults('answer', soundThinking(), { answer: 'B' })).toEqual([])
  expect(faults('answer', soundThinking(), { answer: 'C' })).toEqual(['wrong'])
  expect(faults('answer', soundThinking(), { answer: 'B or C' })).toEqual(['noMatch'])
})

test.each([
  ['The given answer is B, so it must be a clot.', 'the given answer'],
  ['Since the answer is known, we look for support.', 'since the answer is'],
  ['This matches the reference.', 'matches the given'],
  ['According to the answer key this is a clot.', 'answer key'],
  ['We are told that the correct option is B.', 'we are told'],
  ['The question gives the answer away.', 'the question gives'],
  ['As stated in the hint, it is a clot.', 'as stated in the hint'],
  ['根据参考答案，应为肺栓塞。', '已知答案'],
  ['题目已经给出了答案。', '已知答案'],
])('"%s" is a leak', (sentence, reason) => {
  expect(faults('leak', `${soundThinking()} ${sentence}`)).toContain(reason)
})

test('ordinary words are no leak', () => {
  for (const sentence of [
    'So the answer is B.',
    'The correct diagnosis needs imaging.',
    'The history is given in full.',
    'This is consistent with the findings.',
    'The reference range is 3.5 to 5.0.',
    '答案是B。',
  ]) {
    expect([sentence, faults('leak', `${soundThinking()} ${sentence}`)]).toEqual([sentence, []])
  }
})

test('a gold in the first tenth is a leak, unless the other options stand there too', () => {
  const rest = soundThinking().repeat(2)
  expect(faults('leak', `Pulmonary embolism. ${rest}`)).toEqual(['gold in the first tenth'])
  expect(faults('leak', `The answer is B. ${rest}`)).toEqual(['gold in the first tenth'])
  expect(faults('leak', `Pulmonary embolism, asthma or pneumonia? ${rest}`)).toEqual([])
  expect(faults('leak', `The answer is C? ${rest}`)).toEqual([])
  expect(faults('leak', `${rest} So it is pulmonary embolism.`)).toEqual([])
})

test('an open question that names its gold itself cannot leak it', () => {
  const open = choiceTask('q', { form: 'open', prompt: 'Gout or pseudogout?', goldNames: ['gout'], otherOptions: [] })
  expect(faults('leak', `Gout. ${soundThinking()}`, { task: open })).toEqual([])
  const other = { ...open, prompt: 'Which disease has tophi?' }
  expect(faults('leak', `Gout. ${soundThinking()}`, { task: other })).toEqual(['gold in the first tenth'])
  expect(faults('leak', `Gouty feet. ${soundThinking()}`, { task: other })).toEqual([])
})

test.each([
  'The dose is 15 mg/kg × 20 kg = 300 mg.',
  'He gets 5 mg x 3 = 15 mg a day.',
  '1,000 / 4 = 250',
  'BMI = 70 / 1.75^2 = 22.9',
  'The gap is 140 - 100 - 24 = 16.',
  '(5 + 3) × 2 = 16',
  '1 / 3 = 0.33',
  '20% of 50 mg = 10 mg',
  '8 / 40 = 20%',
  '1 g + 500 mg = 1.5 g',
  '5 × 4 = 20 / 2 = 10',
  '100 / 30 ≈ 3',
  '3 tablets × 5 mg = 15 mg',
])('"%s" is calculated rightly', (text) => {
  expect([faults('arithmetic', text), faults('units', text)]).toEqual([[], []])
  expect(notes('arithmetic', text).length).toBeGreaterThan(0)
})

test.each([
  'The dose is 15 mg/kg × 20 kg = 200 mg.',
  '5 mg × 3 = 20 mg',
  '140 - 100 - 24 = 26',
  '7 / 2 = 4',
  '(5 + 3) × 2 = 11',
  '1 g + 500 mg = 2 g',
  '20% of 50 mg = 20 mg',
  '100 / 30 ≈ 4',
])('"%s" is calculated wrongly', (text) => {
  expect(faults('arithmetic', text)).toEqual(['calculation is wrong'])
})

test('each wrong calculation of a chain is found with its words', () => {
  const found = checks.get('arithmetic').find(inputOf('First 2 + 2 = 5. Then 3 × 3 = 9. Last 10 / 2 = 4.'))
  expect(found.map(({ reason, evidence }) => [reason, evidence])).toEqual([
    ['calculation is wrong', '2 + 2 = 5'],
    ['agrees', '3 × 3 = 9'],
    ['calculation is wrong', '10 / 2 = 4'],
  ])
})

test('what is no calculation is left alone', () => {
  for (const text of [
    'pH 7.35-7.45 = normal',
    'Type 2 = insulin resistance',
    'aged 20-30 = 10 patients',
    't1/2 = 4 hours',
    'p = 0.05',
    '120/80 = normal',
    '= = = 5',
    'Na 140 - (Cl 100 + HCO3 24) = 16',
  ]) {
    expect([text, faults('arithmetic', text), faults('units', text)]).toEqual([text, [], []])
  }
})

test.each([
  ['1 g = 1,000 mg', 'agrees'],
  ['He takes 0.5 g (500 mg).', 'agrees'],
  ['98.6 °F = 37 °C', 'agrees'],
  ['2.2 lb ≈ 1 kg', 'agrees'],
  ['15 mg/kg × 20 kg = 0.3 g', 'agrees'],
])('units of "%s" agree', (text, reason) => {
  expect(faults('units', text)).toEqual([])
  expect(notes('units', text)).toContain(reason)
})

test.each([
  ['1 g = 100 mg', 'conversion is wrong'],
  ['He takes 0.5 g (50 mg).', 'conversion is wrong'],
  ['98.6 °F = 39 °C', 'conversion is wrong'],
  ['15 mg/kg × 20 kg = 300 g', 'dose is wrong'],
  ['15 mg/kg × 20 kg = 300 mL', 'unit of the result is wrong'],
])('units of "%s" do not', (text, reason) => {
  expect(faults('units', text)).toEqual([reason])
  expect(faults('arithmetic', text)).toEqual([])
})

test('units of different kinds are no conversion, and a day may be left out', () => {
  for (const text of ['5 mg = 1 tablet', '1 mL = 20 drops', '5 mg (max 20 mg)', '15 mg/kg/day × 20 kg = 300 mg']) {
    expect([text, faults('units', text)]).toEqual([text, []])
  }
})

test('going round in circles is found by phrases, by sentences and by packing', () => {
  const loop = 'The clot explains the findings and the findings explain the clot. '.repeat(12)
  expect(faults('repetition', loop)).toEqual(['repeated phrases', 'packs too well', 'repeated sentence'])
  expect(faults('repetition', `${soundThinking()} I see it. I see it. I see it.`)).toEqual(['repeated sentence'])
  expect(repeatShare('a b c d'.split(' '))).toBe(0)
  expect(repeatShare(Array.from({ length: 60 }, (_, at) => `word${at}`))).toBe(0)
  expect(repeatShare(Array.from({ length: 104 }, (_, at) => `word${at % 52}`))).toBeCloseTo(1 - 52 / 101, 10)
})

test('the language is that of the question, whole', () => {
  const zh = choiceTask('z', { language: 'zh' })
  const chinese = '患者长途飞行后突发呼吸困难，小腿肿胀，提示深静脉血栓脱落，应考虑肺栓塞，可予低分子肝素 (LMWH) 治疗。'
  expect(faults('language', chinese, { task: zh })).toEqual([])
  expect(faults('language', chinese)).toEqual(['wrong language'])
  expect(faults('language', `${soundThinking()} ${chinese}`)).toEqual(['mixed scripts'])
  expect(faults('language', soundThinking(), { task: zh })).toEqual(['wrong language'])
  expect(faults('language', `${chinese} The clot has travelled to the lung`, { task: zh })).toEqual(['mixed languages'])
  expect(faults('language', 'α-blockers and β-blockers differ in what they act on')).toEqual([])
})

test('stubs, rambles and endless sentences are told apart', () => {
  expect(faults('length', 'It is a clot.')).toEqual(['too short'])
  expect(faults('length', `${'one two three. '.repeat(1_200)}`)).toEqual(['too long'])
  expect(faults('length', `${'word '.repeat(130)}.`)).toEqual(['sentence too long'])
})

test('stated assumptions and doubts are notes', () => {
  expect(notes('assumptions', 'I assume that he is well. It is unclear why.')).toEqual([
    'states an assumption',
    'states a doubt',
  ])
  expect(notes('assumptions', '假设患者无外伤。')).toEqual(['states an assumption'])
  expect(notes('assumptions', 'It is a clot.')).toEqual([])
})

test.each([
  ['As an AI language model, I reason.', 'speaks of itself'],
  ['I cannot provide a diagnosis.', 'refuses'],
  ['作为一个人工智能，我不能回答。', 'speaks of itself'],
])('"%s" is no reasoning', (text, reason) => {
  expect(faults('hedge', text)).toContain(reason)
})

test('a doctor may be consulted in the story, not as its conclusion', () => {
  expect(faults('hedge', `Patients should see a doctor early. ${soundThinking()}`)).toEqual([])
  expect(faults('hedge', `${soundThinking()} Please consult your doctor.`)).toEqual(['sends to a doctor'])
})

test('sentences end at marks, not in numbers', () => {
  expect(sentencesOf('A dose of 1.5 mg. Then none; well? 好。是').map(({ text }) => text)).toEqual([
    'A dose of 1.5 mg.',
    'Then none;',
    'well?',
    '好。',
    '是',
  ])
})

test.each([
  ['digits', '1'],
  ['a sum without end', '1 + '],
  ['brackets', '('],
  ['closed brackets', '(1)'],
  ['equals', '1 = '],
  ['powers', '2 ^ '],
  ['thousands', '1,000'],
  ['the answer', 'the answer '],
  ['spaces', ' '],
  ['letters', 'a'],
  ['units', '5 mg/kg/day '],
  ['stops', '. '],
  ['Chinese', '肺'],
  ['Latin and commas', 'ab, '],
  ['half characters', '\ud83d'],
])('64 kB of %s are checked in no time', (_, piece) => {
  const thinking = piece.repeat(Math.ceil(60_000 / piece.length))
  const zh = choiceTask('z', { language: 'zh', goldNames: ['aaaaaaaa', '肺肺'] })
  // Time of this process alone: the computer may be busy. What is quadratic takes minutes.
  const start = process.cpuUsage()
  for (const task of [choiceTask('q'), zh]) {
    for (const { find } of checks.all)
      for (const { evidence } of find(inputOf(thinking, { task }))) {
        expect(evidence.length).toBeLessThan(400)
      }
  }
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1e6).toBeLessThan(4)
})
