import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxCompletionLength, readCompletion, tags } from './answer.ts'
import { readAnswerValue } from './answer-value.ts'
import { completionOf, corpusEntities, corpusOptions, thinking } from './fixtures/answer-case.ts'
import { answerCorpus } from './fixtures/answer-corpus.ts'
import { cpuMs } from './fixtures/cpu-time.ts'
import { buildLexicon } from './lexicon.ts'
import type { AnswerSpec } from './types.ts'
import { defectNames } from './types.ts'

const lexicon = buildLexicon(corpusEntities)
const choiceSpec: AnswerSpec = { kind: 'choice', options: corpusOptions }
const fragments = [
  ...Object.values(tags),
  'A',
  ' ',
  '\n',
  'Metformin',
  '<',
  '>',
  '</',
  'answer>',
  '</ answer>',
  'x'.repeat(9),
]
const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...fragments), fc.string()), { maxLength: 14 })
  .map((parts) => parts.join(''))
const whiteSpace = fc
  .array(fc.constantFrom(' ', '\n', '\t', '\r\n', '\u00a0'), { maxLength: 4 })
  .map((parts) => parts.join(''))

describe('the corpus', () => {
  test('holds more than 130 cases, no two alike', () => {
    expect(answerCorpus.length).toBeGreaterThan(230)
    const keys = answerCorpus.map(({ name, options }) => `${options === undefined ? 'open' : 'choice'} ${name}`)
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual(['choice question marks'])
    const used = new Set(answerCorpus.flatMap((item) => item.defects))
    expect(defectNames.filter((name) => !used.has(name))).toEqual([])
  })

  test.each(answerCorpus)('$name', (item) => {
    const reading = readCompletion(item.text, {
      ...(item.thinkPrefilled === undefined ? {} : { thinkPrefilled: item.thinkPrefilled }),
      ...(item.truncated === undefined ? {} : { truncated: item.truncated }),
    })
    const spec: AnswerSpec =
      item.options === undefined
        ? { kind: 'open', lexicon, ...(item.type === undefined ? {} : { type: item.type }) }
        : { kind: 'choice', options: item.options }
    expect({ answer: reading.answer, defects: reading.defects }).toEqual({ answer: item.answer, defects: item.defects })
    expect(readAnswerValue(reading.answer, spec)).toEqual(item.value)
  })
})

describe('readCompletion', () => {
  test('returns the thinking of the one closed think block, trimmed', () => {
    expect(readCompletion(completionOf('A')).thinking).toBe(thinking)
    expect(readCompletion(` ${thinking}\n</think><answer>A</answer>`, { thinkPrefilled: true }).thinking).toBe(thinking)
    expect(readCompletion('<think>one <answer>A</answer></think>').thinking).toBe('one <answer>A</answer>')
    expect(readCompletion(`<think>${thinking}</think><think>${thinking}</think>`).thinking).toBeNull()
    expect(readCompletion(`<think>${thinking}`).thinking).toBeNull()
    expect(readCompletion(`<think>${thinking}<think>${thinking}</think><answer>A</answer>`).thinking).toBeNull()
    expect(readCompletion('<think></think><answer>A</answer>').thinking).toBe('')
  })

  test('text appended after the answer always gives a defect and never changes a clean answer', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
        (text) => {
          expect(readCompletion(completionOf('A')).defects).toEqual([])
          expect(readCompletion(completionOf('A') + text).defects.length).toBeGreaterThan(0)
          expect(readCompletion(text + completionOf('A')).defects.length).toBeGreaterThan(0)
        },
      ),
    )
  })

  test('white space around and between the blocks changes nothing', () => {
    fc.assert(
      fc.property(
        whiteSpace,
        whiteSpace,
        whiteSpace,
        fc.constantFrom('A', 'b', 'Metformin', 'E', 'A or B', 'x'),
        (a, b, c, body) => {
          const plain = readCompletion(`<think>${thinking}</think><answer>${body}</answer>`)
          const spaced = readCompletion(
            `${a}<think>${b}${thinking}${c}</think>${b}<answer>${c}${body}${a}</answer>${c}`,
          )
          expect(spaced).toEqual(plain)
          expect(readAnswerValue(`${a}${body}${b}`, choiceSpec)).toEqual(readAnswerValue(body, choiceSpec))
        },
      ),
    )
  })

  test('an answer is set without a defect only in the one right form, whatever the text', () => {
    const rightForm =
      /^\s*<think>((?:(?!<\/?(?:think|answer)>)[\s\S])*)<\/think>\s*<answer>((?:(?!<\/?(?:think|answer)>)[\s\S])*)<\/answer>\s*$/
    fc.assert(
      fc.property(hostileText, (text) => {
        const reading = readCompletion(text)
        const match = rightForm.exec(text)
        const isEmpty = reading.defects.every((name) => name === 'emptyThink' || name === 'emptyAnswer')
        expect(isEmpty).toBe(match !== null)
        if (match !== null) expect(reading).toMatchObject({ thinking: match[1]!.trim(), answer: match[2]!.trim() })
      }),
      { numRuns: 3000 },
    )
  })

  test('the same text with CRLF line ends reads the same', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const unix = text.replaceAll('\r', '')
        const windows = readCompletion(unix.replaceAll('\n', '\r\n'))
        expect(windows.defects).toEqual(readCompletion(unix).defects)
        expect(windows.answer?.replaceAll('\r\n', '\n') ?? null).toBe(readCompletion(unix).answer)
      }),
    )
  })

  test('a prefilled think reads as the same text with the tag put back', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        fc.pre(text.trim() !== '')
        expect(readCompletion(text, { thinkPrefilled: true })).toEqual(readCompletion(`<think>${text}`))
      }),
    )
  })

  test('work grows with the length of the text, not with its square', () => {
    for (const piece of [
      '<think></think>',
      '<answer></answer>',
      '<think>',
      '<',
      '</think>',
      '<answer>A',
      '<think><answer>',
    ]) {
      const read = (length: number): number => {
        const text = piece.repeat(Math.floor(length / piece.length))
        return cpuMs(() => {
          for (let round = 0; round < 5; round += 1) readCompletion(text)
        })
      }
      read(maxCompletionLength)
      // Quadratic work would take minutes.
      expect(read(maxCompletionLength)).toBeLessThan(2_000)
      expect(read(480_000)).toBeLessThan(1_000)
    }
  })
})
