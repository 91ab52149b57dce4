import { DataError } from '../../../core/errors.ts'

/** The fields of one JSON object of a file, read one by one; every complaint names file and field. */
export type Fields = {
  readonly file: string
  /** Undefined when the field is absent or null: transformers writes null for "not set". */
  value(name: string): unknown
  has(name: string): boolean
  names(): readonly string[]
  /** @throws {DataError} when it is absent without a default, or not a finite number */
  number(name: string, fallback?: number): number
  /** @throws {DataError} as `number`, or when it is not a positive integer */
  count(name: string, fallback?: number): number
  /** @throws {DataError} when it is there and not a boolean */
  flag(name: string, fallback: boolean): boolean
  /** @throws {DataError} when it is there and not a text */
  text(name: string): string | undefined
  /** The fields of an object within; undefined when absent. @throws {DataError} when it is there and not an object */
  object(name: string): Fields | undefined
  /** Throws a DataError that names the field. */
  refuse(name: string, message: string, hint?: string): never
}

/**
 * The fields of a JSON object.
 *
 * @param json a parsed JSON value
 * @param file where it stands, for error messages
 * @param path of the object within the file, ending in a dot; empty for the whole file
 * @throws {DataError} when it is not an object
 */
export function readFields(json: unknown, file: string, path = ''): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new DataError(`${path === '' ? 'the file' : path.slice(0, -1)} is not a JSON object`, { file })
  const values = new Map<string, unknown>(Object.entries(json))
  const refuse = (name: string, message: string, hint?: string): never => {
    throw new DataError(`${path}${name} ${message}`, { file, field: `${path}${name}`, hint })
  }
  const value = (name: string) => values.get(name) ?? undefined
  const number = (name: string, fallback?: number): number => {
    const found = value(name) ?? fallback
    if (found === undefined) return refuse(name, 'is missing')
    return typeof found === 'number' && Number.isFinite(found) ? found : refuse(name, `is not a number: ${show(found)}`)
  }
  return {
    file,
    value,
    has: (name) => value(name) !== undefined,
    names: () => [...values.keys()],
    number,
    count: (name, fallback) => {
      const found = number(name, fallback)
      return Number.isSafeInteger(found) && found > 0 ? found : refuse(name, `is not a positive integer: ${found}`)
    },
    flag: (name, fallback) => {
      const found = value(name) ?? fallback
      return typeof found === 'boolean' ? found : refuse(name, `is neither true nor false: ${show(found)}`)
    },
    text: (name) => {
      const found = value(name)
      return found === undefined || typeof found === 'string' ? found : refuse(name, `is not a text: ${show(found)}`)
    },
    object: (name) => {
      const found = value(name)
      return found === undefined ? undefined : readFields(found, file, `${path}${name}.`)
    },
    refuse,
  }
}

/** A value as it may stand in a message: short, whatever a hostile file holds. */
function show(value: unknown): string {
  const text =
    typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'a list' : 'an object') : `${value}`
  return text.slice(0, 60)
}
