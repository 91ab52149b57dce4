import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAnswerValue } from './answer-value.ts'
import { corpusEntities, corpusOptions } from './fixtures/answer-case.ts'
import { answerCorpus } from './fixtures/answer-corpus.ts'
import { cpuMs } from './fixtures/cpu-time.ts'
import { buildLexicon, matchEntity } from './lexicon.ts'
import type { AnswerSpec } from './types.ts'

const lexicon = buildLexicon(corpusEntities)
const choiceSpec: AnswerSpec = { kind: 'choice', options: corpusOptions }
const bodies = answerCorpus.flatMap(({ answer }) => (answer === null ? [] : [answer]))
const hostileBody = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'A',
        'B',
        ' or ',
        ', ',
        '(',
        ')',
        '*',
        '$',
        '\\boxed{',
        '}',
        'not ',
        'the answer is ',
        'Metformin',
        'MI',
        '\n',
      ),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''))

describe('readAnswerValue', () => {
  test('no answer has no value', () => {
    expect(readAnswerValue(null, choiceSpec)).toEqual({ kind: 'none' })
    expect(readAnswerValue(null, { kind: 'open', lexicon })).toEqual({ kind: 'none' })
  })

  test('shuffling the options moves a text answer and leaves its kind', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 })
    const texts = fc.constantFrom(
      'Metformin',
      '**Glipizide**',
      'The answer is sitagliptin.',
      'Insulin',
      'Metformin or Glipizide',
      '',
    )
    fc.assert(
      fc.property(order, texts, (originals, body) => {
        const before = readAnswerValue(body, choiceSpec)
        const after = readAnswerValue(body, {
          kind: 'choice',
          options: originals.map((index) => corpusOptions[index]!),
        })
        expect(after.kind).toBe(before.kind)
        if (before.kind === 'letter' && after.kind === 'letter') expect(originals[after.index]).toBe(before.index)
      }),
    )
  })

  test('any body has a value, and only a letter in range or a known entity can be right', () => {
    fc.assert(
      fc.property(hostileBody, (body) => {
        const chosen = readAnswerValue(body, choiceSpec)
        if (chosen.kind === 'letter') expect('ABCD'[chosen.index]).toBe(chosen.letter)
        const named = readAnswerValue(body, { kind: 'open', lexicon })
        if (named.kind === 'entity') expect(corpusEntities.some(({ id }) => id === named.id)).toBe(true)
        expect(readAnswerValue(body, choiceSpec)).toEqual(chosen)
      }),
      { numRuns: 1000 },
    )
  })

  test('a degenerate policy earns nothing whatever the gold', () => {
    const bodies = [
      'ABCD',
      'A, B, C, D',
      'A or B or C or D',
      'A. Metformin\nB. Glipizide\nC. Sitagliptin\nD. Pioglitazone',
      'the correct option',
      '',
      '???',
      corpusOptions.join(', '),
      'any of the above',
      'not A',
    ]
    for (const body of bodies) expect(readAnswerValue(body, choiceSpec).kind).not.toBe('letter')
    for (const body of [
      '',
      'malaria',
      'disease',
      'the right answer',
      corpusEntities.map(({ label }) => label).join(', '),
    ]) {
      expect(readAnswerValue(body, { kind: 'open', lexicon }).kind).not.toBe('entity')
    }
  })

  test('reading takes less than 5 ms, hostile bodies included', () => {
    const hostile = [
      '('.repeat(1000),
      '.'.repeat(1000),
      '\\text{'.repeat(160),
      'A '.repeat(500),
      'A,'.repeat(500),
      '\ufdfa'.repeat(1000),
      "'".repeat(1000),
      'the answer is '.repeat(70),
      'not '.repeat(250),
      '…'.repeat(1000),
      Array.from({ length: 250 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join(','),
      `${'('.repeat(500)}${')'.repeat(500)}`,
      'x'.repeat(100_000),
    ]
    for (const body of [...hostile, ...bodies]) {
      const spentMs = cpuMs(() => {
        for (let round = 0; round < 3; round += 1) {
          readAnswerValue(body, choiceSpec)
          readAnswerValue(body, { kind: 'open', lexicon })
        }
      })
      // Six readings; the factor leaves room for code that is not compiled yet.
      expect(spentMs).toBeLessThan(6 * 5 * 5)
    }
  })
})

describe('the lexicon', () => {
  test('every label and synonym is found, in any case and spacing', () => {
    const names = corpusEntities.flatMap(({ id, label, synonyms, type }) =>
      [label, ...synonyms].map((name) => ({ id, name, type })),
    )
    for (const { id, name, type } of names.filter(({ name }) => !['MI', 'MS'].includes(name))) {
      for (const variant of [
        name,
        name.toUpperCase(),
        name.toLowerCase(),
        ` ${name.replace(' ', '  ')}.`,
        `**${name}**`,
        `the ${name}`,
      ]) {
        expect(matchEntity(variant, lexicon, type)).toEqual({ kind: 'entity', id })
      }
    }
  })

  test('two names that differ only in a plural stay apart', () => {
    const two = buildLexicon([
      { id: 'one', label: 'gallstone', synonyms: [], type: 'finding' },
      { id: 'many', label: 'gallstones', synonyms: [], type: 'finding' },
    ])
    expect(matchEntity('gallstone', two)).toEqual({ kind: 'entity', id: 'one' })
    expect(matchEntity('Gallstones', two)).toEqual({ kind: 'entity', id: 'many' })
    expect(matchEntity('the gallstones', two)).toEqual({ kind: 'several' })
  })

  test('an id twice and a name of nothing are refused', () => {
    const entity = { id: 'x', label: 'fever', synonyms: [], type: 'finding' }
    expect(() => buildLexicon([entity, entity])).toThrow(/entity x is twice/)
    expect(() => buildLexicon([{ ...entity, synonyms: [' ** '] }])).toThrow(/entity x has a name without characters/)
  })

  test('a label named like a property of objects is a label like any other', () => {
    const odd = buildLexicon([{ id: 'odd', label: 'constructor', synonyms: ['__proto__ x'], type: 'finding' }])
    expect(matchEntity('constructor', odd)).toEqual({ kind: 'entity', id: 'odd' })
    expect(matchEntity('toString', odd)).toEqual({ kind: 'noMatch' })
  })
})
