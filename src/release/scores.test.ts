import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatJson } from '../core/json.ts'
import { putAtomic } from '../core/store.ts'
import { exampleScores } from './fixtures/scores.ts'
import { readScores } from './scores.ts'

const file = join(mkdtempSync(join(tmpdir(), 'fleming-scores-')), 'scores.json')
const write = (value: unknown): void => putAtomic(file, formatJson(value))

test('scores come back as they were written', () => {
  write({ schemaVersion: 1, ...exampleScores() })
  expect(readScores(file)).toEqual(exampleScores())
})

test('an accuracy above 1 is refused by the name of its field', () => {
  const { ladder, ...rest } = exampleScores()
  write({ schemaVersion: 1, ...rest, ladder: [{ ...ladder[0], accuracy: 41.2 }] })
  expect(() => readScores(file)).toThrow(`${file}: ladder.0.accuracy`)
})

test('a file of another version is refused', () => {
  write({ schemaVersion: 2, ...exampleScores() })
  expect(() => readScores(file)).toThrow('schemaVersion')
})
