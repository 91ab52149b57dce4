import { clock } from '../core/clock.ts'
import { EngineError, type EngineErrorCode } from '../core/errors.ts'

type Trait = {
  readonly retryable: boolean
  /** It will meet every other call too: the run stops instead of burning its attempts. */
  readonly endsRun: boolean
  /** The server may have done the work, and charge for it. */
  readonly mayBePaid: boolean
}

const passing = { retryable: true, endsRun: false, mayBePaid: false }
const wasted = { retryable: true, endsRun: false, mayBePaid: true }
const ending = { retryable: false, endsRun: true, mayBePaid: false }

/** Every way in which one call of an endpoint fails, by name: a short fixed word for logs and counts. */
export const failureKinds = {
  unreachable: passing,
  timeout: wasted,
  cut: wasted,
  'rate-limit': passing,
  'server-error': passing,
  html: passing,
  'content-type': passing,
  'bad-json': wasted,
  'bad-utf8': wasted,
  'no-choices': wasted,
  'wrong-model': wasted,
  'too-large': { retryable: false, endsRun: false, mayBePaid: true },
  'bad-request': { retryable: false, endsRun: false, mayBePaid: false },
  'not-found': ending,
  redirect: ending,
  quota: ending,
  unauthorised: ending,
} as const satisfies Readonly<Record<string, Trait>>

export type FailureKind = keyof typeof failureKinds

/** What a terminal obeys instead of showing it, and what hides in a text: controls, marks of direction, and the like. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu

/**
 * The words of a server as a message may show them: the key masked before anything is cut off, controls as one space,
 * at most `maxChars`.
 */
export function quoted(text: string, apiKey: string | null, maxChars = 300): string {
  const masked = apiKey === null || apiKey === '' ? text : text.replaceAll(apiKey, '***')
  return masked.slice(0, maxChars).replace(unprintable, ' ')
}

/** One failed attempt at an endpoint. Its message names model and address, never the key, and holds no controls. */
export class EndpointError extends EngineError {
  readonly kind: FailureKind
  /** The failure will meet every other call too: out of credit, key refused, wrong address. */
  readonly endsRun: boolean
  /** How long the server asks to wait, in milliseconds; absent when it did not say. */
  declare readonly retryAfterMs?: number

  constructor(
    kind: FailureKind,
    message: string,
    options: {
      readonly status?: number | undefined
      readonly retryAfterMs?: number | undefined
      readonly hint?: string | undefined
      readonly cause?: unknown
      readonly code?: EngineErrorCode | undefined
    } = {},
  ) {
    super(message.replace(unprintable, ' '), { ...options, retryable: failureKinds[kind].retryable })
    this.kind = kind
    this.endsRun = failureKinds[kind].endsRun
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

/** Longest pause that a server is granted (chosen by us: an hour; a longer one is a quota by another name). */
const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * Milliseconds that a server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date; at most an hour.
 * Undefined when it does not say, or says something else.
 *
 * @param nowMs of the wall clock, against which a date is read
 */
export function readRetryAfterMs(headers: Headers, nowMs: number = clock.now().getTime()): number | undefined {
  const exact = decimal(headers.get('retry-after-ms'))
  if (exact !== null) return Math.min(MAX_RETRY_AFTER_MS, exact)
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const seconds = decimal(text)
  // A date has letters in it; Date.parse would also read "-5" and "2026" as one.
  const waitMs = seconds === null ? (/[a-z]/i.test(text) ? Date.parse(text) - nowMs : Number.NaN) : seconds * 1000
  return Number.isFinite(waitMs) ? Math.min(MAX_RETRY_AFTER_MS, Math.max(0, waitMs)) : undefined
}

function decimal(text: string | null): number | null {
  const trimmed = text?.trim() ?? ''
  return /^\d{1,12}(?:\.\d{1,6})?$/.test(trimmed) ? Number(trimmed) : null
}

const quotaCodes = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'insufficient_balance',
  'insufficient_credits',
])

/** What kind of failure a status is, with the code or type that the body names, if any. */
export function failureKindOf(status: number, codes: readonly string[]): FailureKind {
  if (status === 402 || codes.some((code) => quotaCodes.has(code))) return 'quota'
  if (status === 401 || status === 403) return 'unauthorised'
  if (status === 404) return 'not-found'
  if (status === 429) return 'rate-limit'
  if (status === 408) return 'timeout'
  // 409 and 425 say that the moment is wrong, not the request.
  if (status >= 500 || status === 409 || status === 425) return 'server-error'
  return 'bad-request'
}

const hints: { readonly [Kind in FailureKind]?: string } = {
  unreachable: 'check that the server runs at this address and that the network lets it through',
  timeout: 'raise timeoutSeconds, or set stream: true so that a slow answer shows signs of life',
  quota: 'the account is out of credit: add some, then run the same command again; answered calls are kept',
  unauthorised: 'the key is missing, wrong, or may not use this model; answered calls are kept',
  redirect: 'redirects are refused because they would carry the key along: set the final address',
  'not-found': 'check the address (it usually ends in /v1) and the name of the model',
  html: 'a proxy or a web page answered: check the address (it usually ends in /v1)',
  'content-type': 'not an OpenAI-compatible answer: check the address, or set stream: false',
  'bad-request': 'the server does not take this request: too long a prompt, or a setting that it does not know',
  'too-large': 'no completion is that large: check the address',
  'wrong-model': 'another model answered: set the exact name, or acceptModel: true for a gateway that renames',
}

/** What to do about a kind of failure; undefined where trying again is all there is. */
export function hintOf(kind: FailureKind): string | undefined {
  return hints[kind]
}
