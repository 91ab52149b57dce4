import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { sha256Hex } from '../core/hash.ts'
import { parseJson } from '../core/json.ts'
import { readLog } from '../core/store.ts'
import { type FaultName, type ServedRequest, startFaultyServer } from '../endpoint/fixtures/faulty-server.ts'
import { soundThinking } from './fixtures/tasks.ts'
import type { Taught } from './teach.ts'

const dir = mkdtempSync(join(tmpdir(), 'fleming-teach-faults-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const worker = fileURLToPath(new URL('./fixtures/teach-worker.ts', import.meta.url))
const questions = 24

/**
 * What the fake teacher says depends on the question and on what is asked of it, never on time: a third of the questions is
 * right blind, a third with the gold, some by a revision, the rest never.
 */
function answer({ messages }: ServedRequest): { text: string; reasoning: string } {
  const said = messages.map(({ content }) => content).join('\n')
  const question = /Case (q\d+)/.exec(said)?.[1] ?? ''
  const kind = Number.parseInt(sha256Hex(question).slice(0, 8), 16) % 6
  const isRevision = said.includes('<earlier>')
  const isRight =
    kind < 2 || (kind < 4 && said.includes('<reference>')) || (kind === 4 && isRevision && said.includes('one by one'))
  return { text: `So <answer>${isRight ? 'B' : 'C'}</answer>`, reasoning: soundThinking(`, as case ${question} says`) }
}

const faults: readonly FaultName[] = [
  '429-bare',
  '429-seconds',
  '500',
  '502',
  '503',
  'reset',
  'html',
  'truncated-json',
  'bad-utf8',
  'no-choices',
  'wrong-model',
  'length',
  'garbage',
  'empty',
  'content-filter',
]

const start = (faultRate: number, delayMs = 0) =>
  startFaultyServer({ seed: 7, faultRate, retryAfterSeconds: 0, faults, delayMs, answer })

const argumentsOf = (url: string, name: string): string[] => [
  ...['--import', 'tsx', worker, url, join(dir, name), String(questions)],
]

const run = async (url: string, name: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, argumentsOf(url, name))).stdout

type Line = { readonly kind: string; readonly key?: string; readonly attempt?: number; readonly request?: string }

const ledger = (name: string): Line[] => readLog(join(dir, name), (value) => value as Line).records

test('with 40 % faults ledger, report and trajectories agree with those of a calm teacher, byte for byte', async () => {
  const [faulty, calm] = [await start(0.4), await start(0)]
  try {
    const [said, plain] = [await run(faulty.url, 'faulty.jsonl'), await run(calm.url, 'calm.jsonl')]
    expect(faulty.requests).toBeGreaterThan(calm.requests * 1.4)
    const { trajectories, report } = parseJson(said, {}) as Taught
    expect(said.replaceAll(faulty.url, '')).toBe(plain.replaceAll(calm.url, ''))
    expect(report.rounds.reduce((sum, { failed, skipped }) => sum + failed + skipped, 0)).toBe(0)
    const asked = report.rounds.reduce((sum, round) => sum + round.asked, 0)
    expect(asked).toBe(calm.requests)
    // Every reply that came is in the ledger once, and every ask ended with exactly one reply that could be read.
    const lines = ledger('faulty.jsonl')
    const replies = lines.filter(({ kind }) => kind === 'reply')
    const refused = lines.filter(({ kind }) => kind === 'refused')
    expect(replies.length - refused.length).toBe(asked)
    expect(replies.length).toBe(faulty.replies)
    expect(new Set(replies.map(({ key, attempt }) => `${key} ${attempt}`)).size).toBe(replies.length)
    expect(Math.max(...faulty.goodReplies.values())).toBe(1)
    const origins = new Set(trajectories.map(({ origin }) => origin))
    expect([...origins].sort()).toEqual(['blind', 'gold-conditioned', 'refined'])
    expect(new Set(trajectories.map(({ questionId }) => questionId)).size).toBe(report.kept)
    expect(report.kept + Object.values(report.unsolved).reduce((sum, count) => sum + count, 0)).toBe(questions)
  } finally {
    await Promise.all([faulty.close(), calm.close()])
  }
}, 60_000)

test('killed again and again, it comes to the same bytes and asks for no reply that it has', async () => {
  const server = await start(0.4, 15)
  const calm = await start(0)
  try {
    for (const goal of [25, 70, 120]) {
      const child = spawn(process.execPath, argumentsOf(server.url, 'killed.jsonl'))
      const ended = new Promise<string | null>((resolve) => child.on('exit', (_, signal) => resolve(signal)))
      while (server.requests < goal) await new Promise((resolve) => setTimeout(resolve, 2))
      child.kill('SIGKILL')
      expect(await ended).toBe('SIGKILL')
    }
    const said = await run(server.url, 'killed.jsonl')
    const plain = await run(calm.url, 'calm-again.jsonl')
    expect(said.replaceAll(server.url, '')).toBe(plain.replaceAll(calm.url, ''))
    const lines = ledger('killed.jsonl')
    expect(lines.filter(({ kind }) => kind === 'opened').length).toBeGreaterThan(4)
    const replies = lines.filter(({ kind }) => kind === 'reply')
    expect(new Set(replies.map(({ key, attempt, request }) => `${key} ${attempt} ${request}`)).size).toBe(
      replies.length,
    )
  } finally {
    await Promise.all([server.close(), calm.close()])
  }
}, 60_000)
