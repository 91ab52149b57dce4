import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { terminalCommands } from './fixtures/terminal-commands.ts'
import { runCli } from './program.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-cli-questions-'))
afterAll(() => rmSync(root, { recursive: true }))

async function cli(...args: string[]) {
  const shell = recordingShell()
  const code = await runCli(['questions', ...args], shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join('') }
}
const json = (text: string): unknown => parseJson(text, { file: 'stdout' })

const row = (question: string, more: object = {}) => ({
  ...{ question, options: { A: 'Liver', B: 'Heart', C: 'Kidney' }, answer_idx: 'B', answer: 'Heart', ...more },
})
const file = join(root, 'train.jsonl')
const rows = [
  row('Which organ pumps?'),
  row('Which organ has valves?'),
  row('Which organ makes bile?', { answer_idx: 'A', answer: 'Liver' }),
  row('Which one?', { answer_idx: 'D', answer: 'Lung' }),
  row('Which one now?', { options: { A: 'Liver', B: 'Heart', C: 'Heart' } }),
  row('Which organ pumps?'),
]
writeFileSync(file, `${rows.map((value) => JSON.stringify(value)).join('\n')}\nno JSON\n`)

describe('questions read', () => {
  test('--json counts rows kept, and dropped by reason with the place of the first', async () => {
    const { code, out, err } = await cli('read', 'medqa', file, '--json')
    expect([code, err]).toEqual([0, ''])
    expect(json(out)).toMatchObject({
      ...{ schemaVersion: 1, source: 'medqa', use: 'training', file, rows: 7, kept: 3, dropped: 4 },
      droppedByReason: {
        'broken row': { count: 1, example: expect.stringContaining(`${file}:7: `) },
        'duplicate options': { count: 1, example: expect.stringContaining(`${file}:5: "Heart" twice`) },
        'gold is not an option': { count: 1, example: expect.stringContaining(`${file}:4: `) },
        'repeated row': { count: 1, example: `${file}:6: asks what line 1 asks` },
      },
      ...{ bySplit: { train: 3 }, byForm: { single: 3 }, byOptions: { '3': 3 }, byGold: { '1': 2, '0': 1 } },
      examples: [{ stem: 'Which organ pumps?', golds: [1], origin: { file, line: 1, split: 'train' } }],
    })
  })

  test('tells the same in words, with as many questions as are wanted, the right options marked', async () => {
    const { code, out } = await cli('read', 'medqa', file, '--examples', '2', '--split', 'dev')
    expect(code).toBe(0)
    expect(out).toContain('7 rows: 3 kept, 4 dropped')
    expect(out).toContain(`  1 × repeated row   e.g. ${file}:6: asks what line 1 asks`)
    expect(out).toContain('  splits: dev 3')
    expect(out).toContain('Which organ has valves?\n   Liver\n ✔ Heart\n   Kidney')
    expect(out).not.toContain('Which organ makes bile?')
  })

  test('lets no question command the terminal, in words or in JSON', async () => {
    const evil = join(root, 'evil-train.jsonl')
    const question = 'What\u001b]0;owned\u0007\u009b2J\u202e is it?'
    const options = { A: 'x\u001b[2J', B: 'Heart\u0085' }
    const dropped = row('Which?', { answer_idx: '\u001b[31mQ' })
    writeFileSync(
      evil,
      [row(question, { options, answer: options.B }), dropped].map((one) => JSON.stringify(one)).join('\n'),
    )
    for (const format of [[], ['--json']]) {
      const { code, out, err } = await cli('read', 'medqa', evil, ...format)
      expect([code, err]).toEqual([0, ''])
      expect(out).toContain('owned')
      expect(terminalCommands(out)).toEqual([])
    }
    const { out } = await cli('read', 'medqa', evil, '--json')
    expect(json(out)).toMatchObject({ examples: [{ stem: question }] })
  })

  test.each([
    [['medqs', file], 'unknown question source "medqs"', 'did you mean "medqa"?'],
    [['medqa', join(root, 'none.jsonl')], 'there is no such file', 'hf:owner/name@revision:path'],
    [['medqa', 'owner/exam'], 'there is no such file', 'write hf:owner/exam'],
    [['pubmedqa', file], 'not a file of PubMedQA', 'columns pubid'],
    [['medqa', file, '--split', 'training'], 'Allowed choices are train, dev, test', '--help'],
    [['careqa', file, '--split', 'train'], 'careqa is a benchmark', 'declare the split dev or test'],
  ])('of %j ends with code 2 and what to do', async (args, message, hint) => {
    const { code, out, err } = await cli('read', ...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^error\[E_(CONFIG|DATA)\]: /)
    expect(err).toContain(message)
    expect(err.split('hint: ')[1]).toContain(hint)
  })
})

describe('questions sources', () => {
  test('lists every reader with use and licence, as a table and as JSON', async () => {
    const { code, out } = await cli('sources', '--json')
    expect(code).toBe(0)
    const { sources } = json(out) as { sources: { name: string; use: string }[] }
    expect(sources).toContainEqual(expect.objectContaining({ name: 'careqa', use: 'benchmark' }))
    const table = (await cli('sources')).out.split('\n')
    expect(table).toHaveLength(sources.length + 2)
    for (const [index, { name }] of sources.entries()) expect(table[index + 2]?.trim().startsWith(name)).toBe(true)
  })
})

test.each([[[]], [['read']], [['sources']]])('help of %j ends with its exit codes', async (command) => {
  const { code, out } = await cli(...command, '--help')
  expect(code).toBe(0)
  expect(out).toContain(command.length === 0 ? 'Commands:' : 'Exit codes:\n  0    ')
})
