import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { type ChatModelOptions, openChatModel } from './chat.ts'
import { EndpointError, type FailureKind } from './failure.ts'
import { type FaultName, type FaultyServer, type ServedRequest, startFaultyServer } from './fixtures/faulty-server.ts'
import type { ChatRequest } from './types.ts'

const key = 'sk-secret-0123456789'
const seen: ServedRequest[] = []
let server: FaultyServer

beforeAll(async () => {
  server = await startFaultyServer({
    seed: 1,
    faultRate: 0,
    retryAfterSeconds: 7,
    // The prompt names the fault and, behind a bar, the answer.
    faultOf: ({ messages }) => (messages.at(-1)!.content.split('|')[0] || null) as FaultName | null,
    answer: (request) => {
      seen.push(request)
      const [, text, reasoning] = request.messages.at(-1)!.content.split('|')
      return reasoning === undefined ? text! : { text: text!, reasoning }
    },
  })
})
afterAll(() => server.close())

function ask(content: string, options: Partial<ChatModelOptions> = {}, request: Partial<ChatRequest> = {}) {
  const model = openChatModel({ url: server.url, model: 'tester', apiKey: key, timeoutMs: 5_000, ...options })
  return model.complete({
    messages: [{ role: 'user', content }],
    maxTokens: 9,
    temperature: 0.5,
    ...request,
  })
}

async function failureOf(content: string, options: Partial<ChatModelOptions> = {}): Promise<EndpointError> {
  try {
    await ask(content, options)
  } catch (error) {
    if (error instanceof EndpointError) return error
    throw error
  }
  throw new Error(`${content} did not fail`)
}

describe.each([{ stream: false }, { stream: true }])('with stream $stream', ({ stream }) => {
  test('a reply carries text, finish reason, model and usage', async () => {
    expect(await ask('|the *answer* is 4', { stream })).toEqual({
      text: 'the *answer* is 4',
      reasoning: null,
      finishReason: 'stop',
      model: 'tester',
      usage: { promptTokens: 10, completionTokens: 5 },
    })
  })

  test('thinking in tags is taken apart from the text', async () => {
    const reply = await ask('|<think>first this</think>\n\nB', { stream })
    expect([reply.reasoning, reply.text]).toEqual(['first this', 'B'])
  })

  test('thinking that the server returns apart is kept apart', async () => {
    const reply = await ask('|B|first this', { stream })
    expect([reply.reasoning, reply.text]).toEqual(['first this', 'B'])
  })

  test.each([
    ['length', 'length', 'ok'],
    ['content-filter', 'content-filter', 'ok'],
    ['empty', 'stop', ''],
    ['garbage', 'stop', '{"answer": [1, 2,, }'],
  ])('%s is a reply that says so, not a failure', async (fault, finishReason, text) => {
    expect(await ask(`${fault}|ok`, { stream })).toMatchObject({ finishReason, text })
  })

  test.each<[FaultName, FailureKind, number | undefined, boolean]>([
    ['429-bare', 'rate-limit', 429, true],
    ['429-seconds', 'rate-limit', 429, true],
    ['429-date', 'rate-limit', 429, true],
    ['500', 'server-error', 500, true],
    ['502', 'server-error', 502, true],
    ['503', 'server-error', 503, true],
    ['refuse', 'cut', undefined, true],
    ['reset', 'cut', undefined, true],
    ['html', 'html', undefined, true],
    ['text-plain', 'content-type', undefined, true],
    ['bad-utf8', 'bad-utf8', undefined, true],
    ['truncated-json', stream ? 'cut' : 'bad-json', undefined, true],
    ['sse-cut', stream ? 'cut' : 'bad-json', undefined, true],
    ['no-choices', 'no-choices', undefined, true],
    ['wrong-model', 'wrong-model', undefined, true],
    ['bad-request', 'bad-request', 400, false],
    ['quota', 'quota', 429, false],
    ['unauthorised', 'unauthorised', 401, false],
    ['redirect', 'redirect', 307, false],
  ])('%s is the failure "%s" with status %s, retryable %s', async (fault, kind, status, retryable) => {
    const error = await failureOf(`${fault}|the answer`, { stream })
    expect([error.kind, error.status, error.retryable]).toEqual([kind, status, retryable])
    expect(error.message).toContain(`tester at ${server.url}`)
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain(key)
  })

  test('a silent server and a dripping one are timeouts', async () => {
    const limits = { stream, timeoutMs: 300 }
    expect((await failureOf('hang|x', limits)).kind).toBe('timeout')
    expect((await failureOf('drip|x', limits)).kind).toBe('timeout')
  })
})

test('an answer that stops coming is given up after the idle time, long before the whole time', async () => {
  const started = performance.now()
  // One byte each 20 ms: the idle time of 5 ms passes between them.
  const error = await failureOf('drip|x', { idleTimeoutMs: 5, timeoutMs: 30_000 })
  expect(error.message).toContain('nothing more came for 5 ms')
  expect(performance.now() - started).toBeLessThan(5_000)
})

test('Retry-After is read in seconds and as a date', async () => {
  expect((await failureOf('429-seconds|x')).retryAfterMs).toBe(7_000)
  const byDate = (await failureOf('429-date|x')).retryAfterMs ?? 0
  expect(byDate).toBeGreaterThan(4_000)
  expect(byDate).toBeLessThanOrEqual(7_000)
  expect((await failureOf('429-bare|x')).retryAfterMs).toBeUndefined()
})

test('an answer without end is dropped at the cap', async () => {
  const error = await failureOf('huge|x', { maxBytes: 3 << 20 })
  expect([error.kind, error.retryable]).toEqual(['too-large', false])
})

test('a server that is not there is unreachable, and worth another try', async () => {
  const error = await failureOf('|x', { url: 'http://127.0.0.1:1/v1' })
  expect([error.kind, error.retryable]).toEqual(['unreachable', true])
})

test('an aborted call ends at once with E_ABORTED', async () => {
  const ending = new AbortController()
  const model = openChatModel({ url: server.url, model: 'tester', timeoutMs: 20_000 })
  const request = { messages: [{ role: 'user' as const, content: 'hang|x' }], maxTokens: 1, temperature: 0 }
  const call = model.complete(request, { signal: ending.signal })
  setTimeout(() => ending.abort(), 50)
  await expect(call).rejects.toMatchObject({ code: 'E_ABORTED' })
  await expect(model.complete(request, { signal: ending.signal })).rejects.toMatchObject({ code: 'E_ABORTED' })
})

test('settings, schema and extra fields arrive in the body, the key in the header alone', async () => {
  const schema = { name: 'tier', json: { type: 'object', properties: {}, additionalProperties: false } }
  const options = { extra: { top_k: 20, max_tokens: null, max_completion_tokens: 9 } }
  await ask('|ok', options, { schema, seed: 3, topP: 0.9 })
  const { body, headers } = seen.at(-1)!
  expect(body).toEqual({
    model: 'tester',
    messages: [{ role: 'user', content: '|ok' }],
    temperature: 0.5,
    top_p: 0.9,
    seed: 3,
    top_k: 20,
    max_completion_tokens: 9,
    response_format: { type: 'json_schema', json_schema: { name: 'tier', schema: schema.json, strict: true } },
  })
  expect(headers.authorization).toBe(`Bearer ${key}`)
  await ask('|ok', { structuredOutput: false }, { schema })
  expect(Object.keys(seen.at(-1)!.body)).not.toContain('response_format')
})

test('system messages stay system messages', async () => {
  await ask(
    '',
    {},
    {
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: '|ok' },
      ],
    },
  )
  expect(seen.at(-1)!.messages.map(({ role }) => role)).toEqual(['system', 'user'])
})

test('a gateway that renames is believed only on request', async () => {
  expect((await ask('wrong-model|x', { acceptModel: true })).model).toBe('another-model')
})

describe('what a server says of itself', () => {
  /** Asks a server that answers with one body; what it got as headers may be part of it. */
  async function hear(model: string, body: (headers: IncomingHttpHeaders) => object, acceptModel = false) {
    const http = createServer((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json')
        response.end(formatJson(body(request.headers)))
      })
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`
    try {
      return await ask('|x', { url, model, acceptModel })
    } finally {
      http.closeAllConnections()
      http.close()
    }
  }
  const completion = (model: string, more: object = {}) => ({
    ...{ id: 'x', created: 0, model },
    choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
    ...more,
  })

  test.each([
    ['openai/gpt-4o', 'gpt-4o-2024-08-06'],
    ['gpt-4o', 'openai/gpt-4o-2024-08-06'],
    ['gpt-4o-2024-08-06', 'gpt-4o'],
    ['claude-3-opus', 'anthropic/claude-3-opus-20240229'],
    ['gpt-4', 'GPT-4-0613'],
    ['accounts/x/models/llama-3-70b', 'llama-3-70b'],
    ['/models/qwen3/', 'qwen3'],
    ['m', ''],
  ])('asked for %s, the name %s is the same model', async (asked, echoed) => {
    expect((await hear(asked, () => completion(echoed))).text).toBe('ok')
  })

  test.each([
    ['gpt-4o', 'gpt-4o-mini'],
    ['gpt-4o', 'gpt-4o-mini-2024-07-18'],
    ['llama-3', 'llama-3-70b'],
    ['qwen3', 'qwen3.5'],
    ['openai/gpt-4o', 'openai/o3'],
    ['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'],
  ])('asked for %s, the name %s is another model', async (asked, echoed) => {
    await expect(hear(asked, () => completion(echoed))).rejects.toMatchObject({ kind: 'wrong-model' })
  })

  test('a name that quotes the key or holds controls reaches neither message nor reply', async () => {
    const evil = (headers: IncomingHttpHeaders) => completion(`x\u001b[2J${headers.authorization}`)
    const error = await hear('tester', evil).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ kind: 'wrong-model' })
    expect(String(error)).toContain('"x [2JBearer ***" answered')
    expect((await hear('tester', evil, true)).model).toBe('x [2JBearer ***')
  })

  test('neither the key nor controls stand in an error that it reports, not even where the message is cut off', async () => {
    const long = (headers: IncomingHttpHeaders) => ({
      error: { message: `\u001b]0;x\u0007\u202e${'x'.repeat(275)}${headers.authorization}`, code: 'y' },
    })
    const error = (await hear('tester', long).catch((cause: unknown) => cause)) as Error
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(error.message).not.toContain(key.slice(0, 4))
    const noChoice = (headers: IncomingHttpHeaders) => ({ choices: [{ foo: headers }], pad: 'x'.repeat(100_000) })
    const other = (await hear('tester', noChoice).catch((cause: unknown) => cause)) as Error
    expect(other.message.length).toBeLessThan(500)
    expect(`${other.message} ${String(other.cause)}`).not.toContain(key)
  })

  test.each([
    { prompt_tokens: -5, completion_tokens: 2 },
    { prompt_tokens: 1, completion_tokens: 1e308 },
    { prompt_tokens: 0.5, completion_tokens: 1 },
  ])('the token counts %j are none', async (usage) => {
    expect((await hear('tester', () => completion('tester', { usage }))).usage).toBeNull()
  })
})

test.each([
  ['ftp://127.0.0.1/v1'],
  ['127.0.0.1:8000'],
  ['http://user:pass@127.0.0.1/v1'],
  ['http://127.0.0.1/v1?key=abc'],
])('the address %s is refused', (url) => {
  expect(() => openChatModel({ url, model: 'm', timeoutMs: 1 })).toThrow(ConfigError)
})

test.each([
  [{ apiKey: 'sk-1\nX-Evil: 1' }],
  [{ timeoutMs: 0 }],
  [{ timeoutMs: Number.NaN }],
  [{ model: ' ' }],
  [{ extra: { messages: [] } }],
])('settings %j are refused without showing the key', (options) => {
  const open = () => openChatModel({ url: 'http://127.0.0.1/v1', model: 'm', timeoutMs: 1, ...options })
  expect(open).toThrow(ConfigError)
  expect(open).not.toThrow(/sk-1/)
})

test('the hash names the model and its settings, not the address or the key', () => {
  const hash = (options: Partial<ChatModelOptions>): string =>
    openChatModel({ url: 'http://127.0.0.1/v1', model: 'm', timeoutMs: 1, ...options }).hash
  expect(hash({ url: 'http://127.0.0.2:8000/v1', apiKey: 'x', timeoutMs: 9 })).toBe(hash({}))
  expect(hash({ extra: { top_k: 1 } })).not.toBe(hash({}))
  expect(hash({ model: 'n' })).not.toBe(hash({}))
})
