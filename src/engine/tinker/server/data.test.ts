import { describe, expect, test } from 'vitest'
import type { ForwardBackwardRequest, WireDatum, WireTensor } from '../wire/messages.ts'
import { passOf } from './data.ts'
import { RequestError } from './errors.ts'

const limits = { maxDataPerRequest: 2, contextLength: 4, vocabSize: 10 }
const list = (...data: readonly number[]): WireTensor => ({ dtype: 'float32', shape: [data.length], data })
const text = (...tokens: readonly number[]) => [{ type: 'encoded_text', tokens } as const]
const good: WireDatum = { modelInput: text(1, 2), lossInputs: { target_tokens: list(2, 3), weights: list(0, 1) } }
const policy = { target_tokens: list(2, 3), logprobs: list(0, -1), advantages: list(0, 2) }

function pass(datum: WireDatum, fields: Partial<ForwardBackwardRequest> = {}) {
  const request = { modelId: 'm', seqId: 1, data: [datum], lossFn: 'cross_entropy', lossConfig: {}, forwardOnly: false }
  return passOf({ ...request, ...fields }, limits)
}

describe('a pass', () => {
  test('reads weights, or counts every target when there are none', () => {
    expect(pass(good).data).toEqual([{ inputTokens: [1, 2], targetTokens: [2, 3], weights: [0, 1] }])
    expect(pass({ ...good, lossInputs: { target_tokens: list(2, 3) } }).data[0]!.weights).toEqual([1, 1])
  })

  test('joins the chunks of a prompt and takes a column for a list', () => {
    const column = { ...list(2, 3), shape: [2, 1] }
    const datum = { modelInput: [...text(1), ...text(2)], lossInputs: { target_tokens: column } }
    expect(pass(datum).data[0]!.inputTokens).toEqual([1, 2])
  })

  test('of a policy loss reads log-probabilities, advantages and clipping bounds', () => {
    const lossConfig = { clip_low_threshold: 0.8, clip_high_threshold: 1.28 }
    expect(pass({ ...good, lossInputs: policy }, { lossFn: 'ppo', lossConfig })).toEqual({
      loss: 'ppo',
      config: { clipLowThreshold: 0.8, clipHighThreshold: 1.28 },
      data: [{ inputTokens: [1, 2], targetTokens: [2, 3], logprobs: [0, -1], advantages: [0, 2] }],
    })
  })

  test.each<[string, WireDatum, Partial<ForwardBackwardRequest>, string]>([
    ['an unknown loss', good, { lossFn: 'dro' }, 'unknown loss "dro"'],
    ['a name of every object', good, { lossFn: 'constructor' }, 'unknown loss "constructor"'],
    ['no data', good, { data: [] }, 'data is empty'],
    ['too many data', good, { data: [good, good, good] }, '3 data in one request, more than 2'],
    ['no tokens', { ...good, modelInput: text() }, {}, 'data[0].model_input is empty'],
    ['an image', { ...good, modelInput: [{ type: 'unsupported', what: 'image' }] }, {}, 'model_input[0] is image'],
    ['too many tokens', { ...good, modelInput: text(1, 1, 1, 1, 1) }, {}, '5 tokens, the context holds 4'],
    ['a token beyond the vocabulary', { ...good, modelInput: text(1, 10) }, {}, 'model_input[1] is 10'],
    [
      'a target that is no token',
      { ...good, lossInputs: { target_tokens: list(2, 0.5) } },
      {},
      'target_tokens[1] is 0.5',
    ],
    ['too few targets', { ...good, lossInputs: { target_tokens: list(2) } }, {}, 'shape [1], the input 2 tokens'],
    [
      'several targets per position',
      { ...good, lossInputs: { target_tokens: { ...list(1, 2, 3, 4), shape: [2, 2] } } },
      {},
      'shape [2, 2]',
    ],
    ['an array the loss does not read', { ...good, lossInputs: policy }, {}, 'logprobs is not read by cross_entropy'],
    ['a missing array', good, { lossFn: 'ppo' }, 'weights is not read by ppo'],
    ['no targets', { ...good, lossInputs: {} }, {}, 'data[0].target_tokens is missing'],
    ['a setting the loss does not read', good, { lossConfig: { clip_low_threshold: 1 } }, 'not read by cross_entropy'],
    [
      'an unknown setting',
      { ...good, lossInputs: policy },
      { lossFn: 'ppo', lossConfig: { beta: 1 } },
      'loss_fn_config.beta',
    ],
    [
      'a setting that is a text',
      { ...good, lossInputs: policy },
      { lossFn: 'ppo', lossConfig: { clip_low_threshold: '1' } },
      'is not a number',
    ],
    ['cispo without bounds', { ...good, lossInputs: policy }, { lossFn: 'cispo' }, 'cispo needs'],
  ])('with %s is refused', (_, datum, fields, message) => {
    expect(() => pass(datum, fields)).toThrow(message)
    expect(() => pass(datum, fields)).toThrow(RequestError)
  })
})
