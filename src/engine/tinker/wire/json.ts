/** The JSON forms of the tensor messages, as SDKs up to 0.24 send and read them. */
import { z } from 'zod'
import type {
  ForwardBackwardOutput,
  ForwardBackwardRequest,
  SampleResponse,
  WireChunk,
  WireDatum,
  WireTensor,
} from './messages.ts'
import { type Where, wireError } from './numbers.ts'
import { bareName, checkMetrics } from './protobuf.ts'
import { promptChunk } from './requests.ts'
import { checkSequence } from './sample-protobuf.ts'
import { type Budget, denseTensor, densify, newBudget } from './tensor.ts'

const tensorBody = z.object({
  data: z.array(z.number()),
  dtype: z.enum(['float32', 'int64']).nullish(),
  shape: z.array(z.int()).nullish(),
  sparse_crow_indices: z.array(z.int()).nullish(),
  sparse_col_indices: z.array(z.int()).nullish(),
})
const datumBody = z.object({
  model_input: z.object({ chunks: z.array(promptChunk) }),
  loss_fn_inputs: z.record(z.string(), tensorBody),
})
const inputBody = z.object({
  data: z.array(datumBody),
  loss_fn: z.string(),
  loss_fn_config: z.record(z.string(), z.union([z.number(), z.string()])).nullish(),
})
const requestBody = z.object({
  model_id: z.string(),
  seq_id: z.int().nullish(),
  forward_backward_input: inputBody.nullish(),
  forward_input: inputBody.nullish(),
})
const outputBody = z.object({
  loss_fn_output_type: z.string().default(''),
  loss_fn_outputs: z.array(z.record(z.string(), tensorBody)),
  metrics: z.record(z.string(), z.number()).nullish(),
})
const sampleBody = z.object({
  sequences: z.array(
    z.object({
      stop_reason: z.enum(['stop', 'length']),
      tokens: z.array(z.int()),
      logprobs: z.array(z.number()).nullish(),
    }),
  ),
  prompt_logprobs: z.array(z.number().nullable()).nullish(),
  topk_prompt_logprobs: z.array(z.array(z.tuple([z.int(), z.number()])).nullable()).nullish(),
  prompt_cache_hit_tokens: z.int().nullish(),
})

/**
 * A body checked against its schema.
 *
 * @param where what it is, for the message
 * @throws {DataError} naming what it is and the field
 */
export function parseBody<Value>(schema: z.ZodType<Value>, body: unknown, where: Where): Value {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw wireError(
    [where, issue?.path.join('.')].filter(Boolean).join(': '),
    issue?.message ?? 'malformed',
    parsed.error,
  )
}

/** The chunks of a prompt. */
export function chunksOf(chunks: readonly z.infer<typeof promptChunk>[]): WireChunk[] {
  return chunks.map((chunk) =>
    'tokens' in chunk
      ? { type: 'encoded_text', tokens: chunk.tokens }
      : { type: 'unsupported', what: `a chunk of type ${chunk.type}` },
  )
}

function tensorOf(body: z.infer<typeof tensorBody>, fallback: WireTensor['dtype'], where: Where, budget: Budget) {
  const dtype = body.dtype ?? fallback
  if (body.sparse_crow_indices && body.sparse_col_indices) {
    const csr = { values: body.data, crowIndices: body.sparse_crow_indices, colIndices: body.sparse_col_indices }
    return densify(dtype, body.shape ?? [], csr, where, budget)
  }
  return denseTensor(dtype, body.shape ?? undefined, body.data, where, budget)
}

function tensorsOf(
  bodies: Readonly<Record<string, z.infer<typeof tensorBody>>>,
  where: Where,
  budget: Budget,
): Record<string, WireTensor> {
  return Object.fromEntries(
    Object.entries(bodies).map(([name, body]) => {
      const fallback = name === 'target_tokens' ? 'int64' : 'float32'
      return [name, tensorOf(body, fallback, `${where}.${name}`, budget)]
    }),
  )
}

/**
 * The request in the JSON body of forward_backward, or of forward.
 *
 * @throws {DataError} naming the field
 */
export function parseForwardBackwardBody(body: unknown, forwardOnly: boolean): ForwardBackwardRequest {
  const where = forwardOnly ? 'forward' : 'forward_backward'
  const parsed = parseBody(requestBody, body, where)
  const input = (forwardOnly ? parsed.forward_input : parsed.forward_backward_input) ?? undefined
  if (!input) throw wireError(where, `${forwardOnly ? 'forward_input' : 'forward_backward_input'} is missing`)
  const budget = newBudget()
  return {
    modelId: parsed.model_id,
    seqId: parsed.seq_id ?? 0,
    data: input.data.map(
      (datum, index): WireDatum => ({
        modelInput: chunksOf(datum.model_input.chunks),
        lossInputs: tensorsOf(datum.loss_fn_inputs, `${where}: data[${index}]`, budget),
      }),
    ),
    lossFn: input.loss_fn,
    lossConfig: input.loss_fn_config ?? {},
    forwardOnly,
  }
}

/** The log of 1 may come out as -0, which JSON texts of ours do not hold. */
function withoutMinusZero(value: number): number {
  return value + 0
}

function formatTensors(tensors: Readonly<Record<string, WireTensor>>): Record<string, WireTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map(withoutMinusZero) }]),
  )
}

/** The JSON body of forward_backward or, with `forwardOnly`, of forward. */
export function formatForwardBackwardBody(request: ForwardBackwardRequest): Record<string, unknown> {
  const input = {
    data: request.data.map(({ modelInput, lossInputs }, index) => ({
      model_input: {
        chunks: modelInput.map((chunk) => {
          if (chunk.type === 'unsupported') throw wireError(`data[${index}]`, `cannot send ${chunk.what}`)
          return chunk
        }),
      },
      loss_fn_inputs: formatTensors(lossInputs),
    })),
    loss_fn: request.lossFn,
    ...(Object.keys(request.lossConfig).length > 0 && { loss_fn_config: request.lossConfig }),
  }
  return {
    model_id: request.modelId,
    seq_id: request.seqId,
    [request.forwardOnly ? 'forward_input' : 'forward_backward_input']: input,
  }
}

/**
 * The JSON result of a forward or backward pass.
 *
 * @throws {DataError} naming the field
 */
export function parseForwardBackwardResult(body: unknown): ForwardBackwardOutput {
  const where = 'forward_backward result'
  const parsed = parseBody(outputBody, body, where)
  const budget = newBudget()
  checkMetrics(parsed.metrics ?? {})
  return {
    outputType: bareName(parsed.loss_fn_output_type),
    outputs: parsed.loss_fn_outputs.map((output, index) =>
      tensorsOf(output, `${where}: loss_fn_outputs[${index}]`, budget),
    ),
    metrics: parsed.metrics ?? {},
  }
}

/** The JSON result of a forward or backward pass. */
export function formatForwardBackwardResult({ outputType, outputs, metrics }: ForwardBackwardOutput): object {
  return { loss_fn_output_type: outputType, loss_fn_outputs: outputs.map(formatTensors), metrics }
}

/**
 * The JSON result of a sampling request.
 *
 * @throws {DataError} naming the field
 */
export function parseSampleResult(body: unknown): SampleResponse {
  const where = 'sample result'
  const parsed = parseBody(sampleBody, body, where)
  const { prompt_logprobs: promptLogprobs, topk_prompt_logprobs: rows } = parsed
  return {
    sequences: parsed.sequences.map(({ stop_reason: stopReason, tokens, logprobs }, index) => {
      if (!logprobs) return { stopReason, tokens }
      checkSequence(tokens, logprobs, `${where}: sequences[${index}]`)
      return { stopReason, tokens, logprobs }
    }),
    ...(promptLogprobs && { promptLogprobs }),
    ...(rows && { topkPromptLogprobs: { k: Math.max(0, ...rows.map((row) => row?.length ?? 0)), rows } }),
    promptCacheHitTokens: parsed.prompt_cache_hit_tokens ?? 0,
  }
}

/** The JSON result of a sampling request. */
export function formatSampleResult(response: SampleResponse): object {
  return {
    type: 'sample',
    sequences: response.sequences.map(({ stopReason, tokens, logprobs }) => ({
      stop_reason: stopReason,
      tokens,
      logprobs: logprobs?.map(withoutMinusZero) ?? null,
    })),
    prompt_logprobs: response.promptLogprobs?.map((value) => value && withoutMinusZero(value)) ?? null,
    topk_prompt_logprobs: response.topkPromptLogprobs?.rows ?? null,
    prompt_cache_hit_tokens: response.promptCacheHitTokens,
  }
}
