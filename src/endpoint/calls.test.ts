import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, DataError, EngineError } from '../core/errors.ts'
import { readLog } from '../core/store.ts'
import { type CallOutcome, type CallsReport, type PlannedCall, type RunCallsOptions, runCalls } from './calls.ts'
import { EndpointError } from './failure.ts'
import { type ScriptedAnswer, scriptedModel } from './fixtures/scripted-model.ts'
import type { ChatRequest } from './types.ts'

let dir: string
let logFile: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleming-calls-'))
  logFile = join(dir, 'calls.jsonl')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Asks "key#attempt", takes whole numbers. */
function planned(key: string, prompt = key): PlannedCall<number> {
  return {
    key,
    request: (attempt) => ({
      messages: [{ role: 'user', content: `${prompt}#${attempt}` }],
      maxTokens: 10,
      temperature: 0,
    }),
    read: ({ text }) =>
      /^\d+$/.test(text) ? { kind: 'value', value: Number(text) } : { kind: 'refused', reason: 'no number' },
  }
}

function plan(count: number): PlannedCall<number>[] {
  return Array.from({ length: count }, (_, index) => planned(`k${index}`))
}

const promptOf = (request: ChatRequest): string => request.messages[0]!.content
const numberOf = (request: ChatRequest): string => /\d+/.exec(promptOf(request))![0]

type Script = (request: ChatRequest) => ScriptedAnswer | Promise<ScriptedAnswer>

async function run(
  calls: Iterable<PlannedCall<number>>,
  script: Script,
  options: Partial<RunCallsOptions> & { readonly name?: string } = {},
) {
  const { name, ...rest } = options
  const model = scriptedModel(script, name === undefined ? {} : { name })
  const outcomes: CallOutcome<number>[] = []
  const generator = runCalls(calls, { model, logFile, concurrency: 4, maxAttempts: 3, retryDelayMs: 0, ...rest })
  let error: unknown = null
  let report: CallsReport | null = null
  try {
    for (let next = await generator.next(); ; next = await generator.next()) {
      if (next.done) {
        report = next.value
        break
      }
      outcomes.push(next.value)
    }
  } catch (cause) {
    error = cause
  }
  return { outcomes, report, error, prompts: model.requests.map(promptOf) }
}

const kinds = (): string[] =>
  readLog(logFile)
    .records.map((record) => (record as { kind: string }).kind)
    .filter((kind) => kind !== 'opened')

describe('order', () => {
  test('outcomes come in planned order although the calls end in another', async () => {
    const script: Script = async (request) => {
      await new Promise((resolve) => setTimeout(resolve, (7 - (Number(numberOf(request)) % 7)) * 3))
      return numberOf(request)
    }
    const { outcomes, report } = await run(plan(30), script)
    expect(outcomes.map(({ key }) => key)).toEqual(plan(30).map(({ key }) => key))
    expect(outcomes[29]).toEqual({ kind: 'done', key: 'k29', value: 29, attempts: 1 })
    expect(report).toMatchObject({ planned: 30, done: 30, attempts: 30, replies: 30, failures: {}, causes: {} })
  })

  test('never more calls are under way than allowed, nor more taken from the plan than can be held', async () => {
    let underWay = 0
    let most = 0
    let taken = 0
    function* counted() {
      for (const call of plan(200)) {
        taken += 1
        yield call
      }
    }
    const script: Script = async (request) => {
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise((resolve) => setTimeout(resolve, 1))
      underWay -= 1
      return numberOf(request)
    }
    const model = scriptedModel(script)
    const generator = runCalls(counted(), { model, logFile, concurrency: 3, maxAttempts: 1 })
    await generator.next()
    expect(taken).toBe(24)
    await generator.return({} as CallsReport)
    expect(most).toBe(3)
  })

  test('a key that stands twice in the plan is refused', async () => {
    const { error } = await run([planned('a'), planned('a')], () => '1')
    expect(error).toBeInstanceOf(DataError)
    expect(String(error)).toContain('"a" stands twice')
  })
})

describe('attempts', () => {
  test('a failure repeats the same request, a refusal asks for the next one', async () => {
    const answers: ScriptedAnswer[] = [
      new EndpointError('cut', 'x'),
      'nonsense',
      new EndpointError('timeout', 'x'),
      '7',
    ]
    const { outcomes, prompts } = await run([planned('a')], () => answers.shift()!, { maxAttempts: 2 })
    expect(prompts).toEqual(['a#1', 'a#1', 'a#2', 'a#2'])
    expect(outcomes).toEqual([{ kind: 'done', key: 'a', value: 7, attempts: 4 }])
    expect(kinds()).toEqual(['intent', 'failed', 'intent', 'reply', 'refused', 'intent', 'failed', 'intent', 'reply'])
  })

  test('after the last attempt a call is quarantined with its last cause', async () => {
    const script: Script = (request) =>
      promptOf(request).startsWith('a') ? 'nonsense' : new EndpointError('server-error', 'x', { status: 500 })
    const { outcomes, report } = await run([planned('a'), planned('b')], script)
    expect(outcomes).toEqual([
      { kind: 'quarantined', key: 'a', cause: 'refused: no number', attempts: 3 },
      { kind: 'quarantined', key: 'b', cause: 'server-error', attempts: 9 },
    ])
    expect(report).toMatchObject({
      quarantined: 2,
      failures: { 'server-error': 9 },
      causes: { 'refused: no number': 1, 'server-error': 1 },
    })
  })

  test('a request that the server will never take is tried once', async () => {
    const { outcomes, prompts } = await run(
      [planned('a')],
      () => new EndpointError('bad-request', 'x', { status: 400 }),
    )
    expect(outcomes).toEqual([{ kind: 'quarantined', key: 'a', cause: 'bad-request', attempts: 1 }])
    expect(prompts.length).toBe(1)
    const again = await run([planned('a')], () => '1')
    expect([again.outcomes, again.prompts]).toEqual([outcomes, []])
  })

  test.each([
    [{ finishReason: 'length' as const, text: '1' }, 'refused: cut off at the token limit'],
    [{ finishReason: 'content-filter' as const, text: '1' }, 'refused: withheld by a filter'],
    [{ finishReason: 'stop' as const, text: ' \n' }, 'refused: empty'],
  ])('a reply %j is refused before its reader sees it', async (part, cause) => {
    const reply = { reasoning: null, model: 'm', usage: null, ...part }
    const { outcomes } = await run([planned('a')], () => reply, { maxAttempts: 1 })
    expect(outcomes).toEqual([{ kind: 'quarantined', key: 'a', cause, attempts: 1 }])
  })

  test('the pauses double, are spread by the key, and give way to what the server asks for', async () => {
    const pauses: number[] = []
    const sleep = async (ms: number): Promise<void> => void pauses.push(ms)
    const failures = [
      new EndpointError('server-error', 'x'),
      new EndpointError('server-error', 'x'),
      new EndpointError('server-error', 'x', { retryAfterMs: 90_000 }),
      new EndpointError('cut', 'x'),
    ]
    const options = { maxAttempts: 5, retryDelayMs: 1_000, sleep }
    await run([planned('a')], () => failures.shift() ?? '1', options)
    const [first, second, third, fourth] = pauses as [number, number, number, number]
    expect(first).toBeGreaterThanOrEqual(500)
    expect(first).toBeLessThan(1_500)
    expect(second).toBeGreaterThanOrEqual(1_000)
    expect(second).toBeLessThan(3_000)
    expect(third).toBe(90_000)
    expect(fourth).toBeGreaterThanOrEqual(4_000)
    expect(fourth).toBeLessThan(12_000)
  })

  test('a rate limit keeps all calls away for as long as the server asks', async () => {
    const startedMs: number[] = []
    const script: Script = (request) => {
      startedMs.push(performance.now())
      const isFirst = startedMs.length === 1
      return isFirst ? new EndpointError('rate-limit', 'x', { status: 429, retryAfterMs: 120 }) : numberOf(request)
    }
    await run(plan(5), script, { concurrency: 1 })
    expect(startedMs.length).toBe(6)
    expect(startedMs[1]! - startedMs[0]!).toBeGreaterThan(100)
  })
})

describe('stopping', () => {
  test('out of credit stops the run at once, burns no attempt, and goes on later', async () => {
    const script: Script = (request) =>
      Number(numberOf(request)) < 10 ? numberOf(request) : new EndpointError('quota', 'out of credit', { status: 429 })
    const first = await run(plan(100), script, { concurrency: 2 })
    expect(first.outcomes.length).toBe(10)
    expect(first.error).toMatchObject({ kind: 'quota', status: 429 })
    expect(first.prompts.length).toBeLessThanOrEqual(13)
    const second = await run(plan(100), numberOf, { maxAttempts: 1 })
    expect(second.outcomes.every(({ kind }) => kind === 'done')).toBe(true)
    expect(second.prompts.length).toBe(90)
    expect(second.report).toMatchObject({ planned: 100, done: 100, replayed: 10, quarantined: 0 })
  })

  test('an endpoint that is down stops the run before the whole plan is quarantined', async () => {
    const script: Script = () => new EndpointError('unreachable', 'nobody there')
    const { error, outcomes, prompts } = await run(plan(500), script, { breakerAfter: 20 })
    expect(error).toBeInstanceOf(EngineError)
    expect((error as EngineError).message).toMatch(/20 calls in a row failed; the last: nobody there/)
    expect(prompts.length).toBeLessThan(30)
    expect(outcomes.length).toBeLessThan(10)
  })

  test('what is under way when the run stops is kept', async () => {
    let release = (): void => {}
    const script: Script = async (request) => {
      if (numberOf(request) === '0') {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return '0'
      }
      setTimeout(release, 30)
      return new EndpointError('unauthorised', 'no', { status: 401 })
    }
    const { outcomes, error } = await run(plan(3), script, { concurrency: 2 })
    expect(outcomes).toEqual([{ kind: 'done', key: 'k0', value: 0, attempts: 1 }])
    expect(error).toMatchObject({ kind: 'unauthorised' })
  })

  test('an abort ends the calls under way, which are asked again later and reported as perhaps paid for', async () => {
    const ending = new AbortController()
    const script: Script = async (request) => {
      if (numberOf(request) === '3') ending.abort()
      await new Promise((resolve) => setTimeout(resolve, 5))
      return numberOf(request)
    }
    const first = await run(plan(8), script, { signal: ending.signal, concurrency: 2 })
    expect(first.error).toMatchObject({ code: 'E_ABORTED' })
    expect(first.outcomes.length).toBeLessThan(4)
    const second = await run(plan(8), numberOf)
    expect(second.outcomes.map((outcome) => outcome.kind === 'done' && outcome.value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(second.report?.interrupted).toBeGreaterThan(0)
    expect(first.prompts.length + second.prompts.length).toBe(8 + second.report!.interrupted)
  })

  test('a bug in a reader is thrown as it is', async () => {
    const call = { ...planned('a'), read: () => ({}) as never }
    const broken = {
      ...call,
      read: () => {
        throw new TypeError('a bug')
      },
    }
    expect((await run([broken], () => '1')).error).toBeInstanceOf(TypeError)
  })
})

describe('resuming', () => {
  test('answered and quarantined calls are not asked again', async () => {
    const script: Script = (request) => (numberOf(request) === '2' ? 'nonsense' : numberOf(request))
    const first = await run(plan(5), script)
    const again = await run(plan(5), () => new Error('asked again'))
    expect(again.outcomes).toEqual(first.outcomes)
    expect(again.prompts).toEqual([])
    expect(again.report).toMatchObject({ done: 4, quarantined: 1, attempts: 0, replayed: 7 })
  })

  test('a higher limit takes quarantined calls up where they stood', async () => {
    await run([planned('a')], () => 'nonsense', { maxAttempts: 2 })
    const { outcomes, prompts } = await run([planned('a')], () => '5', { maxAttempts: 3 })
    expect(prompts).toEqual(['a#3'])
    expect(outcomes).toEqual([{ kind: 'done', key: 'a', value: 5, attempts: 3 }])
  })

  test('a changed prompt or another model is asked anew and said', async () => {
    await run(plan(3), numberOf)
    const changed = await run([planned('k0'), planned('k1', 'other 1'), planned('k2')], numberOf)
    expect(changed.prompts).toEqual(['other 1#1'])
    expect(changed.report).toMatchObject({ changed: 1, replayed: 2 })
    const moved = await run(plan(3), numberOf, { name: 'another' })
    expect([moved.prompts.length, moved.report?.changed]).toEqual([3, 3])
    const back = await run(plan(3), () => new Error('asked again'))
    expect([back.prompts.length, back.report?.changed]).toEqual([0, 0])
  })

  test('a longer plan asks for what is new in it', async () => {
    await run(plan(3), numberOf)
    expect((await run(plan(5), numberOf)).prompts).toEqual(['k3#1', 'k4#1'])
  })

  test('a torn last line costs one call, not the log', async () => {
    await run(plan(3), numberOf, { concurrency: 1 })
    const text = readFileSync(logFile, 'utf8')
    writeFileSync(logFile, text.slice(0, -20))
    const { outcomes, prompts, report } = await run(plan(3), numberOf, { concurrency: 1 })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'done'])
    expect([prompts, report?.interrupted]).toEqual([['k2#1'], 1])
  })

  test('a long reply is read back whole', async () => {
    const long = `1${'0'.repeat(60_000)}`
    const call: PlannedCall<number> = { ...planned('a'), read: ({ text }) => ({ kind: 'value', value: text.length }) }
    await run([call, planned('b')], (request) => (promptOf(request).startsWith('a') ? long : '2'))
    const { outcomes } = await run([call, planned('b')], () => new Error('asked again'))
    expect(outcomes[0]).toMatchObject({ kind: 'done', value: 60_001 })
  })

  test('a file that is no call log is refused, not overwritten', async () => {
    const { openLog } = await import('../core/store.ts')
    const log = openLog(logFile)
    log.append([{ kind: 'something', else: true }])
    log.close()
    const { error } = await run(plan(1), numberOf)
    expect(error).toBeInstanceOf(DataError)
    expect(String(error)).toContain('calls.jsonl:1')
  })
})

describe('budget', () => {
  const limited = (part: object) => ({ budget: { calls: null, tokens: null, money: null, ...part } })

  test('calls past the budget are skipped, and made when there is more', async () => {
    const first = await run(plan(10), numberOf, limited({ calls: 4 }))
    expect(first.outcomes.map(({ kind }) => kind)).toEqual([...Array(4).fill('done'), ...Array(6).fill('skipped')])
    expect(first.report).toMatchObject({ planned: 10, done: 4, skipped: 6, spending: { calls: 4 } })
    const second = await run(plan(10), numberOf, limited({ calls: 7 }))
    expect(second.report).toMatchObject({ planned: 10, done: 7, skipped: 3, replayed: 4, spending: { calls: 7 } })
  })

  test('what replies really used decides how far the tokens reach, and is never exceeded', async () => {
    // Estimate: 8 + 2 of the prompt and 10 of the completion; in fact one word each way.
    const { report } = await run(plan(10), numberOf, { ...limited({ tokens: 25 }), concurrency: 4 })
    expect(report).toMatchObject({ done: 3, skipped: 7 })
    expect(report!.spending.promptTokens + report!.spending.completionTokens).toBe(6)
  })

  test('money is counted by price, and needs one', async () => {
    const prices = { promptPerMillion: 1_000_000, completionPerMillion: 2_000_000 }
    const { report } = await run(plan(10), numberOf, { ...limited({ money: 35 }), prices })
    expect(report).toMatchObject({ done: 2, skipped: 8, spending: { calls: 2, money: 6 } })
    expect((await run(plan(1), numberOf, limited({ money: 1 }))).error).toBeInstanceOf(ConfigError)
  })

  test('failed attempts count, cut ones with all that they may have used', async () => {
    const answers: ScriptedAnswer[] = [new EndpointError('cut', 'x'), new EndpointError('server-error', 'x'), '1']
    const first = await run([planned('k1')], () => answers.shift()!)
    // The estimate of the cut call, nothing for the refused one, one word each way for the reply.
    expect(first.report?.spending).toEqual({ calls: 3, promptTokens: 10 + 1, completionTokens: 10 + 1, money: 0 })
    expect((await run([planned('k1')], numberOf)).report?.spending).toEqual(first.report?.spending)
  })
})

test.each([{ concurrency: 0 }, { maxAttempts: 1.5 }, { retryDelayMs: -1 }, { breakerAfter: 0 }])(
  'the settings %j are refused',
  async (options) => {
    expect((await run(plan(1), numberOf, options)).error).toBeInstanceOf(ConfigError)
  },
)
