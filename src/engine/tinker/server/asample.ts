import { z } from 'zod'
import type { SampledSequence, SamplingParams } from '../../types.ts'
import { chunksOf, parseBody } from '../wire/json.ts'
import type { SampleResponse } from '../wire/messages.ts'
import { sampleRequest } from '../wire/requests.ts'
import type { ServerParts } from './context.ts'
import { checkTokens, tokensOf } from './data.ts'
import { RequestError } from './errors.ts'
import type { SampleOutcome } from './sample-queue.ts'
import { cutAtText } from './stop-text.ts'

/** The request with what later SDKs ask for, so that it can be refused and not silently left out. */
const schema = sampleRequest.extend({
  prompt_logprobs_last_n: z.int().positive().nullish(),
  target_prompt_logprobs: z.unknown().optional(),
  prompt_alt_tokens_k: z.int().nonnegative().default(0),
})

export type SampleBody = z.infer<typeof schema>

/** @throws {DataError} naming the field */
export function parseSampleBody(body: unknown): SampleBody {
  return parseBody(schema, body, 'asample')
}

/** A checked sampling request. */
export type SamplePlan = {
  readonly promptTokens: readonly number[]
  readonly numSamples: number
  readonly params: SamplingParams
  readonly scoresPrompt: boolean
  /** Turns what the engine sampled into the answer. */
  readonly answer: (outcome: SampleOutcome) => SampleResponse
}

/**
 * What a request asks the engine for.
 *
 * Without stops a completion ends at the end-of-text tokens, with `[]` at none, with token ids at these alone; with texts at
 * the texts, looked for when the completion is there, and at the end of text.
 *
 * A completion that reaches the end of the context ends there as `length`; hosted servers refuse such a request.
 * @throws {RequestError} 400 naming what is wrong or not supported
 */
export function planSample(body: SampleBody, { options, limits, base }: ServerParts): SamplePlan {
  refuseUnsupported(body)
  const promptTokens = tokensOf(chunksOf(body.prompt.chunks), 'prompt')
  const scoresPrompt = body.prompt_logprobs === true
  checkPrompt(promptTokens, scoresPrompt, base)
  if (body.num_samples > limits.maxSamplesPerRequest) {
    throw new RequestError(400, `${body.num_samples} samples in one request, more than ${limits.maxSamplesPerRequest}`)
  }
  const { max_tokens: wanted, temperature, top_k: topK, top_p: topP, stop } = body.sampling_params
  if (!(topP > 0 && topP <= 1)) throw new RequestError(400, `top_p is ${topP}, not in (0, 1]`)
  if (!(topK === -1 || topK >= 1)) throw new RequestError(400, `top_k is ${topK}, neither -1 nor a count`)
  const room = Math.max(1, base.contextLength - promptTokens.length)
  const { stopTokens, texts } = stopsOf(stop, options.eosTokens ?? [], base.vocabSize)
  const { detokenize } = options
  if (texts.length > 0 && detokenize === undefined) {
    throw new RequestError(400, 'this server has no tokenizer to look for text stops', { hint: 'send stop token ids' })
  }
  const cut = (sequence: SampledSequence): SampledSequence =>
    texts.length === 0 || detokenize === undefined ? sequence : cutAtText(sequence, texts, detokenize)
  return {
    promptTokens,
    numSamples: body.num_samples,
    params: { maxTokens: Math.min(wanted ?? room, room), temperature, topP, topK, stopTokens },
    scoresPrompt,
    answer: ({ sequences, promptLogprobs }) => ({
      sequences: sequences.map(cut),
      ...(promptLogprobs && { promptLogprobs: lastOf(promptLogprobs, body.prompt_logprobs_last_n) }),
      promptCacheHitTokens: 0,
    }),
  }
}

function refuseUnsupported(body: SampleBody): void {
  const asked = [
    body.topk_prompt_logprobs > 0 && 'topk_prompt_logprobs',
    body.topk_sample_logprobs > 0 && 'topk_sample_logprobs',
    body.prompt_alt_tokens_k > 0 && 'prompt_alt_tokens_k',
    body.target_prompt_logprobs != null && 'target_prompt_logprobs',
  ].find((name) => name !== false)
  if (asked !== undefined) throw new RequestError(400, `${asked} is not supported by this server`)
}

function checkPrompt(tokens: readonly number[], scoresPrompt: boolean, base: ServerParts['base']): void {
  if (tokens.length === 0) throw new RequestError(400, 'the prompt is empty')
  checkTokens(tokens, base.vocabSize, 'prompt')
  const longest = scoresPrompt ? base.contextLength : base.contextLength - 1
  if (tokens.length <= longest) return
  throw new RequestError(400, `the prompt has ${tokens.length} tokens, the context holds ${base.contextLength}`)
}

function stopsOf(
  stop: SampleBody['sampling_params']['stop'],
  eosTokens: readonly number[],
  vocabSize: number,
): { readonly stopTokens: readonly number[]; readonly texts: readonly string[] } {
  if (stop === null || stop === undefined) return { stopTokens: eosTokens, texts: [] }
  const list: readonly (string | number)[] = typeof stop === 'string' ? [stop] : stop
  const texts = list.filter((item) => typeof item === 'string')
  const stopTokens = list.filter((item) => typeof item === 'number')
  if (texts.includes('')) throw new RequestError(400, 'a stop text is empty')
  checkTokens(stopTokens, vocabSize, 'stop')
  return { stopTokens: texts.length > 0 ? eosTokens : stopTokens, texts }
}

function lastOf(logprobs: readonly (number | null)[], count: number | null | undefined): readonly (number | null)[] {
  if (count == null) return logprobs
  return logprobs.map((logprob, position) => (position < logprobs.length - count ? null : logprob))
}
