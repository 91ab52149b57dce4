import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatJson } from '../core/json.ts'
import { putAtomic } from '../core/store.ts'
import { writeScriptedRun } from './fixtures/scripted-run.ts'
import { miniatureCompletion } from './report/fixtures/miniature-questions.ts'
import { rescore } from './rescore.ts'

const all = ['base', 'cold-start', 'rl-1', 'rl-2'] as const

test('checkpoints are scored anew on the held-out questions, and compared with what the run sealed', async () => {
  const run = await writeScriptedRun(join(mkdtempSync(join(tmpdir(), 'fleming-rescore-')), 'miniature'))
  // Knows the right answer to two-hop questions and is wrong about the rest.
  const student = run.student((prompt) => {
    const question = run.questions.find(({ stem }) => `${stem}<think>` === prompt)
    return question === undefined
      ? ''
      : miniatureCompletion(run.graph, question, question.hop === 2 ? 'right' : 'wrong')
  })
  const told: string[] = []
  const first = await rescore(run.dir, all, (checkpoint) => told.push(checkpoint), student)
  expect(told).toEqual(['base-forced', ...all])
  const rows = first.scores.ladder.filter(
    ({ stage, split, form, rarity }) =>
      stage === 'rl-2' && split === 'held-out-composition' && form === 'open' && rarity === 'all',
  )
  expect(rows.map(({ hop, n, correct }) => [hop, n, correct])).toEqual([
    ['all', 27, 9],
    [2, 9, 9],
    [3, 9, 0],
    [4, 9, 0],
  ])
  expect(first.scores.paired[0]).toMatchObject({ from: 'base', to: 'cold-start', gained: 0, lost: 0, p: 1 })
  expect(first.sameAsSealed).toBe(false)

  putAtomic(join(run.dir, 'evaluation', 'scores.json'), formatJson({ schemaVersion: 1, ...first.scores }))
  const last = await rescore(run.dir, ['rl-2'], () => {}, student)
  expect(last.scores.paired).toEqual([])
  expect(last.sameAsSealed).toBe(true)
})
