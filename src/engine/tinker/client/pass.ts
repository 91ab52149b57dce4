import { EngineError } from '../../../core/errors.ts'
import { formatForwardBackwardBody, parseBody, parseForwardBackwardResult } from '../wire/json.ts'
import type { ForwardBackwardOutput, ForwardBackwardRequest, WireDatum } from '../wire/messages.ts'
import { decodeForwardBackwardOutput, encodeForwardBackwardRequest, PROTOBUF_TYPE } from '../wire/protobuf.ts'
import { promiseResponse } from '../wire/responses.ts'
import { chunkData, combineOutputs } from './chunks.ts'
import type { Connection } from './connection.ts'
import { awaitDecoded, type FutureResult } from './future.ts'
import { abortedError } from './http.ts'
import { type Operation, startOperation } from './operation.ts'
import { jsonBody, jsonOf, submit } from './submit.ts'

/** What a call of a model may be told. */
export type ModelCall = { readonly signal?: AbortSignal | undefined }

export type Pass = {
  readonly data: readonly WireDatum[]
  readonly lossFn: string
  readonly lossConfig: Readonly<Record<string, number>>
  readonly forwardOnly: boolean
}

/** A forward or backward pass that the server has accepted. */
export type AcceptedPass = {
  /** @throws {EngineError} when it failed; a pass of several chunks may then be half done */
  result(): Promise<ForwardBackwardOutput>
}

/** How passes are sent: protobuf is understood by servers from SDK 0.25 on, JSON by those before. */
export type Encoding = 'protobuf' | 'json'

/**
 * Hands a pass to the server, cut into chunks that keep within its limits.
 *
 * @param reserve gives the first of so many consecutive numbers
 * @throws {EngineError} when a chunk is refused, or the server does not accept it in time
 */
export async function submitPass(
  connection: Connection,
  modelId: string,
  reserve: (count: number) => number,
  pass: Pass,
  { signal }: ModelCall,
  encoding: Encoding,
): Promise<AcceptedPass> {
  const label = pass.forwardOnly ? 'forward' : 'forward_backward'
  if (signal?.aborted) throw abortedError(label)
  const { flags, timing } = connection
  const limits = { maxData: flags.fwdbwd_max_chunk_len, maxBytes: flags.fwdbwd_max_chunk_bytes_count }
  const chunks = chunkData(pass.data, limits)
  const first = reserve(chunks.length)
  const operations = chunks.map((_, index) => {
    const operation = startOperation(label, timing.deadlineMs)
    operation.seqId = first + index
    return operation
  })
  const send = (index: number): Promise<void> =>
    connection.dispatch.run(chunks[index]!.bytes, () =>
      // Without the caller's signal: once a number is taken, the server waits for it.
      submitChunk(connection, operations[index]!, { ...pass, data: chunks[index]!.data, modelId }, encoding),
    )
  if (flags.parallel_fwdbwd_chunks) {
    // The first chunk goes last: the server waits for it and then finds the whole batch.
    const rest = await Promise.allSettled(chunks.slice(1).map((_, index) => send(index + 1)))
    // Sent whatever happened to the others: a gap in the numbers would block every later call.
    await send(0)
    for (const outcome of rest) if (outcome.status === 'rejected') throw outcome.reason
  } else for (const index of chunks.keys()) await send(index)
  const options = { requestType: pass.forwardOnly ? 'Forward' : 'ForwardBackward', wantsProtobuf: true, signal }
  return {
    result: async () =>
      combineOutputs(
        await Promise.all(
          operations.map((operation, index) =>
            awaitDecoded(connection, operation, { ...options, payloads: connection.payloads }, (result) =>
              decodeOutput(result, chunks[index]!.data.length),
            ),
          ),
        ),
      ),
  }
}

async function submitChunk(
  connection: Connection,
  operation: Operation,
  { data, lossFn, lossConfig, forwardOnly, modelId }: Pass & { readonly modelId: string },
  encoding: Encoding,
): Promise<void> {
  const request: ForwardBackwardRequest = {
    modelId,
    seqId: operation.seqId ?? 0,
    data,
    lossFn,
    lossConfig,
    forwardOnly,
  }
  const isProtobuf = encoding === 'protobuf'
  const { answer } = await submit(connection, operation, {
    // Legacy JSON has an endpoint of its own for forward passes.
    endpoint: !isProtobuf && forwardOnly ? 'forward' : 'forward_backward',
    body: isProtobuf ? encodeForwardBackwardRequest(request) : jsonBody(formatForwardBackwardBody(request)),
    headers: { 'Content-Type': isProtobuf ? PROTOBUF_TYPE : 'application/json' },
  })
  operation.requestId = parseBody(promiseResponse, jsonOf(answer, operation.label), operation.label).request_id
}

function decodeOutput(result: FutureResult, dataCount: number): ForwardBackwardOutput {
  const output =
    result.kind === 'protobuf' ? decodeForwardBackwardOutput(result.bytes) : parseForwardBackwardResult(result.value)
  if (output.outputs.length !== dataCount) {
    throw new EngineError(`the server sent ${output.outputs.length} results for ${dataCount} data`)
  }
  return output
}
