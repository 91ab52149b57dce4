/**
 * What a server's no means. Whether a call has had an effect decides whether it may be made again: a step that was made twice,
 * or a gradient that was added twice, would never be found out.
 */
import { EngineError, type FlemingError, NumericalError } from '../../../core/errors.ts'
import type { Answer, Http } from './http.ts'
import { nameOf, type Operation } from './operation.ts'

/** The server said no to the first attempt, so the request has had no effect. */
export class RefusedError extends EngineError {}

/** The server accepted an operation and then says that it failed. */
export class FailedError extends EngineError {
  readonly category: FailureCategory

  constructor(
    message: string,
    options: { readonly category: FailureCategory; readonly requestId?: string | undefined },
  ) {
    super(message, { requestId: options.requestId, retryable: options.category === 'server' })
    this.category = options.category
  }
}

export type FailureCategory = 'user' | 'server' | 'unknown'

/** Why it may have had one. */
export const UNKNOWN_EFFECT = 'an attempt before it may have been carried out'

/** Why a refused poll says nothing of the operation. */
export const UNKNOWN_RESULT = 'the operation itself was accepted, and may have been carried out'

const hints: Readonly<Record<number, string>> = {
  401: 'set TINKER_API_KEY to the key of this server',
  403: 'the key of TINKER_API_KEY may not use this session or model',
  402: 'the account at the server is out of credit',
  404: 'the server does not know it: a wrong address, or it was restarted',
  422: 'the server does not understand the request: it may be older or newer than this client; try `fleming doctor --engine tinker`',
}

/** What to do when a server does not know a model, a sampler or a request that it gave a name to. */
export const RESTARTED =
  'the server was restarted and has lost the unsaved model: run the same command again, it goes on from the last checkpoint'

/** Whether a status says that nothing was done. After 408 the request may still run; at 409 another one may have. */
export function wasWithoutEffect(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 409
}

/**
 * The error of a request that the server refuses.
 *
 * @param doubt why an effect is possible all the same
 */
export function refusal(operation: Operation, answer: Answer, http: Http, doubt?: string): FlemingError {
  const { status } = answer
  const detail = http.detail(answer)
  const isNamed = operation.seqId !== undefined || operation.requestId !== undefined
  const options = {
    status,
    requestId: operation.requestId,
    hint: status === 404 && isNamed ? RESTARTED : hints[status],
  }
  const message = `${nameOf(operation)} was refused with status ${status}: ${detail}`
  // SkyRL reports a failed operation as a refused poll.
  if (doubt === UNKNOWN_RESULT && isNotFinite(detail)) return notFinite(message)
  if (doubt !== undefined) return new EngineError(`${message} (${doubt})`, options)
  return wasWithoutEffect(status) ? new RefusedError(message, options) : new EngineError(message, options)
}

/** The error of an operation that failed at the server, with the whole of its text. */
export function failure(operation: Operation, text: string, category: FailureCategory): FlemingError {
  const message = `${nameOf(operation)} failed at the server (${category}): ${text}`
  // Numbers of the request that are not finite are the user's fault, and nothing has happened to the model.
  if (category !== 'user' && isNotFinite(text)) return notFinite(message)
  return new FailedError(message, { category, requestId: operation.requestId })
}

function isNotFinite(text: string): boolean {
  return /\bnot finite\b|\bnon-?finite\b|\bnan\b|\binf(inity)?\b/i.test(text)
}

function notFinite(message: string): NumericalError {
  return new NumericalError(message, {
    hint: 'go on from the last checkpoint with a smaller learning rate or a smaller gradClipNorm; the model at the server is lost',
  })
}
