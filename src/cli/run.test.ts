import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import { readJsonl } from '../core/jsonl.ts'
import type { AnswerRecord } from '../evaluation/types.ts'
import type { Question } from '../questions/types.ts'
import { readScores } from '../release/scores.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { runCli } from './program.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-run-'))
const dir = join(root, 'whole')
const options = ['run', '--config', 'test/short.yaml', '--root', root, '--name', 'whole', '--seed', '3']

async function cli(...args: string[]) {
  const shell = recordingShell()
  const code = await runCli(args, shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join('') }
}
const json = (text: string): Record<string, unknown> => parseJson(text, { file: 'stdout' }) as Record<string, unknown>

let first: Awaited<ReturnType<typeof cli>>
beforeAll(async () => {
  first = await cli(...options, '--json')
}, 60_000)

describe('fleming run', () => {
  test('leaves a report, a release and scores, and stdout is one JSON object with them', () => {
    expect(first.code).toBe(0)
    const { schemaVersion, report, release, scores, notice } = json(first.out)
    expect({ schemaVersion, notice }).toEqual({ schemaVersion: 1, notice: 'research only, not for clinical use' })
    expect(report).toBe(join(dir, 'report.html'))
    expect([report, release].map((path) => existsSync(String(path)))).toEqual([true, true])
    expect(scores).toEqual(readScores(join(dir, 'evaluation', 'scores.json')))
  })

  test('tells every stage on stderr, in plain lines where it is no terminal', () => {
    expect(first.err).toContain('run "whole", seed 3, data seed 1')
    for (const stage of ['graph', 'questions', 'pretrain', 'cold-start', 'rl-1', 'rl-2', 'evaluation', 'release'])
      expect(first.err).toContain(`${stage}: done in `)
    expect(first.err).toMatch(/pretrain: step 20\/40 {2}loss \d\.\d{3} {2}ETA /)
  })

  test('started again makes nothing anew and prints the same scores as a table', async () => {
    const again = await cli(...options)
    expect(again.code).toBe(0)
    expect(again.err.match(/: unchanged, not made again/g)).toHaveLength(8)
    expect(again.out).toContain('+ RL stage 2')
    expect(again.out.split('\n').at(-1)).toBe('research only, not for clinical use')
  })

  test('with another configuration under the same name is refused, naming the key', async () => {
    const { code, err } = await cli(...options, '--set', 'rl-2.focus=1')
    expect(code).toBe(2)
    expect(err).toContain('rl-2.focus: 3 → 1')
  })
})

describe('what a run left', () => {
  test('is verified, and scores the same again', async () => {
    expect((await cli('verify', dir)).code).toBe(0)
    const { sameAsSealed } = json((await cli('eval', dir, '--json')).out)
    expect(sameAsSealed).toBe(true)
  })

  test('can be asked: the answer is that of the greedy evaluation', async () => {
    const [example] = json((await cli('ask', '--examples', '--run', dir, '--json')).out).examples as { stem: string }[]
    const asked = await cli('ask', example!.stem, '--run', dir, '--json')
    expect(asked.code).toBe(0)
    const questions = readJsonl(join(dir, 'questions', 'questions.jsonl'), (value) => value as Question)
    const answers = readJsonl(join(dir, 'evaluation', 'answers-rl-2.jsonl'), (value) => value as AnswerRecord)
    const { id } = questions.find(({ stem }) => stem === example!.stem)!
    const evaluated = answers.find(({ questionId }) => questionId === id)!
    expect(json(asked.out)).toMatchObject({
      question: example!.stem,
      completion: evaluated.completion,
      groundedSteps: evaluated.groundedSteps,
      unknownWords: [],
      known: { split: 'held-out-composition', correct: evaluated.correct },
    })
  })

  test('warns on stderr of words that the model does not know, and still answers', async () => {
    const { code, out, err } = await cli('ask', 'What is the hypertnesion?', '--run', dir)
    expect(code).toBe(0)
    expect(err).toContain('warning: not among the words of this model: "hypertnesion"')
    expect(out).toContain('answer: ')
  })
})
