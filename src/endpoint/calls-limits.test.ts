import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../core/errors.ts'
import { openLog } from '../core/store.ts'
import { openCallLog } from './call-log.ts'
import { type CallOutcome, type CallsReport, type RunCallsOptions, runCalls } from './calls.ts'
import { EndpointError } from './failure.ts'
import { type ScriptedAnswer, scriptedModel } from './fixtures/scripted-model.ts'
import type { PlannedCall, TokenUsage } from './types.ts'

let dir: string
let logFile: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleming-limits-'))
  logFile = join(dir, 'calls.jsonl')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Takes "fine", refuses whatever else. */
const plan = (count: number): PlannedCall<string>[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `k${index}`,
    request: (attempt) => ({
      messages: [{ role: 'user', content: `k${index}#${attempt}` }],
      maxTokens: 5,
      temperature: 0,
    }),
    read: ({ text }) => (text === 'fine' ? { kind: 'value', value: text } : { kind: 'refused', reason: 'not fine' }),
  }))

async function run(
  calls: Iterable<PlannedCall<string>>,
  answer: (prompt: string, call: number) => ScriptedAnswer,
  options: Partial<RunCallsOptions> = {},
) {
  let asked = 0
  const model = scriptedModel(({ messages }) => answer(messages[0]!.content, asked++))
  const outcomes: CallOutcome<string>[] = []
  const settings = { model, logFile, concurrency: 4, maxAttempts: 4, retryDelayMs: 0, ...options }
  const generator = runCalls(calls, settings)
  let report: CallsReport | null = null
  let error: unknown = null
  try {
    for (let next = await generator.next(); report === null; next = await generator.next()) {
      if (next.done) report = next.value
      else outcomes.push(next.value)
    }
  } catch (cause) {
    error = cause
  }
  return { outcomes, report, error, prompts: model.requests.map(({ messages }) => messages[0]!.content) }
}

const badRequest = () => new EndpointError('bad-request', 'schema unsupported', { status: 400 })

describe('failures that stopped a run count for nothing in the next one', () => {
  test('a server that refuses every request does so until it is put right', async () => {
    const first = await run(plan(30), badRequest)
    expect(String(first.error)).toContain('20 calls in a row failed')
    const second = await run(plan(30), () => 'fine')
    expect(second.report).toMatchObject({ done: 30, quarantined: 0 })
  })

  test('however often an endpoint was down, its calls have all their chances left', async () => {
    const down = () => new EndpointError('unreachable', 'nobody there')
    for (let again = 0; again < 4; again++) {
      const { error, outcomes } = await run(plan(3), down, { maxFaults: 6, breakerAfter: 5, concurrency: 1 })
      expect([String(error), outcomes]).toEqual([expect.stringContaining('5 calls in a row failed'), []])
    }
    const { outcomes } = await run(plan(1), (_, call) => (call < 5 ? down() : 'fine'), { maxFaults: 6 })
    expect(outcomes).toEqual([{ kind: 'done', key: 'k0', value: 'fine', attempts: 6 }])
  })

  test('a bad request right before the credit ran out is asked again, one before a reply is final', async () => {
    const script = (prompt: string): ScriptedAnswer => {
      if (prompt === 'k0#1' || prompt === 'k2#1') return badRequest()
      return prompt === 'k1#1' ? 'fine' : new EndpointError('quota', 'no credit', { status: 402 })
    }
    expect(String((await run(plan(4), script, { concurrency: 1 })).error)).toContain('no credit')
    const { outcomes, prompts } = await run(plan(4), () => 'fine', { concurrency: 1 })
    expect(prompts).toEqual(['k2#1', 'k3#1'])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['quarantined', 'done', 'done', 'done'])
  })

  test('a bad request that stopped nothing is final, whatever the limit', async () => {
    const script = (prompt: string): ScriptedAnswer => (prompt === 'k0#1' ? badRequest() : 'fine')
    await run(plan(2), script)
    const { outcomes, prompts } = await run(plan(2), () => 'fine', { maxAttempts: 100 })
    expect(prompts).toEqual([])
    expect(outcomes[0]).toEqual({ kind: 'quarantined', key: 'k0', cause: 'bad-request', attempts: 1 })
  })
})

describe('faults of the network have a limit of their own', () => {
  test('they use up no chance of the reader: eleven faults and three refusals leave one more', async () => {
    const script = (prompt: string, call: number): ScriptedAnswer => {
      if (call % 4 !== 3 && call < 14) return new EndpointError('server-error', 'x', { status: 500 })
      return prompt === 'k0#4' ? 'fine' : 'nonsense'
    }
    const { outcomes, prompts } = await run(plan(1), script)
    expect(outcomes).toEqual([{ kind: 'done', key: 'k0', value: 'fine', attempts: 15 }])
    expect([...new Set(prompts)]).toEqual(['k0#1', 'k0#2', 'k0#3', 'k0#4'])
  })

  test('at the limit the call is given up, also when its faults were spread over two runs', async () => {
    const down = () => new EndpointError('timeout', 'x')
    expect((await run(plan(1), down)).outcomes).toEqual([
      { kind: 'quarantined', key: 'k0', cause: 'timeout', attempts: 12 },
    ])
    const more = await run(plan(1), down, { maxFaults: 15 })
    expect(more.prompts.length).toBe(3)
    expect(more.outcomes).toMatchObject([{ kind: 'quarantined', attempts: 15 }])
    expect((await run(plan(1), () => 'fine', { maxFaults: 16 })).outcomes).toMatchObject([{ kind: 'done' }])
  })

  test('refused replies are limited by maxAttempts alone', async () => {
    const { outcomes } = await run(plan(1), () => 'nonsense', { maxAttempts: 2, maxFaults: 50 })
    expect(outcomes).toEqual([{ kind: 'quarantined', key: 'k0', cause: 'refused: not fine', attempts: 2 }])
    expect((await run(plan(1), () => 'fine', { maxFaults: 0 })).error).toBeInstanceOf(ConfigError)
  })
})

describe('counts of tokens that are none', () => {
  const saying = (usage: TokenUsage): ScriptedAnswer => ({
    ...{ text: 'fine', reasoning: null, finishReason: 'stop' as const, model: 'm' },
    usage,
  })

  test.each([
    { promptTokens: -1_000_000, completionTokens: -1_000_000 },
    { promptTokens: 0.5, completionTokens: 1 },
    { promptTokens: Number.POSITIVE_INFINITY, completionTokens: 1 },
    { promptTokens: 1e308, completionTokens: 0 },
  ])('%j cannot stretch a budget: the call is charged at its most', async (usage) => {
    const budget = { calls: null, tokens: 100, money: null }
    const { report } = await run(plan(50), () => saying(usage), { budget })
    // 10 tokens of prompt and 5 of completion at most.
    expect(report).toMatchObject({ done: 6, skipped: 44, spending: { promptTokens: 60, completionTokens: 30 } })
    expect(readFileSync(logFile, 'utf8')).toContain('"usage":null')
  })

  test('in a log of an earlier version they are unknown, and the log is still one', () => {
    const log = openLog(logFile)
    const call = { key: 'k', attempt: 1, request: 'r' }
    const reply = saying({ promptTokens: -5, completionTokens: 2.5 })
    log.append([
      { kind: 'intent', ...call, reserved: { promptTokens: 7, completionTokens: 3 } },
      { kind: 'reply', ...call, reply, timing: { latencyMs: 1 } },
    ])
    log.close()
    const read = openCallLog(logFile, undefined)
    expect(read.history('k', 1, 'r').reply()).toMatchObject({ text: 'fine', usage: null })
    expect(read.spending).toMatchObject({ promptTokens: 7, completionTokens: 3 })
    read.close()
  })
})

test('of 20,000 calls each is found again, under its own key, attempt and request alone', () => {
  const log = openLog(logFile)
  const count = 20_000
  const call = (index: number) => ({ key: `question_${index}/trial-1`, attempt: 1, request: `request_${index}` })
  const reserved = { promptTokens: 1, completionTokens: 1 }
  log.append(Array.from({ length: count }, (_, index) => ({ kind: 'intent', ...call(index), reserved })))
  log.append(
    Array.from({ length: count }, (_, index) => ({
      ...{ kind: 'reply', ...call(index), timing: { latencyMs: 1 } },
      reply: { text: `${index}`, reasoning: null, finishReason: 'stop', model: 'm', usage: null },
    })),
  )
  log.close()
  const read = openCallLog(logFile, undefined)
  for (const index of [0, 7_777, count - 1]) {
    const { key, attempt, request } = call(index)
    expect(read.history(key, attempt, request).reply()?.text).toBe(`${index}`)
    expect([read.isChanged(key, request), read.isChanged(key, 'another'), read.isChanged('new', request)]).toEqual([
      ...[false, true, false],
    ])
    expect(read.history(key, 2, request).reply()).toBeNull()
  }
  expect([read.interrupted, read.spending.calls]).toEqual([0, count])
  read.close()
})
