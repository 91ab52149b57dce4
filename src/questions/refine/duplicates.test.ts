import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../core/rng.ts'
import type { EntityId } from '../../graph/types.ts'
import type { Item } from '../types.ts'
import { createDeduplicator, type Verdict } from './duplicates.ts'
import { hasSampleRows, makeItem, readSampleRows, sampleSetNames } from './fixtures/sample-rows.ts'

const stem =
  'A 60-year-old smoker coughs up blood and has lost ten kilograms. A radiograph shows a hilar mass. What is the most likely diagnosis?'
const options = ['Small cell carcinoma', 'Tuberculosis', 'Sarcoidosis', 'Silicosis']

function synthetic(id: string, parts: Parameters<typeof makeItem>[1], given: readonly string[] = ['e1']): Item {
  const item = makeItem(id, parts)
  return {
    ...item,
    origin: {
      ...{ kind: 'graph', graph: 'g', shape: 's', hop: 1, triples: [], hidden: [], asked: [], optionEntities: [] },
      ...{ proof: [], refutations: [], rarity: 'none', writer: 'template', sources: [] },
      given: given as EntityId[],
    },
  }
}

function verdicts(...items: Item[]): Verdict[] {
  const deduplicator = createDeduplicator()
  return items.map((item) => deduplicator.add(item))
}

const first = makeItem('first', { stem, options, golds: [0] })

describe('curated items', () => {
  test('another order of options, other case and punctuation are an exact duplicate of the first', () => {
    const copy = makeItem('copy', {
      stem: ` ${stem.toUpperCase()}`,
      options: ['silicosis.', ...options.slice(0, 3)],
      golds: [1],
    })
    expect(verdicts(first, copy)).toEqual([
      { kind: 'kept' },
      { kind: 'duplicate', how: 'exact', of: 'first', jaccard: 1 },
    ])
  })

  test('a changed word is a near duplicate, with its similarity', () => {
    const copy = makeItem('copy', { stem: stem.replace('coughs', 'is coughing'), options, golds: [0] })
    const [, verdict] = verdicts(first, copy)
    expect(verdict).toMatchObject({ kind: 'duplicate', how: 'near', of: 'first' })
    expect((verdict as { jaccard: number }).jaccard).toBeGreaterThan(0.85)
  })

  test('the same question with other wrong options is one question', () => {
    const copy = makeItem('copy', { stem, options: ['Small cell carcinoma', 'Asthma', 'Bronchiectasis'], golds: [0] })
    expect(verdicts(first, copy)[1]).toMatchObject({ kind: 'duplicate', how: 'same answer', of: 'first' })
  })

  test('the same stem and options with another gold go to label review', () => {
    const other = makeItem('other', { stem, options, golds: [1] })
    expect(verdicts(first, other)[1]).toMatchObject({
      kind: 'review',
      reason: 'same stem, other gold',
      of: 'first',
      jaccard: 1,
    })
  })

  test('a near duplicate with another gold goes to label review, but not when a number differs', () => {
    const near = makeItem('near', { stem: stem.replace('coughs', 'is coughing'), options, golds: [1] })
    expect(verdicts(first, near)[1]).toMatchObject({ kind: 'review', reason: 'near duplicate, other gold' })
    const number = makeItem('number', { stem: stem.replace('60', '61'), options, golds: [1] })
    expect(verdicts(first, number)[1]).toEqual({ kind: 'kept' })
  })

  test('"which is true?" is no question: other options are another item', () => {
    const generic = 'Which of the following statements is true?'
    const a = makeItem('a', {
      stem: generic,
      options: ['Iron is absorbed in the duodenum', 'Iron is a gas'],
      golds: [0],
    })
    const b = makeItem('b', { stem: generic, options: ['Bile is made in the liver', 'Bile is a hormone'], golds: [0] })
    expect(verdicts(a, b)[1]).toEqual({ kind: 'kept' })
    const contrary = makeItem('c', {
      stem: generic,
      options: ['Iron is absorbed in the duodenum', 'Iron is a gas'],
      golds: [1],
    })
    expect(verdicts(a, contrary)[1]).toMatchObject({ kind: 'review', reason: 'same stem, other gold' })
  })

  test('one question about two abstracts is two items', () => {
    const ask = {
      stem: 'Does screening lower mortality from the disease?',
      options: ['yes', 'no', 'maybe'],
      golds: [0],
    }
    const a = makeItem('a', { ...ask, context: 'A trial of low-dose tomography.' })
    const b = makeItem('b', { ...ask, context: 'A cohort of men with raised antigen.' })
    expect(verdicts(a, b, { ...a, id: b.id })).toMatchObject([{ kind: 'kept' }, { kind: 'kept' }, { how: 'exact' }])
  })

  test('an open twin of a question is a duplicate of it', () => {
    const open = makeItem('open', { stem, form: 'open', answers: ['small cell carcinoma', 'oat cell carcinoma'] })
    expect(verdicts(first, open)[1]).toMatchObject({ kind: 'duplicate', how: 'same answer' })
  })

  test('an id may hold anything', () => {
    const odd = { ...first, id: '3:a\nb\tc:' as Item['id'] }
    expect(verdicts(odd, first)[1]).toMatchObject({ of: '3:a\nb\tc:' })
  })
})

describe('synthetic items', () => {
  test('an answer to one stem that the other item calls wrong is dropped; another right answer is kept', () => {
    const a = synthetic('a', { stem, options, golds: [0] })
    const against = synthetic('b', { stem, options: [options[1]!, options[0]!, 'Gout'], golds: [0] })
    expect(verdicts(a, against)[1]).toMatchObject({ kind: 'dropped', reason: 'two answers to one stem', of: 'a' })
    const beside = synthetic('c', { stem, options: ['Asthma', 'Gout', 'Mumps'], golds: [0] })
    expect(verdicts(a, beside)[1]).toEqual({ kind: 'kept' })
  })

  test('near texts with another answer are other facts, and so are those about other entities', () => {
    const near = { stem: stem.replace('coughs', 'is coughing'), options }
    const a = synthetic('a', { stem, options, golds: [0] })
    expect(verdicts(a, synthetic('b', { ...near, golds: [1] }))[1]).toEqual({ kind: 'kept' })
    expect(verdicts(a, synthetic('b', { ...near, golds: [0] }, ['e2']))[1]).toEqual({ kind: 'kept' })
    expect(verdicts(a, synthetic('b', { ...near, golds: [0] }, ['e2', 'e1']))[1]).toMatchObject({ how: 'near' })
  })
})

describe('the stream', () => {
  test('what was dropped is forgotten: only kept items are matched', () => {
    const copy = makeItem('copy', { stem: stem.replace('coughs', 'is coughing'), options, golds: [0] })
    const third = { ...copy, id: 'third' as Item['id'] }
    expect(verdicts(first, copy, third)[2]).toMatchObject({ how: 'near', of: 'first' })
  })

  test('each item has one verdict, the report adds up, and of exact twins the first is kept', () => {
    const words = ['fever', 'cough', 'rash', 'pain', 'edema']
    const item = fc.record({
      words: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }),
      gold: fc.integer({ min: 0, max: 2 }),
    })
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (rows) => {
        const items = rows.map((row, index) =>
          makeItem(`i${index}`, {
            stem: `Cause of ${row.words.join(' ')}?`,
            options: ['gout', 'mumps', 'measles'],
            golds: [row.gold],
          }),
        )
        const deduplicator = createDeduplicator()
        const kept = new Map<string, string>()
        for (const each of items) {
          const verdict = deduplicator.add(each)
          const key = `${each.stem}${each.golds[0]}`
          const twin = kept.get(key)
          if (twin !== undefined) expect(verdict).toEqual({ kind: 'duplicate', how: 'exact', of: twin, jaccard: 1 })
          else if (verdict.kind === 'kept' || verdict.kind === 'review') kept.set(key, each.id)
        }
        const { items: total, kept: keptCount, exact, sameAnswer, near, review, twoAnswers } = deduplicator.report()
        expect(total).toBe(items.length)
        expect(keptCount + exact + sameAnswer + near + review + twoAnswers).toBe(total)
        expect(keptCount + review).toBe(kept.size)
      }),
      { numRuns: 60 },
    )
  })

  test('of 400 planted near duplicates of Jaccard 0.85 to 1 at least 97 % are found, and nothing else', () => {
    const rng = createRng(7, 'planted')
    const word = (): string =>
      Array.from({ length: 4 + rng.int(6) }, () => 'abcdefghijklmnopqrstuvwxyz'[rng.int(26)]).join('')
    const deduplicator = createDeduplicator()
    let found = 0
    for (let index = 0; index < 400; index++) {
      const text = Array.from({ length: 40 }, word)
      const wrong = [word(), word(), word()]
      expect(
        deduplicator.add(makeItem(`a${index}`, { stem: text.join(' '), options: [...wrong, 'gold'], golds: [3] })),
      ).toEqual({ kind: 'kept' })
      text[rng.int(40)] = word()
      const verdict = deduplicator.add(
        makeItem(`b${index}`, { stem: text.join(' '), options: ['gold', ...wrong], golds: [0] }),
      )
      if (verdict.kind === 'duplicate' && verdict.of === `a${index}`) found += 1
    }
    expect(found).toBeGreaterThanOrEqual(388)
  })

  test('the threshold is a share', () => {
    expect(() => createDeduplicator({ threshold: 0 })).toThrow(/threshold of near duplicates/)
  })
})

describe.skipIf(!hasSampleRows)('sample rows', () => {
  const found = new Map<string, string[]>()
  const verdictsOf = (names: readonly string[]): void => {
    const deduplicator = createDeduplicator()
    for (const name of names) {
      for (const item of readSampleRows(name)) {
        const verdict = deduplicator.add(item)
        if (verdict.kind === 'kept') continue
        const how = verdict.kind === 'duplicate' ? verdict.how : verdict.kind
        found.set(name, [...(found.get(name) ?? []), `${item.id} ${how} ${verdict.of}`])
      }
    }
  }

  test('repeated questions are found, read by eye each is one, and blocks over the same options are not', () => {
    verdictsOf(sampleSetNames)
    expect(found.get('medqa')).toEqual(['medqa:382 near medqa:316'])
    expect(found.get('medmcqa')).toEqual(['medmcqa:316 same answer medmcqa:217'])
    // The second of two vignettes with the same words names another drug, with other options: a label to look at.
    expect(found.get('cmexam')).toEqual(['cmexam:1293 review cmexam:394'])
    // The same questions in the two forms in which MedXpertQA circulates.
    expect(found.get('medxpertqa-inline')).toHaveLength(5)
    expect(found.get('careqa')).toBeUndefined()
    expect(found.get('pubmedqa')).toBeUndefined()
    // Two wordings of the answer to one question, 83 times.
    expect(found.get('mmlu-pro')?.length).toBe(83)
  }, 60_000)
})
