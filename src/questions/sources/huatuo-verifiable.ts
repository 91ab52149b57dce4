import { cell, defineQuestionSource, languageOf } from './kit.ts'

/**
 * The open-ended verifiable problems of HuatuoGPT-o1: a question and its answer in words. Read in its documented form, without
 * real rows.
 */
export const huatuoVerifiable = defineQuestionSource({
  name: 'huatuo-verifiable',
  title: 'HuatuoGPT-o1 verifiable problems',
  license: 'Apache-2.0',
  language: 'en',
  hub: 'FreedomIntelligence/medical-o1-verifiable-problem',
  use: 'training',
  testedOn: 'written samples',
  columns: 'Open-ended Verifiable Question, Ground-True Answer',
  open:
    () =>
    ({ cells }) => {
      const stem = cell(cells, 'Open-ended Verifiable Question')
      const answer = cell(cells, 'Ground-True Answer')
      if (stem === undefined || answer === undefined) return null
      return {
        stem,
        options: [],
        golds: [],
        isOpen: true,
        answers: [answer],
        row: cells.id,
        language: languageOf(stem),
      }
    },
})
