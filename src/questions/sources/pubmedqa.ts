import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { type CellRow, cell, defineQuestionSource } from './kit.ts'
import { isMissing } from './letters.ts'
import { isOfficialTestId, pubmedIdOf } from './pubmedqa-test.ts'
import { cleanText, type Draft, type Refusal } from './row-rules.ts'
import { type Split, splitOfPlace } from './split.ts'

const decisions: readonly string[] = ['yes', 'no', 'maybe']
const OFFICIAL_IDS_FILE = 'test_ground_truth.json'

/**
 * PubMedQA: the abstract is context, the options are yes, no and maybe in this order in every row. A row whose id is one of
 * the 500 official test ids is a test row, whatever its file is called; the others of the labelled set are training rows. A
 * row without an id that can be read is dropped: nobody could tell which it is.
 */
export const pubmedqa = defineQuestionSource({
  name: 'pubmedqa',
  title: 'PubMedQA',
  license: 'MIT',
  language: 'en',
  hub: 'qiaojin/PubMedQA',
  hubConfig: 'pqa_labeled',
  use: 'training',
  testedOn: 'real rows',
  goldPositions: 'fixed',
  columns: 'pubid, question, context, final_decision',
  open: (input) => {
    const isTest = testIds(input.file)
    const split = input.split ?? splitOfPlace(input) ?? 'train'
    return (row) => read(row, isTest, split)
  },
})

function read({ cells, key }: CellRow, isTest: (id: string) => boolean, split: Split): Draft | Refusal | null {
  const stem = cell(cells, 'question', 'QUESTION')
  const decision = cell(cells, 'final_decision')
  const contexts = contextOf(cell(cells, 'context', 'CONTEXTS', 'contexts'))
  if (stem === undefined || decision === undefined) return null
  const id = [cells.pubid, cells.PMID, cells.pmid, key].map(pubmedIdOf).find((read) => read !== null)
  if (id === undefined) return { reason: 'no row id', detail: 'cannot be told from a row of the official test' }
  if (contexts.length === 0) return { reason: 'missing text', detail: 'no abstract' }
  const gold = typeof decision === 'string' ? decisions.indexOf(decision.trim().toLowerCase()) : -1
  return {
    stem,
    context: contexts.join('\n'),
    options: decisions,
    golds: isMissing(decision) ? null : [gold === -1 ? Number.NaN : gold],
    row: id,
    split: isTest(id) ? 'test' : split,
    explanation: cell(cells, 'long_answer', 'LONG_ANSWER'),
  }
}

function contextOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(cleanText).filter((text) => text !== null)
  if (typeof value === 'object' && value !== null) return contextOf('contexts' in value ? value.contexts : null)
  const text = cleanText(value)
  return text === null ? [] : [text]
}

/** The official ids, those known here and those of the list beside the file. */
function testIds(file: string): (id: string) => boolean {
  const listFile = join(dirname(file), OFFICIAL_IDS_FILE)
  if (!existsSync(listFile)) return isOfficialTestId
  const list = parseJson(readText(listFile), { file: listFile })
  if (typeof list !== 'object' || list === null || Array.isArray(list))
    throw new DataError('not the list of official test ids', {
      file: listFile,
      hint: 'an object with an id a key is expected; fetch the file again, or remove it: the ids are known without it',
    })
  const ids = new Set(Object.keys(list).map(pubmedIdOf))
  return (id) => ids.has(id) || isOfficialTestId(id)
}
