/** What the main thread and the engine's worker say to each other. */
import {
  AuditError,
  ConfigError,
  DataError,
  EngineError,
  FlemingError,
  NumericalError,
  ShapeError,
  StorageError,
} from '../../core/errors.ts'
import type { TrainingClient } from '../types.ts'

/** The calls that travel; `close` ends the worker instead. */
export type Method = Exclude<keyof TrainingClient, 'close'>
export type Arguments = { readonly [Name in Method]: Parameters<TrainingClient[Name]> }
export type Results = { readonly [Name in Method]: Awaited<ReturnType<TrainingClient[Name]>> }

/** One call; replies carry its id. */
export type Call<Name extends Method = Method> = {
  readonly [Each in Name]: { readonly id: number; readonly method: Each; readonly args: Arguments[Each] }
}[Name]

/** The id of the message that says whether the engine could be made. */
export const CREATED_ID = 0

export type Reply =
  | { readonly id: number; readonly kind: 'done'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly error: PackedError }

/** An error as structured data: cloning alone would lose its class and its fields. */
export type PackedError = {
  readonly className: string
  readonly message: string
  readonly stack: string | undefined
  /** Enumerable fields of our own errors: code, hint, exit code, file … */
  readonly fields: Readonly<Record<string, unknown>>
  readonly cause: PackedError | undefined
}

/** An error as data that can be posted. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error))
    return { className: 'Error', message: String(error), stack: undefined, fields: {}, cause: undefined }
  const { cause, ...fields } = { cause: error.cause, ...error }
  return {
    className: error.constructor.name,
    message: error.message,
    stack: error.stack,
    fields: error instanceof FlemingError ? fields : {},
    cause: cause instanceof Error ? packError(cause) : undefined,
  }
}

type Factory = (options: { readonly cause?: Error }) => Error

/** The classes that are rebuilt; anything else is a bug and comes back as an Error with the worker's stack trace. */
const factories: Readonly<Record<string, Factory>> = {
  AuditError: (options) => new AuditError('', options),
  ConfigError: (options) => new ConfigError('', options),
  DataError: (options) => new DataError('', options),
  EngineError: (options) => new EngineError('', options),
  NumericalError: (options) => new NumericalError('', options),
  ShapeError: (options) => new ShapeError('', options),
  StorageError: (options) => new StorageError('', { ...options, code: 'E_IO' }),
}

/** The error that was packed: same class, message, code, hint, fields and stack trace. */
export function unpackError({ className, message, stack, fields, cause }: PackedError): Error {
  const options = cause === undefined ? {} : { cause: unpackError(cause) }
  const error = factories[className]?.(options) ?? new Error(message, options)
  return Object.assign(error, fields, { message, stack })
}
