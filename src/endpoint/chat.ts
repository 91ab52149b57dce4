import { AsyncLocalStorage } from 'node:async_hooks'
import { ConfigError, EngineError } from '../core/errors.ts'
import { contentId } from '../core/hash.ts'
import { checkedUsage } from './budget.ts'
import { EndpointError, hintOf, quoted } from './failure.ts'
import { splitThinking } from './thinking.ts'
import { exchange, type TransportOptions } from './transport.ts'
import type { ChatModel, ChatReply, ChatRequest } from './types.ts'

export type ChatModelOptions = {
  /** Base address, usually ending in `/v1`; http or https. */
  readonly url: string
  readonly model: string
  readonly apiKey?: string | undefined
  /** For the whole call, in milliseconds. */
  readonly timeoutMs: number
  /** Between two pieces of an answer, in milliseconds; a minute unless told, never above `timeoutMs`. */
  readonly idleTimeoutMs?: number | undefined
  /** Asks for the answer in pieces, so that a slow one shows signs of life. */
  readonly stream?: boolean | undefined
  /** Sends a request's schema as `response_format`; true unless told. Without it the prompt has to say it all. */
  readonly structuredOutput?: boolean | undefined
  /** Further fields of the request's body, such as `top_k`; null takes a field out, such as `max_tokens`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined
  /** Takes answers of whatever model the server says it is: for gateways that rename. */
  readonly acceptModel?: boolean | undefined
  /** Largest answer that is read; 16 MiB unless told. */
  readonly maxBytes?: number | undefined
}

const DEFAULT_IDLE_MS = 60_000
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024
const ownFields = new Set(['model', 'messages', 'stream', 'stream_options', 'response_format'])

/**
 * A model behind an OpenAI-compatible address, asked through the AI SDK. One call is one attempt: repeating is the
 * business of `runCalls`, which writes down what it repeats.
 *
 * Its hash covers the model's name and whatever changes its answers, not the address: the same model on another port
 * gives the same answers, and moving a server must not cost a run its paid replies.
 *
 * @throws {ConfigError} when the address is not http(s) or holds a password, a number is not positive, or `extra` sets
 *   a field that the request itself decides
 */
export function openChatModel(options: ChatModelOptions): ChatModel {
  const { model, structuredOutput = true, extra = {}, stream = false } = options
  const url = readUrl(options.url)
  checkOptions(options)
  const name = `${model} at ${url.origin}${url.pathname.replace(/\/+$/, '')}`
  const limits: TransportOptions = {
    name,
    apiKey: options.apiKey ?? null,
    timeoutMs: options.timeoutMs,
    idleTimeoutMs: Math.min(options.idleTimeoutMs ?? DEFAULT_IDLE_MS, options.timeoutMs),
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
  }
  const settings = { ...options, stream, structuredOutput, extra }
  // Made once: building its schemas costs more than a call.
  let provider: ReturnType<typeof openProvider> | null = null
  return {
    name,
    hash: contentId('model', { model, structuredOutput, extra }),
    complete: async (request, { signal } = {}) => {
      provider ??= openProvider(settings)
      const reply = await ask(await provider, settings, { request, limits: { ...limits, signal }, fault: null })
      if (isSameModel(model, reply.model)) return reply
      // The name is the server's to choose: it goes into logs and messages as neither the key nor a control.
      const echoed = quoted(reply.model, limits.apiKey, 100)
      if (options.acceptModel === true) return { ...reply, model: echoed }
      throw new EndpointError('wrong-model', `${name}: "${echoed}" answered`, { hint: hintOf('wrong-model') })
    },
  }
}

type Settings = ChatModelOptions & {
  readonly stream: boolean
  readonly structuredOutput: boolean
  readonly extra: Readonly<Record<string, unknown>>
}

type Attempt = { readonly request: ChatRequest; readonly limits: TransportOptions; fault: unknown }

/** Tells the one provider which attempt asks. */
const current = new AsyncLocalStorage<Attempt>()

async function openProvider(settings: Settings) {
  const [sdk, { createOpenAICompatible }] = await loadSdk()
  const provider = createOpenAICompatible({
    name: 'endpoint',
    baseURL: settings.url,
    ...(settings.apiKey !== undefined && settings.apiKey !== '' && { apiKey: settings.apiKey }),
    includeUsage: true,
    transformRequestBody: (body) => bodyOf(body, currentAttempt().request, settings),
    fetch: async (url, init) => {
      const attempt = currentAttempt()
      try {
        const sent = { url: String(url), headers: init?.headers, body: String(init?.body) }
        return await exchange(sent, settings.stream, attempt.limits)
      } catch (cause) {
        // The SDK would wrap it and lose its name.
        attempt.fault = cause
        throw cause
      }
    },
  })
  return { ...sdk, chatModel: provider.chatModel(settings.model) }
}

function currentAttempt(): Attempt {
  const attempt = current.getStore()
  if (attempt === undefined) throw new EngineError('a call of the AI SDK lost its context')
  return attempt
}

/** The only use of the AI SDK: everything that can fail on the way has failed in `exchange`, by name. */
async function ask(
  { chatModel, generateText, streamText }: Awaited<ReturnType<typeof openProvider>>,
  { stream }: Settings,
  attempt: Attempt,
): Promise<ChatReply> {
  const { messages, maxTokens, temperature, topP, seed } = attempt.request
  const call = {
    model: chatModel,
    messages: [...messages],
    allowSystemInMessages: true,
    maxOutputTokens: maxTokens,
    temperature,
    ...(topP !== undefined && { topP }),
    ...(seed !== undefined && { seed }),
    maxRetries: 0,
  }
  try {
    return toReply(
      await current.run(attempt, () =>
        stream ? collect(streamText({ ...call, onError: () => {} })) : generateText(call),
      ),
    )
  } catch (cause) {
    if (attempt.fault !== null) throw attempt.fault
    if (cause instanceof EngineError) throw cause
    // The cause is not handed on: it quotes the whole answer, which may quote the key.
    const { name, apiKey } = attempt.limits
    const what = quoted(cause instanceof Error ? cause.message : String(cause), apiKey)
    throw new EndpointError('bad-json', `${name}: the answer is not a completion: ${what}`)
  }
}

type Said = {
  readonly text: string
  readonly reasoningText: string | undefined
  readonly finishReason: string
  readonly response: { readonly modelId: string }
  readonly usage: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined }
}

async function collect(streamed: {
  readonly fullStream: AsyncIterable<{ readonly type: string; readonly error?: unknown }>
  readonly text: PromiseLike<string>
  readonly reasoningText: PromiseLike<string | undefined>
  readonly finishReason: PromiseLike<string>
  readonly response: PromiseLike<Said['response']>
  readonly usage: PromiseLike<Said['usage']>
}): Promise<Said> {
  for await (const part of streamed.fullStream) {
    if (part.type === 'error') throw part.error
  }
  const [text, reasoningText, finishReason, response, usage] = await Promise.all([
    streamed.text,
    streamed.reasoningText,
    streamed.finishReason,
    streamed.response,
    streamed.usage,
  ])
  return { text, reasoningText, finishReason, response, usage }
}

function toReply({ text: said, reasoningText, finishReason, response, usage }: Said): ChatReply {
  const { text, thinking } = splitThinking(said)
  const reasoning = [reasoningText ?? '', thinking ?? ''].filter((part) => part !== '').join('\n')
  const { inputTokens: promptTokens, outputTokens: completionTokens } = usage
  const isCounted = promptTokens !== undefined && completionTokens !== undefined
  return {
    text,
    reasoning: reasoning === '' ? null : reasoning,
    finishReason:
      finishReason === 'stop' || finishReason === 'length' || finishReason === 'content-filter'
        ? finishReason
        : 'other',
    model: response.modelId,
    usage: isCounted ? checkedUsage({ promptTokens, completionTokens }) : null,
  }
}

/** The SDK's body with the schema and the extra fields; a null among these takes a field out. */
function bodyOf(body: Readonly<Record<string, unknown>>, { schema }: ChatRequest, settings: Settings): object {
  const format =
    schema === undefined || !settings.structuredOutput
      ? {}
      : {
          response_format: {
            type: 'json_schema',
            json_schema: { name: schema.name, schema: schema.json, strict: true },
          },
        }
  const merged = Object.entries({ ...body, ...format, ...settings.extra })
  return Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined))
}

/** A date or the number of a version behind a name: "-2024-08-06", "-20240229", "-0613", "-002". Not "-70b", not "-mini". */
const version = /^-\d{3,8}(?:-\d{2}){0,2}$/

/**
 * Whether an echoed name means the model asked for: letter case and owner aside equal, or one of them a dated version of
 * the other.
 */
function isSameModel(asked: string, echoed: string): boolean {
  const [wanted, found] = [bareName(asked), bareName(echoed)]
  if (echoed === '' || found === wanted) return true
  const [short, long] = found.length < wanted.length ? [found, wanted] : [wanted, found]
  return short !== '' && long.startsWith(short) && version.test(long.slice(short.length))
}

/** The name without its owner or folder. */
function bareName(name: string): string {
  return name.toLowerCase().replace(/\/+$/, '').split('/').at(-1)!
}

async function loadSdk(): Promise<[typeof import('ai'), typeof import('@ai-sdk/openai-compatible')]> {
  // A library is silent; what is worth saying is in the reply or in the error.
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })
  return Promise.all([import('ai'), import('@ai-sdk/openai-compatible')])
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ConfigError(`"${text.slice(0, 100)}" is no address of an endpoint: expected http:// or https://`, {
      hint: 'such as http://127.0.0.1:8000/v1',
    })
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`the address at ${url.host} holds a user or password`, {
      hint: 'name the environment variable of the key in keyFrom',
    })
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigError(`the address at ${url.host} holds a query or a fragment`, {
      hint: 'give the base address only; keyFrom names the environment variable of a key',
    })
  }
  return url
}

function checkOptions({ model, apiKey, extra = {}, ...numbers }: ChatModelOptions): void {
  if (model.trim() === '') throw new ConfigError('an endpoint needs the name of a model')
  if (apiKey !== undefined && !/^[\x21-\x7e]*$/.test(apiKey)) {
    throw new ConfigError('the key of the endpoint holds a character that a header cannot carry', {
      hint: 'look for a line break or a space at its end',
    })
  }
  for (const field of ['timeoutMs', 'idleTimeoutMs', 'maxBytes'] as const) {
    const value = numbers[field]
    if (value !== undefined && !(value > 0 && value < 2 ** 31)) {
      throw new ConfigError(`${field} of the endpoint must be above 0 and below 2^31, found ${value}`)
    }
  }
  const taken = Object.keys(extra).find((field) => ownFields.has(field))
  if (taken !== undefined) throw new ConfigError(`extra field "${taken}" is decided by the request itself`)
}
