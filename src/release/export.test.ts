import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { formatJson, parseJson } from '../core/json.ts'
import { putAtomic } from '../core/store.ts'
import { completeModelFolder } from './export.ts'
import { exampleFacts } from './fixtures/card-facts.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleming-export-'))
  putAtomic(join(dir, 'config.json'), formatJson(exampleFacts().config))
  putAtomic(join(dir, 'model.safetensors'), 'weights')
})

const parts = {
  tokenizerJson: '{ "version": "1.0" }\n',
  chatTemplate: '{{ messages[0].content }}<think>',
  tokens: {
    bos: { content: '<|im_start|>', id: 301 },
    eos: { content: '<|im_end|>', id: 302 },
    pad: { content: '<|pad|>', id: 300 },
  },
  maxNewTokens: 48,
}
const read = (file: string): unknown => parseJson(readFileSync(join(dir, file), 'utf8'), { file })

describe('a completed model folder', () => {
  test('keeps the engine’s config and adds the ids of the control tokens', () => {
    completeModelFolder(dir, parts)
    expect(read('config.json')).toEqual({
      ...exampleFacts().config,
      bos_token_id: 301,
      eos_token_id: 302,
      pad_token_id: 300,
      attention_dropout: 0,
      initializer_range: 0.02,
      use_cache: true,
      use_sliding_window: false,
    })
    expect(read('generation_config.json')).toEqual({
      bos_token_id: 301,
      eos_token_id: 302,
      pad_token_id: 300,
      do_sample: false,
      max_new_tokens: 48,
    })
  })

  test('holds the tokenizer byte for byte and the template twice, for old and new readers', () => {
    completeModelFolder(dir, parts)
    expect(readFileSync(join(dir, 'tokenizer.json'), 'utf8')).toBe(parts.tokenizerJson)
    expect(readFileSync(join(dir, 'chat_template.jinja'), 'utf8')).toBe(parts.chatTemplate)
    expect(read('tokenizer_config.json')).toMatchObject({
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: 96,
      eos_token: '<|im_end|>',
      pad_token: '<|pad|>',
      chat_template: parts.chatTemplate,
    })
  })

  test('lists every file of the folder for the manifest', () => {
    expect([...completeModelFolder(dir, parts).files].sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
  })

  test('is refused by the name of the field when the engine left one out that the model needs', () => {
    const { rope_theta: _, ...rest } = exampleFacts().config!
    putAtomic(join(dir, 'config.json'), formatJson(rest))
    expect(() => completeModelFolder(dir, parts)).toThrow('config.json: rope_theta')
  })
})
