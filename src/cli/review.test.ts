import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import type { DisputeCase } from '../pipeline/data/review.ts'
import { disputesFile } from '../pipeline/data/shared.ts'
import { openDisputes } from '../questions/refine/disputes.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { terminalCommands } from './fixtures/terminal-commands.ts'
import { runCli } from './program.ts'
import { renderCase } from './review.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-cli-review-'))
const [run, empty] = [join(root, 'run'), join(root, 'empty')]
const evil = '\u001b]0;owned\u0007\u009b2J\u202e'

function dispute(id: string, reason: string): DisputeCase {
  return {
    ...{ kind: 'case', id, content: `content-${id}`, reason, evidence: `Crackles.${evil}` },
    given: [{ text: `Heart${evil}`, count: 4, isAsLabelled: false }],
    shown: {
      ...{ form: 'single', language: 'en', stem: `Which organ pumps?${evil}`, context: `A case.\n${evil}` },
      ...{
        options: ['Liver', `Heart${evil}`],
        golds: [0],
        answers: ['Liver'],
        source: 'medqa train 7',
        isProven: false,
      },
    },
  }
}
const raised = [dispute('question_1', 'never as labelled'), dispute('question_2', `other answer elsewhere${evil}`)]

beforeAll(() => {
  for (const dir of [run, empty]) {
    mkdirSync(join(dir, 'refinement'), { recursive: true })
    writeFileSync(join(dir, 'config.yaml'), 'name: written\n')
  }
  const queue = openDisputes(disputesFile(run))
  queue.add(raised)
  queue.decide('question_1', { kind: 'correct', golds: [1], answers: [] }, { who: 'Ada', why: 'the heart pumps' })
  queue.close()
})
afterAll(() => rmSync(root, { recursive: true }))

async function cli(...args: string[]) {
  const shell = recordingShell()
  const code = await runCli(['review', ...args], shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join('') }
}

describe('review', () => {
  test('--list shows each dispute with what was decided, and how many are open', async () => {
    const { code, out, err } = await cli(run, '--list')
    expect([code, err]).toEqual([0, ''])
    expect(out).toBe(
      'question_1  correct  never as labelled\nquestion_2  open  other answer elsewhere�]0;owned��2J�\n2 disputes, 1 open',
    )
  })

  test('--json says who decided, when and why; --list is not needed', async () => {
    const { code, out } = await cli(run, '--json')
    expect(code).toBe(0)
    expect(parseJson(out, { file: 'stdout' })).toMatchObject({
      schemaVersion: 1,
      disputes: [
        { id: 'question_1', source: 'medqa train 7', decision: 'correct', who: 'Ada', why: 'the heart pumps' },
        { id: 'question_2', decision: null, who: null, when: null, stem: `Which organ pumps?${evil}` },
      ],
    })
    expect(out).toMatch(/"when": "\d{4}-\d\d-\d\dT/)
    expect(terminalCommands(out)).toEqual([])
  })

  test('of a run without disputes lists none', async () => {
    expect(await cli(empty, '--list')).toEqual({ code: 0, out: '0 disputes, 0 open', err: '' })
  })

  test('without a terminal ends with code 2 and says what works without one', async () => {
    expect(await cli(run)).toEqual({
      ...{ code: 2, out: '' },
      err: 'error[E_CONFIG]: a review needs a terminal\nhint: use --list to see the disputes without one\n',
    })
  })

  test('of a folder that is not there ends with code 2', async () => {
    const { code, out, err } = await cli('/nowhere', '--list')
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(
      'error[E_DATA]: /nowhere: there is no run here whose questions could be disputed\nhint: give the folder of a data run such as',
    )
  })

  test('has a help that teaches', async () => {
    const { code, out } = await cli('--help')
    expect(code).toBe(0)
    expect(out).toContain('Examples:\n  $ fleming review')
    expect(out).toContain('Exit codes:\n  0    ')
  })
})

test('a disputed item is shown whole, its label marked, and lets no text command the terminal', () => {
  const text = renderCase(raised[0]!, recordingShell().outColors)
  expect(terminalCommands(text)).toEqual([])
  expect(text.replaceAll('�]0;owned��2J�', '')).toBe(
    'medqa train 7  never as labelled\n\nA case.\n\n\nWhich organ pumps?\n✔ Liver\n  Heart\n\nanswers given\n4 × Heart\n\nCrackles.',
  )
})
