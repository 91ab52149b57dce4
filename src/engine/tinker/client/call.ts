import { EngineError } from '../../../core/errors.ts'
import { parseBody } from '../wire/json.ts'
import { promiseResponse } from '../wire/responses.ts'
import type { Connection } from './connection.ts'
import { awaitDecoded, type FutureResult } from './future.ts'
import type { Line } from './line.ts'
import { type Operation, startOperation } from './operation.ts'
import { type Accepted, jsonBody, jsonOf, submit } from './submit.ts'

/** A model at a server, as its calls need it. */
export type ModelLink = { readonly connection: Connection; readonly id: string; readonly line: Line }

/** Submits a JSON call and waits for its result. */
export async function callJson(
  connection: Connection,
  operation: Operation,
  endpoint: string,
  requestType: string,
  body: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { answer } = await submit(connection, operation, { endpoint, body: jsonBody(body) })
  return awaitJson(connection, operation, requestType, jsonOf(answer, endpoint))
}

/** The JSON result of an operation that was accepted with a promise. */
export async function awaitJson(
  connection: Connection,
  operation: Operation,
  requestType: string,
  promise: unknown,
): Promise<unknown> {
  operation.requestId = parseBody(promiseResponse, promise, operation.label).request_id
  const options = { requestType, wantsProtobuf: false, payloads: connection.payloads }
  return awaitDecoded(connection, operation, options, (result) => jsonResult(result, operation.label))
}

function jsonResult(result: FutureResult, label: string): unknown {
  if (result.kind === 'json') return result.value
  throw new EngineError(`the server sent protobuf as the result of ${label}`, {
    hint: 'it may be newer than this client',
  })
}

/** Submits a numbered call of a model. To be called when its turn has come. */
export async function submitNumbered(
  { connection, id }: Omit<ModelLink, 'line'>,
  reserve: (count: number) => number,
  endpoint: string,
  fields: Readonly<Record<string, unknown>>,
  accept: readonly number[] = [],
): Promise<Accepted & { readonly operation: Operation }> {
  const operation = startOperation(endpoint, connection.timing.deadlineMs)
  operation.seqId = reserve(1)
  const body = jsonBody({ type: endpoint, model_id: id, seq_id: operation.seqId, ...fields })
  return { operation, ...(await submit(connection, operation, { endpoint, body, accept })) }
}
