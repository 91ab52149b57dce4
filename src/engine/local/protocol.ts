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
import type { ModelHost, TrainingClient } from '../types.ts'
import type { LocalEngineConfig, LocalHostConfig } from './config.ts'

/** The calls of a client that travel as they are; `close` and signals have messages of their own. */
export type Method = Exclude<keyof TrainingClient, 'close' | 'forgetState'>
export type Arguments = { readonly [Name in Method]: Parameters<TrainingClient[Name]> }
export type Results = { readonly [Name in Method]: Awaited<ReturnType<TrainingClient[Name]>> }

/** The client that is there from the start: the base of a host, or the model of an engine. */
export const FIRST_CLIENT = 0

/** The id of the reply that says whether the engine could be made. */
export const CREATED_ID = 0

/** What the worker is started with. */
export type WorkerConfig =
  | { readonly kind: 'engine'; readonly config: LocalEngineConfig }
  | { readonly kind: 'host'; readonly config: LocalHostConfig }

/** A call of one client, without its signal. */
export type Call = {
  readonly [Name in Method]: { readonly client: number; readonly method: Name; readonly args: Arguments[Name] }
}[Method]

/** What the main thread asks for under an id; replies carry it. The reply to an opening is the number of a client. */
export type Request =
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  | { readonly kind: 'createModel'; readonly id: number; readonly options: Parameters<ModelHost['createModel']>[0] }
  | { readonly kind: 'openSnapshot'; readonly id: number; readonly dir: string }
  | { readonly kind: 'closeClient'; readonly id: number; readonly client: number }

/** A request, or that the caller of an earlier one wants it ended; the request gets its own reply either way. */
export type Message = Request | { readonly kind: 'abort'; readonly id: number }

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
