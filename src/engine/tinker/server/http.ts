import type { z } from 'zod'
import { formatJson } from '../../../core/json.ts'
import { parseBody } from '../wire/json.ts'
import { jsonOf, readBody } from './body.ts'
import { describeError, RequestError } from './errors.ts'
import type { ServerLimits } from './options.ts'

const JSON_TYPE = 'application/json'

/** A JSON answer. */
export function jsonReply(body: unknown, status = 200): Response {
  return new Response(formatJson(body), { status, headers: { 'content-type': JSON_TYPE } })
}

/** An answer without content. */
export function emptyReply(): Response {
  return new Response(null, { status: 204 })
}

/** A JSON body and the hash that tells it from another one. */
export type Checked<Value> = { readonly value: Value; readonly hash: string }

/**
 * The JSON body of a request, checked.
 *
 * @throws {RequestError} or DataError, both of which are answered with 4xx
 */
export async function readJson<Value>(
  request: Request,
  schema: z.ZodType<Value>,
  where: string,
  limits: ServerLimits,
): Promise<Checked<Value>> {
  const body = await readBody(request, limits)
  return { value: parseBody(schema, jsonOf(body), where), hash: body.hash }
}

/**
 * The answer to an error: what the request is at fault for is 4xx and final, a bug of ours is 500 and goes to the log.
 *
 * @param report takes bugs and faults of the machine
 */
export function errorReply(error: unknown, report: (error: unknown) => void): Response {
  const { message, category } = describeError(error)
  if (category === 'server') report(error)
  const status = error instanceof RequestError ? error.status : category === 'user' ? 400 : 500
  return jsonReply({ detail: message }, status)
}

/** A whole number in a query, within bounds; the default when it is absent. */
export function countInQuery(text: string | undefined, fallback: number, most: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0) return Math.min(value, most)
  throw new RequestError(400, 'a number in the query is not a count')
}
