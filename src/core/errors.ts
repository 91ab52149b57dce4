export type StorageErrorCode = 'E_NOSPACE' | 'E_IO' | 'E_LOCKED' | 'E_POISONED'

type Common = { readonly hint?: string | undefined; readonly cause?: unknown }

/** The fault of a user, a file or a machine, as opposed to a bug: it has a code to search for and a next step. */
export class FlemingError extends Error {
  /** Stable name of the kind of fault, such as `E_DATA`. */
  readonly code: string
  /** What to do next. */
  declare readonly hint?: string
  /** The exit code of a command that ends with this error. */
  readonly exitCode: number

  constructor(message: string, options: Common & { readonly code: string; readonly exitCode: number }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = options.code
    this.exitCode = options.exitCode
    if (options.hint !== undefined) this.hint = options.hint
  }
}

/** An unknown name or a combination of settings that cannot work. */
export class ConfigError extends FlemingError {
  constructor(message: string, options: Common = {}) {
    super(message, { ...options, code: 'E_CONFIG', exitCode: 2 })
  }
}

/** Data that is not what it should be; the message starts with `file:line: ` as far as they are known. */
export class DataError extends FlemingError {
  declare readonly file?: string
  declare readonly line?: number
  declare readonly field?: string

  constructor(
    message: string,
    options: Common & {
      readonly file?: string | undefined
      /** Counted from 1. */
      readonly line?: number | undefined
      readonly field?: string | undefined
    } = {},
  ) {
    super(`${placePrefix(options.file, options.line)}${message}`, { ...options, code: 'E_DATA', exitCode: 2 })
    if (options.file !== undefined) this.file = options.file
    if (options.line !== undefined) this.line = options.line
    if (options.field !== undefined) this.field = options.field
  }
}

/** Tensors whose sizes do not fit together. */
export class ShapeError extends FlemingError {
  declare readonly tensor?: string
  declare readonly axis?: string
  declare readonly expected?: number
  declare readonly found?: number

  constructor(
    message: string,
    options: Common & {
      readonly tensor?: string | undefined
      readonly axis?: string | undefined
      readonly expected?: number | undefined
      readonly found?: number | undefined
    } = {},
  ) {
    super(message, { ...options, code: 'E_SHAPE', exitCode: 1 })
    if (options.tensor !== undefined) this.tensor = options.tensor
    if (options.axis !== undefined) this.axis = options.axis
    if (options.expected !== undefined) this.expected = options.expected
    if (options.found !== undefined) this.found = options.found
  }
}

/** E_ABORTED: ended by the caller. E_MEMORY: refused because it would not fit. E_ENGINE: everything else. */
export type EngineErrorCode = 'E_ENGINE' | 'E_ABORTED' | 'E_MEMORY'

/** A training engine or an endpoint that failed; `retryable` says whether the same call may succeed later. */
export class EngineError extends FlemingError {
  readonly retryable: boolean
  /** HTTP status, where there is one. */
  declare readonly status?: number
  declare readonly requestId?: string

  constructor(
    message: string,
    options: Common & {
      readonly retryable?: boolean | undefined
      readonly status?: number | undefined
      readonly requestId?: string | undefined
      readonly code?: EngineErrorCode | undefined
    } = {},
  ) {
    super(message, { ...options, code: options.code ?? 'E_ENGINE', exitCode: 1 })
    this.retryable = options.retryable ?? false
    if (options.status !== undefined) this.status = options.status
    if (options.requestId !== undefined) this.requestId = options.requestId
  }
}

/** A number that stopped being finite. */
export class NumericalError extends FlemingError {
  declare readonly step?: number
  declare readonly tensor?: string
  declare readonly lastFiniteCheckpoint?: string

  constructor(
    message: string,
    options: Common & {
      readonly step?: number | undefined
      readonly tensor?: string | undefined
      readonly lastFiniteCheckpoint?: string | undefined
    } = {},
  ) {
    super(message, { ...options, code: 'E_NUMERICAL', exitCode: 1 })
    if (options.step !== undefined) this.step = options.step
    if (options.tensor !== undefined) this.tensor = options.tensor
    if (options.lastFiniteCheckpoint !== undefined) this.lastFiniteCheckpoint = options.lastFiniteCheckpoint
  }
}

/** A hash or a provenance that does not match. */
export class AuditError extends FlemingError {
  declare readonly file?: string
  declare readonly expected?: string
  declare readonly found?: string

  constructor(
    message: string,
    options: Common & {
      readonly file?: string | undefined
      readonly expected?: string | undefined
      readonly found?: string | undefined
    } = {},
  ) {
    super(message, { ...options, code: 'E_INTEGRITY', exitCode: 3 })
    if (options.file !== undefined) this.file = options.file
    if (options.expected !== undefined) this.expected = options.expected
    if (options.found !== undefined) this.found = options.found
  }
}

/** A disk that is full, failing, or in use by another run. */
export class StorageError extends FlemingError {
  declare readonly code: StorageErrorCode
  declare readonly file?: string
  /** `E_NOSPACE`: bytes the write needs in all, and bytes that are free. */
  declare readonly needBytes?: number
  declare readonly haveBytes?: number

  constructor(
    message: string,
    options: Common & {
      readonly code: StorageErrorCode
      readonly file?: string | undefined
      readonly needBytes?: number | undefined
      readonly haveBytes?: number | undefined
    },
  ) {
    super(message, { ...options, exitCode: 74 })
    if (options.file !== undefined) this.file = options.file
    if (options.needBytes !== undefined) this.needBytes = options.needBytes
    if (options.haveBytes !== undefined) this.haveBytes = options.haveBytes
  }
}

function placePrefix(file: string | undefined, line: number | undefined): string {
  if (file !== undefined) return line === undefined ? `${file}: ` : `${file}:${line}: `
  return line === undefined ? '' : `line ${line}: `
}
