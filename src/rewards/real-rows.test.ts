import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { questionSources } from '../questions/registry.ts'
import { readAll } from '../questions/sources/fixtures/read-all.ts'
import type { Item } from '../questions/types.ts'
import { letterOf } from '../text/options.ts'
import { checkVerifier } from './canaries.ts'
import { promptOf } from './item-prompt.ts'
import { orderAt, taskOf } from './item-task.ts'
import { canMove } from './option-order.ts'
import { scoreCompletion } from './total.ts'
import type { AnswerTask } from './types.ts'

const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const score = (task: AnswerTask, completion: string) =>
  scoreCompletion(task, completion, 'gated', { truncated: false, thinkPrefilled: true }).reward
const formed = (body: string): string => ` one of them fits best</think><answer>${body}</answer>`

/** Rights of an item at a visit: the number of letters that are right, and whether the gold's own text is. */
function tryItem(item: Item, visit: number): { readonly letters: number; readonly byText: boolean } {
  const order = orderAt(item, 1, visit)
  const task = taskOf(item, { order })
  const letters = order.filter((_, shown) => score(task, formed(letterOf(shown))).total === 1).length
  const texts = item.golds.map((gold) => item.options[gold]!)
  return { letters, byText: score(task, formed(texts.join('; '))).total === 1 }
}

describe.skipIf(!existsSync(shared))('real rows', () => {
  test.each([
    ['medqa', 'medqa/phrases_no_exclude_test.first400.jsonl'],
    ['medmcqa', 'medmcqa/dev.first500.json'],
    ['cmexam', 'cmexam/cmexam_2000.apollo.json'],
    ['careqa', 'careqa/CareQA_en.first700-and-nan-rows.jsonl'],
  ])(
    '%s: every item has a task with sound canaries, one right letter, and its own texts in its prompt',
    async (name, file) => {
      const { items } = await readAll(questionSources.get(name), join(shared, file))
      expect(items.length).toBeGreaterThan(300)
      const found = { text: 0, still: 0 }
      for (const item of items) {
        const task = taskOf(item, { order: orderAt(item, 1, 0) })
        checkVerifier(score, [task])
        const { letters, byText } = tryItem(item, 0)
        expect([item.id, letters]).toEqual([item.id, item.golds.length === 1 ? 1 : 0])
        if (byText) found.text += 1
        if (!canMove(item.options)) found.still += 1
        const prompt = promptOf(item)
        expect([item.stem, ...item.options].every((text) => prompt.includes(text))).toBe(true)
      }
      // The text of an option that holds a separator may not be read back from a set: a few rows in a hundred.
      expect(found.text / items.length).toBeGreaterThan(0.97)
      expect(found.still / items.length).toBeLessThan(0.1)
    },
  )
})
