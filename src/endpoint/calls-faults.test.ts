import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRng } from '../core/rng.ts'
import { readLog } from '../core/store.ts'
import type { CallRecord } from './call-log.ts'
import { type CallOutcome, type CallsReport, runCalls } from './calls.ts'
import { openChatModel } from './chat.ts'
import { checkedAnswer, checkedPlan, serveChecked } from './fixtures/checked-plan.ts'
import {
  callFaults,
  type FaultName,
  type FaultyServer,
  replyFaults,
  startFaultyServer,
} from './fixtures/faulty-server.ts'

let dir: string
let server: FaultyServer
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleming-faults-'))
})
afterEach(async () => {
  await server.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Some ten times what a quiet computer needs. */
const PATIENCE_MS = 240_000

const allFaults: readonly FaultName[] = [...callFaults, ...replyFaults]
const slowFaults: readonly FaultName[] = ['hang', 'drip']

const recordsOf = (file: string): CallRecord[] => readLog(file).records as CallRecord[]

test.each([
  { stream: false, count: 2_000 },
  { stream: true, count: 400 },
])(
  '$count calls at 40 % faults, stream $stream: planned is done and quarantined, nothing twice, both ledgers agree',
  async ({ stream, count }) => {
    // What only a timeout ends is drawn more rarely, for the sake of the test's own time.
    const quick = allFaults.filter((fault) => !slowFaults.includes(fault))
    const faults = [...Array.from({ length: stream ? 2 : 6 }, () => quick).flat(), ...slowFaults]
    server = await startFaultyServer({ seed: 11, faultRate: 0.4, faults, answer: serveChecked })
    const logFile = join(dir, 'calls.jsonl')
    const model = openChatModel({ url: server.url, model: 'tester', timeoutMs: 2_500, stream })
    const options = { model, logFile, concurrency: 12, maxAttempts: 4, retryDelayMs: 1 }
    const outcomes: CallOutcome<string>[] = []
    const calls = runCalls(checkedPlan(count), options)
    let report: CallsReport | null = null
    for (let next = await calls.next(); report === null; next = await calls.next()) {
      if (next.done) report = next.value
      else outcomes.push(next.value)
    }

    expect(outcomes.map(({ key }) => key)).toEqual(Array.from({ length: count }, (_, index) => `q${index}`))
    expect(report.done + report.quarantined).toBe(count)
    // One call in ten thousand meets four replies that are of no use, or twelve faults.
    expect(report.done).toBeGreaterThan(0.995 * count)
    for (const [index, outcome] of outcomes.entries()) {
      const value = checkedAnswer(`question ${index}`).split(' ')[2]
      if (outcome.kind === 'done') expect(outcome).toMatchObject({ value })
      else expect(outcome.kind).toBe('quarantined')
      // Four replies that are refused, twelve failures on the way.
      expect(outcome.kind === 'skipped' ? 0 : outcome.attempts).toBeLessThanOrEqual(15)
    }
    const records = recordsOf(logFile)
    const countOf = (kind: CallRecord['kind']): number => records.filter((record) => record.kind === kind).length
    expect(countOf('intent')).toBe(server.requests)
    expect(countOf('intent')).toBe(countOf('reply') + countOf('failed'))
    // On a computer that stands still for a second, answers come after their timeout: none otherwise.
    const late = (report.failures.timeout ?? 0) - slowFaults.reduce((sum, name) => sum + server.faults.get(name)!, 0)
    expect(server.replies - countOf('reply')).toBeGreaterThanOrEqual(0)
    expect(server.replies - countOf('reply')).toBeLessThanOrEqual(late)
    expect(countOf('reply')).toBe(report.replies)
    expect(countOf('refused')).toBe(report.refused)
    expect(report.replies - report.refused).toBe(report.done)
    const sentTwice = [...server.goodReplies.values()].reduce((sum, sent) => sum + sent - 1, 0)
    expect(sentTwice).toBeLessThanOrEqual(late)
    expect(server.goodReplies.size - report.done).toBeLessThanOrEqual(late)
    // Every kind of fault was met, or the test proves less than it says.
    for (const fault of allFaults) expect(server.faults.get(fault)).toBeGreaterThan(0)
  },
  PATIENCE_MS,
)

test(
  'killed six times at random moments and resumed, a run has the outcomes of one that was left alone',
  async () => {
    const count = 400
    const faults = allFaults.filter((fault) => !slowFaults.includes(fault))
    server = await startFaultyServer({
      seed: 5,
      faultRate: 0.4,
      faults,
      delayMs: 15,
      // Some never give a good answer, so that quarantine is compared as well.
      faultOf: ({ messages }) => (/0$/.test(messages[0]!.content) ? 'garbage' : undefined),
      answer: serveChecked,
    })
    const logFile = join(dir, 'killed.jsonl')
    const rng = createRng(3, 'kills')
    for (let kill = 0; kill < 6; kill++) {
      const before = existsSync(logFile) ? statSync(logFile).size : 0
      const worker = startWorker(server.url, logFile, count)
      while (!existsSync(logFile) || statSync(logFile).size <= before + 6_000) await pause(2)
      await pause(rng.int(160))
      worker.child.kill('SIGKILL')
      expect((await worker.ended).signal).toBe('SIGKILL')
    }
    const resumed = await startWorker(server.url, logFile, count).ended
    expect(resumed.signal).toBeNull()
    const lines = resumed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    const report = lines.pop() as CallsReport

    const alone: unknown[] = []
    const model = openChatModel({ url: server.url, model: 'tester', timeoutMs: 5_000 })
    const options = { model, logFile: join(dir, 'alone.jsonl'), concurrency: 8, maxAttempts: 6, retryDelayMs: 1 }
    const goodBefore = new Map(server.goodReplies)
    for await (const outcome of runCalls(checkedPlan(count), options)) alone.push(outcome)

    // How many attempts it took is the network's doing, and not part of what a run makes.
    const withoutAttempts = (outcomes: readonly unknown[]) =>
      outcomes.map((outcome) => ({ ...(outcome as object), attempts: 0 }))
    expect(withoutAttempts(lines)).toEqual(withoutAttempts(alone))
    expect(report).toMatchObject({ planned: count, done: 360, quarantined: 40, causes: { 'refused: damaged': 40 } })
    expect(report.replayed).toBeGreaterThan(50)
    expect(report.interrupted).toBeGreaterThan(0)
    expect(report.interrupted).toBeLessThanOrEqual(6 * 8)
    // A good answer was sent twice only where a kill came between the answer and the ledger.
    const twice = [...goodBefore.values()].reduce((sum, sent) => sum + sent - 1, 0)
    expect(twice).toBeLessThanOrEqual(report.interrupted)
    const stored = recordsOf(logFile).filter((record) => record.kind === 'reply')
    const names = stored.map((record) => `${record.key} ${record.attempt}`)
    expect(new Set(names).size).toBe(names.length)
  },
  PATIENCE_MS,
)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

type Ended = { readonly stdout: string; readonly signal: NodeJS.Signals | null }

function startWorker(url: string, logFile: string, count: number): { child: ChildProcess; ended: Promise<Ended> } {
  const script = fileURLToPath(new URL('./fixtures/call-worker.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, url, logFile, String(count)])
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (block: Buffer) => {
    stdout += block.toString()
  })
  child.stderr.on('data', (block: Buffer) => {
    stderr += block.toString()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code !== 0 && signal === null) reject(new Error(`the worker failed: ${stderr}`))
      else resolve({ stdout, signal })
    })
  })
  return { child, ended }
}
