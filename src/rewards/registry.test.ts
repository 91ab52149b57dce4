import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idOf, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { readCompletion } from '../text/answer.ts'
import { buildLexicon, matchEntity } from '../text/lexicon.ts'
import { rewards } from './registry.ts'
import { formatPenalty, rewardRules } from './rules.ts'
import { additiveFormatWeight, type RewardParts, type RewardRule, totalReward } from './total.ts'
import type { Attempt, Gold } from './types.ts'

const graph = tinyGraph()
const lexicon = buildLexicon(graph.entities)
const gold = idOf(graph, 'naproxen')

const accepting = (...ids: readonly string[]): Gold => ({ kind: 'entities', ids })

/** A completion of "What is the first-line drug for the disease with the hallmark tophi?", read as the policy's are. */
function attempt(completion: string, truncated = false): Attempt {
  const reading = readCompletion(completion, { thinkPrefilled: true, truncated })
  const value = reading.answer === null ? ({ kind: 'none' } as const) : matchEntity(reading.answer, lexicon)
  return { completion, reading, value, gold: accepting(gold) }
}

const thinking = ' tophi is the hallmark of gout; gout is first treated with naproxen;'
const goldCompletion = `${thinking}</think><answer> naproxen</answer>`
const options = ['naproxen', 'colchicine', 'artesunate', 'penicillamine']

type Hack = readonly [name: string, completion: string, earnsNothingFrom: readonly ('correctness' | 'format')[]]

const both = ['correctness', 'format'] as const
const hacks: readonly Hack[] = [
  ['nothing at all', '', both],
  ['white space', ' \n\t ', both],
  ['the gold in the thinking only', `${thinking} naproxen naproxen</think>`, both],
  ['the gold in the thinking, another answer', `${thinking}</think><answer> colchicine</answer>`, ['correctness']],
  ['the answer block inside the thinking', `${thinking}<answer> naproxen</answer></think>`, both],
  ['the thinking never closed', `${thinking}<answer> naproxen</answer>`, both],
  ['an echo of the options', `${thinking}</think><answer> ${options.join(', ')}</answer>`, ['correctness']],
  ['"either … or …"', `${thinking}</think><answer> naproxen or colchicine</answer>`, ['correctness']],
  ['a denial', `${thinking}</think><answer> not naproxen</answer>`, ['correctness']],
  [
    'one answer block for each option',
    `${thinking}</think>${options.map((option) => `<answer> ${option}</answer>`).join('')}`,
    both,
  ],
  [
    'a second block that corrects the first',
    `${thinking}</think><answer> artesunate</answer><answer> naproxen</answer>`,
    both,
  ],
  ['text after the answer', `${goldCompletion} or perhaps colchicine`, ['format']],
  ['text between thinking and answer', `${thinking}</think> so <answer> naproxen</answer>`, ['format']],
  ['a sentence around the gold', `${thinking}</think><answer> a drug such as naproxen</answer>`, ['correctness']],
  ['an empty answer', `${thinking}</think><answer> </answer>`, both],
  ['an answer of invisible characters', `${thinking}</think><answer>\u200b\u2800</answer>`, both],
  ['no thinking', '</think><answer> naproxen</answer>', ['format']],
  ['thinking of white space', `${'\n '.repeat(40)}</think><answer> naproxen</answer>`, ['format']],
  ['a second thinking', `${thinking}</think><think>${thinking}</think><answer> naproxen</answer>`, ['format']],
  ['tags in other letters', `${thinking}</Think><Answer> naproxen</Answer>`, both],
  ['the kind of thing that is asked', `${thinking}</think><answer> first-line drug</answer>`, ['correctness']],
  ['the disease on the way', `${thinking}</think><answer> gout</answer>`, ['correctness']],
]

describe.each(rewards.all.map((reward) => ({ name: reward.name, reward })))('the reward $name', ({ name, reward }) => {
  test('gives full marks to the gold', () => {
    expect(reward.score(attempt(goldCompletion))).toBe(reward.range[1])
  })

  test('stays in its range, finite and the same twice, on junk', () => {
    const pieces = fc.constantFrom('<think>', '</think>', '<answer>', '</answer>', ' naproxen', ' gout', ';', ' ', 'A')
    const junk = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(junk, fc.boolean(), (completion, truncated) => {
        const score = reward.score(attempt(completion, truncated))
        expect(score).toBeGreaterThanOrEqual(reward.range[0])
        expect(score).toBeLessThanOrEqual(reward.range[1])
        expect(reward.score(attempt(completion, truncated))).toBe(score)
      }),
    )
  })

  test.each(hacks.filter(([, , from]) => from.some((other) => other === name)))(
    'gives nothing for %s',
    (_, completion) => {
      expect(reward.score(attempt(completion))).toBe(reward.range[0])
    },
  )

  test('is tried with ten hacks or more', () => {
    expect(hacks.filter(([, , from]) => from.some((other) => other === name)).length).toBeGreaterThanOrEqual(10)
  })
})

test('correctness counts any accepted entity, by label or synonym, and what was cut off not at all', () => {
  const { score } = rewards.get('correctness')
  const wilson = { gold: accepting(gold, idOf(graph, 'Wilson disease')) }
  const answer = (text: string) => attempt(`${thinking}</think><answer> ${text}</answer>`)
  expect(score({ ...answer('Hepatolenticular degeneration'), ...wilson })).toBe(1)
  expect(score({ ...answer('naproxen'), ...wilson })).toBe(1)
  expect(score({ ...answer('gout'), ...wilson })).toBe(0)
  expect(score({ ...answer('naproxen'), gold: accepting() })).toBe(0)
})

test('format does not see whether steps or answer are true, only the form', () => {
  const { score } = rewards.get('format')
  expect(score(attempt(' gout is a kind of love;</think><answer> penicillamine</answer>'))).toBe(1)
  expect(score(attempt(goldCompletion, true))).toBe(0)
})

test('a reward that is not there is refused with those that are', () => {
  expect(() => rewards.get('brevity')).toThrow(
    expect.objectContaining({ code: 'E_CONFIG', hint: expect.stringContaining('known: correctness, format') }),
  )
})

describe('the total', () => {
  const total = (completion: string, rule: RewardRule): RewardParts => totalReward(attempt(completion), rule)
  const wrong = `${thinking}</think><answer> colchicine</answer>`
  const shapeless = `${goldCompletion} I am sure.`

  test('gated is 1 for right and well formed, 0 for either alone', () => {
    expect(total(goldCompletion, 'gated')).toEqual({ correct: 1, format: 1, total: 1 })
    expect(total(wrong, 'gated')).toEqual({ correct: 0, format: 1, total: 0 })
    expect(total(shapeless, 'gated')).toEqual({ correct: 1, format: 0, total: 0 })
    expect(total('', 'gated')).toEqual({ correct: 0, format: 0, total: 0 })
  })

  test('additive is correctness and a tenth of format', () => {
    expect(total(goldCompletion, 'additive').total).toBeCloseTo(1.1, 12)
    expect(total(wrong, 'additive').total).toBe(additiveFormatWeight)
    expect(total(shapeless, 'additive').total).toBe(1)
    expect(total('', 'additive').total).toBe(0)
    expect(additiveFormatWeight).toBe(0.1)
  })

  test('penalised is gated, less a tenth for what is not well formed, and never minus zero', () => {
    expect(total(goldCompletion, 'penalised').total).toBe(1)
    expect(total(wrong, 'penalised').total).toBe(0)
    expect(total(shapeless, 'penalised')).toEqual({ correct: 1, format: 0, total: -0.1 })
    expect(total('', 'penalised').total).toBe(-formatPenalty)
  })

  test('every rule stays in its range, and its best is right and well formed', () => {
    expect(rewardRules.names).toEqual(['gated', 'additive', 'penalised'])
    for (const rule of rewardRules.all) {
      const totals = [0, 1].flatMap((correct) => [0, 1].map((wellFormed) => rule.total(correct, wellFormed)))
      expect([Math.min(...totals), Math.max(...totals)]).toEqual(rule.range)
      expect(rule.total(1, 1)).toBe(rule.range[1])
    }
  })

  test.each(hacks)('gated gives nothing for %s', (_, completion) => {
    expect(total(completion, 'gated').total).toBe(0)
  })

  test('additive gives a wrong answer less than a right one, whatever their form', () => {
    for (const [, completion, from] of hacks) {
      const earned = total(completion, 'additive').total
      if (from.includes('correctness')) expect(earned).toBeLessThanOrEqual(additiveFormatWeight)
      else expect(earned).toBe(1)
    }
  })
})
