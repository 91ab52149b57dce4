import { ConfigError, DataError, EngineError, FlemingError, NumericalError, ShapeError } from '../../../core/errors.ts'

/** What a client may do about a failure: nothing, since its request is at fault, or ask again later. */
export type FailureCategory = 'user' | 'server'

/**
 * A request that cannot be answered. Official clients repeat 408, 409, 429 and 5xx for minutes, so what a repetition
 * cannot change is 400, 404, 410 or 413.
 */
export class RequestError extends FlemingError {
  readonly status: RequestStatus

  constructor(
    status: RequestStatus,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { ...options, code: 'E_REQUEST', exitCode: 1 })
    this.status = status
  }
}

export type RequestStatus = 400 | 401 | 403 | 404 | 410 | 413 | 415

/** By this clients tell numerical failures from others. */
const NOT_FINITE = 'is not finite'

/** Whether the request is at fault, by the class of the error that it met. */
export function isUsersFault(error: unknown): boolean {
  return (
    error instanceof RequestError ||
    error instanceof DataError ||
    error instanceof ConfigError ||
    error instanceof ShapeError ||
    (error instanceof EngineError && (error.code === 'E_MEMORY' || error.code === 'E_ABORTED'))
  )
}

/**
 * What a client is told about an error: the message and hint of a FlemingError, and of a bug only that it is one. The text
 * of a NumericalError always says "is not finite", since no field of the wire could say what kind of failure it is.
 */
export function describeError(error: unknown): { readonly message: string; readonly category: FailureCategory } {
  if (!(error instanceof FlemingError)) {
    return { message: 'internal error of the server; its log says more', category: 'server' }
  }
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  const saysWhat = !(error instanceof NumericalError) || error.message.includes(NOT_FINITE)
  const message = `${saysWhat ? '' : `a number ${NOT_FINITE}: `}${error.message}${hint}`
  return { message, category: isUsersFault(error) ? 'user' : 'server' }
}
