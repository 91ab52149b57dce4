import { expect, test } from 'vitest'
import { DataError, EngineError } from '../core/errors.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { terminalCommands } from './fixtures/terminal-commands.ts'
import { printable, printableJson, printableLine } from './printable.ts'
import { createProgress } from './progress.ts'
import { renderCounts, renderReasons, renderTable } from './render.ts'
import { reportError } from './report-error.ts'

/** A title, a cleared screen, a bell, the same in C1, and a word that is shown backwards. */
const evil = 'a\u001b]0;owned\u0007b\u001b[2Jc\rd\u009b31me\u0085f\u007f\u202egnip\u202c\u2066x\u2069\u200f\0'

test('what a terminal obeys becomes �, and all other text is left as it is', () => {
  expect(printable('ESC \u001b[31m BEL \u0007 OSC \u001b]0;t\u001b\\ C1 \u009b1m bidi \u202ex\u202c')).toBe(
    'ESC �[31m BEL � OSC �]0;t�\\ C1 �1m bidi �x�',
  )
  expect(terminalCommands(printable(evil))).toEqual([])
  expect(printable('two\r\nlines\tand\na tab')).toBe('two\nlines\tand\na tab')
  const plain = '心电图 β₂-agonist, naïve, 😀, مريض, 👩\u200d⚕️ � 5 ≥ 3'
  expect(printable(plain)).toBe(plain)
  expect(printableLine('a\n\tb\u001bc')).toBe('a b�c')
})

test('JSON keeps its values, and holds nothing that a terminal obeys', () => {
  const json = JSON.stringify({ [evil]: [evil, 'a\nb'] }, null, 2)
  expect(terminalCommands(json)).toContain('\u009b')
  expect(terminalCommands(printableJson(json))).toEqual([])
  expect(JSON.parse(printableJson(json))).toEqual(JSON.parse(json))
  expect(printableJson(json).split('\n')).toHaveLength(json.split('\n').length)
})

test('tables, counts and reasons give the terminal no command, and keep one line each', () => {
  const text = [
    renderTable(['source', 'what'], [['x', `${evil}\nsecond line`]]),
    ...renderCounts('types', { [evil]: 2 }),
    ...renderReasons({ [evil]: { count: 3, example: `f:1: ${evil}\nerror[E_DATA]: forged` } }),
  ].join('\n')
  expect(terminalCommands(text)).toEqual([])
  expect(text.split('\n')).toHaveLength(5)
})

test('neither do errors with words of files and servers, in message, hint and stack', () => {
  const bug = new TypeError(evil)
  for (const cause of [
    new DataError(`unknown ${evil}`, { file: evil, hint: `known: ${evil}` }),
    new EngineError(`the server says ${evil}`),
    bug,
    evil,
  ]) {
    const shell = recordingShell()
    reportError(cause, shell)
    expect(shell.stderr.join('')).toContain('owned')
    expect(terminalCommands(shell.stderr.join(''))).toEqual([])
  }
})

test('neither do notes of a run, into a pipe or on a terminal', () => {
  for (const isLive of [false, true]) {
    const shell = recordingShell({ isLive, columns: 200 })
    const progress = createProgress(shell)
    progress.stageStarted('curated')
    progress.note(`${evil}\nforged: done`)
    progress.close()
    const line = shell.stderr
      .join('')
      .split('\n')
      .find((text) => text.includes('owned'))
    expect(terminalCommands(line ?? '')).toEqual([])
    expect(line).toContain('forged')
  }
})
