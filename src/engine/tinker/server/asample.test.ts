import { describe, expect, test } from 'vitest'
import type { SampledSequence } from '../../types.ts'
import { parseSampleBody, planSample, type SampleBody } from './asample.ts'
import type { ServerParts } from './context.ts'
import { loraOf } from './lora-flags.ts'
import { cutAtText } from './stop-text.ts'

const detokenize = (tokens: readonly number[]) => tokens.map((token) => String.fromCharCode(97 + token)).join('')
const parts = {
  options: { eosTokens: [0], detokenize },
  limits: { maxSamplesPerRequest: 8 },
  base: { vocabSize: 26, contextLength: 10 },
} as unknown as ServerParts

function body(fields: object = {}, params: object = {}): SampleBody {
  return parseSampleBody({
    prompt: { chunks: [{ type: 'encoded_text', tokens: [1, 2, 3] }] },
    sampling_params: { max_tokens: 4, ...params },
    ...fields,
  })
}
const plan = (fields?: object, params?: object, other = parts) => planSample(body(fields, params), other)
const sequence = (...tokens: readonly number[]): SampledSequence => ({
  tokens,
  logprobs: tokens.map(() => -1),
  stopReason: 'length',
})

describe('stops', () => {
  test.each([
    ['none given: the end of text', {}, [0]],
    ['an empty list: none at all', { stop: [] }, []],
    ['token ids: these alone', { stop: [5, 6] }, [5, 6]],
    ['texts: the end of text, and the texts afterwards', { stop: ['ef'] }, [0]],
  ])('%s', (_, params, stopTokens) => {
    expect(plan({}, params).params.stopTokens).toEqual(stopTokens)
  })

  test('a text ends a completion behind the token that completes it, in the middle of a text of several tokens too', () => {
    const { answer } = plan({}, { stop: ['cd', 'gh'] })
    const { sequences } = answer({ sequences: [sequence(1, 2, 3, 4), sequence(1, 2, 4)] })
    expect(sequences).toEqual([{ tokens: [1, 2, 3], logprobs: [-1, -1, -1], stopReason: 'stop' }, sequence(1, 2, 4)])
    expect(cutAtText(sequence(6, 7, 2, 3), ['cd', 'gh'], detokenize).tokens).toEqual([6, 7])
    expect(cutAtText(sequence(2), ['c'], detokenize)).toEqual({ tokens: [2], logprobs: [-1], stopReason: 'stop' })
    expect(cutAtText(sequence(), ['c'], detokenize)).toEqual(sequence())
  })

  test('a text without a tokenizer is refused', () => {
    const without = { ...parts, options: {} } as ServerParts
    expect(() => plan({}, { stop: 'x' }, without)).toThrow('no tokenizer')
  })
})

describe('a sampling request', () => {
  test('ends with the context, whatever it asks for', () => {
    expect(plan({}, { max_tokens: 100 }).params.maxTokens).toBe(7)
    expect(plan({}, { max_tokens: null }).params.maxTokens).toBe(7)
    expect(plan({}, {}).params).toEqual({ maxTokens: 4, temperature: 1, topP: 1, topK: -1, stopTokens: [0] })
  })

  test('may ask for the last log-probabilities of its prompt alone', () => {
    const { answer, scoresPrompt } = plan({ prompt_logprobs: true, prompt_logprobs_last_n: 1 })
    expect(scoresPrompt).toBe(true)
    const answered = answer({ sequences: [], promptLogprobs: [null, -1, -2] })
    expect(answered.promptLogprobs).toEqual([null, null, -2])
  })

  test('may fill the context when it is only scored', () => {
    const chunks = [{ type: 'encoded_text', tokens: Array.from({ length: 10 }, () => 1) }]
    expect(plan({ prompt: { chunks }, prompt_logprobs: true }).promptTokens).toHaveLength(10)
    expect(() => plan({ prompt: { chunks } })).toThrow('10 tokens, the context holds 10')
  })

  test.each([
    [{ topk_prompt_logprobs: 2 }, {}, 'topk_prompt_logprobs is not supported'],
    [{ topk_sample_logprobs: 2 }, {}, 'topk_sample_logprobs is not supported'],
    [{ prompt_alt_tokens_k: 1 }, {}, 'prompt_alt_tokens_k is not supported'],
    [{ target_prompt_logprobs: { data: [] } }, {}, 'target_prompt_logprobs is not supported'],
    [{ num_samples: 9 }, {}, '9 samples in one request, more than 8'],
    [{ prompt: { chunks: [] } }, {}, 'the prompt is empty'],
    [{ prompt: { chunks: [{ type: 'image', data: '' }] } }, {}, 'a chunk of type image'],
    [{ prompt: { chunks: [{ type: 'encoded_text', tokens: [26] }] } }, {}, 'prompt[0] is 26'],
    [{}, { stop: [26] }, 'stop[0] is 26'],
    [{}, { stop: '' }, 'a stop text is empty'],
    [{}, { top_p: 0 }, 'top_p is 0'],
    [{}, { top_k: 0 }, 'top_k is 0'],
    [{}, { temperature: -1 }, 'sampling_params.temperature'],
    [{}, { max_tokens: 0 }, 'sampling_params.max_tokens'],
  ])('%j %j is refused', (fields, params, message) => {
    expect(() => plan(fields, params)).toThrow(message)
  })
})

describe('an adapter', () => {
  test('has alpha 32 and the layers its flags say; rank 0 or none trains all weights', () => {
    const all = loraOf({ rank: 8 })
    expect(all).toEqual({
      rank: 8,
      alpha: 32,
      targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj', 'lm_head'],
    })
    expect(loraOf({ rank: 8, train_mlp: false, train_unembed: false })?.targets).toEqual([
      'q_proj',
      'k_proj',
      'v_proj',
      'o_proj',
    ])
    expect(loraOf({ rank: 0 })).toBe(null)
    expect(loraOf(null)).toBe(null)
    const nothing = { rank: 8, train_attn: false, train_mlp: false, train_unembed: false }
    expect(() => loraOf(nothing)).toThrow('trains nothing')
  })
})
