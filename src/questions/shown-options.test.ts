import { expect, test } from 'vitest'
import { showOptions, withoutOptions } from './shown-options.ts'

const stem = 'Name the gene of gout.'

test('the options stand behind the stem in words, each after one space', () => {
  expect(showOptions(stem, ['ABCG2', 'C1 inhibitor', 'ATP7B'])).toBe(
    'Name the gene of gout. Options: ABCG2; C1 inhibitor; ATP7B.',
  )
})

test('the question alone is what was there before, also of a stem without options', () => {
  expect(withoutOptions(showOptions(stem, ['ABCG2', 'ATP7B']))).toBe(stem)
  expect(withoutOptions(stem)).toBe(stem)
  expect(withoutOptions('')).toBe('')
})
