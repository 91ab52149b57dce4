/** The text side of a Hugging Face model folder: its tokenizer, its chat template, and the tokens that it stops with. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError, DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { renderChat, type TemplateVariables } from './chat.ts'
import { type Codec, createCodec } from './codec.ts'
import { loadTokenizer } from './tokenizer.ts'
import type { Tokenizer } from './types.ts'

/** Stands for what an assistant says, to see what a template puts after it. */
const probe = 'fleming'

const tokenSchema = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish()
const configSchema = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() })).min(1)])
    .nullish(),
  add_bos_token: z.boolean().nullish(),
  bos_token: tokenSchema,
  eos_token: tokenSchema,
  pad_token: tokenSchema,
  unk_token: tokenSchema,
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string() })).nullish(),
})
type TokenizerConfig = z.infer<typeof configSchema>

const idSchema = z.int().min(0)
const stopsSchema = z.looseObject({ eos_token_id: z.union([idSchema, z.array(idSchema)]).nullish() })
const postProcessorSchema = z.looseObject({
  post_processor: z.looseObject({
    processors: z.array(z.unknown()).optional(),
    single: z.array(z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }).optional() })).optional(),
  }),
})

export type TextModelOptions = {
  /** A file with a chat template, in the place of the model's own. */
  readonly templateFile?: string
  /** Names that the template uses, such as `enable_thinking`. */
  readonly variables?: TemplateVariables
}

export type TextModel = {
  readonly tokenizer: Tokenizer
  readonly codec: Codec
  readonly template: string
}

/**
 * The tokenizer and codec of a Hugging Face model folder.
 *
 * Reads `tokenizer.json`, `tokenizer_config.json`, `chat_template.jinja` (which goes before a template in the config) and
 * the stop tokens of `generation_config.json`, else of `config.json`. The end of an assistant's turn is what the template
 * itself writes after one, because the `eos_token` of a base model is often another.
 *
 * @throws {DataError} naming the file that is missing or does not fit
 * @throws {ConfigError} when the model has no chat template, or neither it nor the config says how a turn ends
 */
export function openTextModel(dir: string, options: TextModelOptions = {}): TextModel {
  const json = readTokenizerJson(dir)
  const tokenizer = loadTokenizer(json)
  const configFile = join(dir, 'tokenizer_config.json')
  const config = readOptional(configFile, configSchema) ?? {}
  checkAddedTokens(tokenizer, config, configFile)
  const template = readTemplate(dir, config, options)
  const variables = { ...tokenNames(config), ...options.variables }
  const eosToken = idOfToken(tokenizer, config.eos_token, configFile)
  const endToken = turnEnd(tokenizer, template, variables) ?? eosToken
  if (endToken === null) {
    throw new ConfigError(`${dir}: neither the chat template nor eos_token says how a turn ends`, {
      hint: 'set eos_token in tokenizer_config.json',
    })
  }
  const startToken = idOfToken(tokenizer, startOf(config, json), configFile)
  const stopTokens = [...readStops(dir, tokenizer), ...(eosToken === null ? [] : [eosToken])]
  return {
    tokenizer,
    codec: createCodec(tokenizer, template, {
      endToken,
      stopTokens,
      variables,
      ...(startToken !== null && { startToken }),
    }),
    template,
  }
}

/**
 * Tokenizer and stop tokens alone, for a model that is only continued: a base model may have no chat template.
 *
 * @throws {DataError} naming the file that is missing or does not fit
 */
export function openTokens(dir: string): { readonly tokenizer: Tokenizer; readonly stopTokens: readonly number[] } {
  const tokenizer = loadTokenizer(readTokenizerJson(dir))
  return { tokenizer, stopTokens: readStops(dir, tokenizer) }
}

function readTokenizerJson(dir: string): unknown {
  const file = join(dir, 'tokenizer.json')
  if (existsSync(file)) return parseJson(readText(file), { file })
  const isSentencePiece = existsSync(join(dir, 'tokenizer.model'))
  throw new DataError('no such file', {
    file,
    hint: isSentencePiece
      ? 'tokenizer.model is SentencePiece, which is not supported; choose a Llama 3, Qwen2, Qwen2.5, Qwen3 or SmolLM2 model'
      : 'write it with transformers: AutoTokenizer.from_pretrained(...).save_pretrained(folder)',
  })
}

/** The content of a JSON file, or null when there is no such file. */
function readOptional<T>(file: string, schema: z.ZodType<T>): T | null {
  if (!existsSync(file)) return null
  const parsed = schema.safeParse(parseJson(readText(file), { file }))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new DataError(`${issue.path.join('.')}: ${issue.message}`, { file, field: issue.path.join('.') })
}

/** transformers would add what only the config has, and read other ids than we do. */
function checkAddedTokens(tokenizer: Tokenizer, config: TokenizerConfig, file: string): void {
  for (const [id, { content }] of Object.entries(config.added_tokens_decoder ?? {})) {
    const own = tokenizer.idOf(content)
    if (own === Number(id)) continue
    throw new DataError(`added token "${content}" has id ${id}, but ${own ?? 'none'} in tokenizer.json`, {
      file,
      field: 'added_tokens_decoder',
      hint: 'save the tokenizer again with transformers',
    })
  }
}

function readTemplate(
  dir: string,
  { chat_template: own }: TokenizerConfig,
  { templateFile }: TextModelOptions,
): string {
  if (templateFile !== undefined) return readText(templateFile)
  const file = join(dir, 'chat_template.jinja')
  if (existsSync(file)) return readText(file)
  if (typeof own === 'string') return own
  const named = own?.find(({ name }) => name === 'default')
  if (named !== undefined) return named.template
  const names = own?.map(({ name }) => name).join(', ')
  throw new ConfigError(
    names === undefined
      ? `${dir}: the model has no chat template`
      : `${dir}: of the chat templates ${names} none is named default`,
    { hint: 'name a template file, or put one into the folder as chat_template.jinja' },
  )
}

/** The special tokens by the names that templates call them. */
function tokenNames(config: TokenizerConfig): TemplateVariables {
  const names = ['bos_token', 'eos_token', 'pad_token', 'unk_token'] as const
  return Object.fromEntries(
    names.flatMap((name) => {
      const content = contentOf(config[name])
      return content === null ? [] : [[name, content]]
    }),
  )
}

function contentOf(token: z.infer<typeof tokenSchema>): string | null {
  return typeof token === 'string' ? token : (token?.content ?? null)
}

function idOfToken(tokenizer: Tokenizer, token: z.infer<typeof tokenSchema>, file: string): number | null {
  const content = contentOf(token)
  if (content === null) return null
  return tokenizer.idOf(content) ?? fail(`token "${content}" is not in tokenizer.json`, file)
}

function fail(message: string, file: string): never {
  throw new DataError(message, { file, hint: 'save the tokenizer again with transformers' })
}

/** The special token that the template puts after what an assistant says, null when it puts none. */
function turnEnd(tokenizer: Tokenizer, template: string, variables: TemplateVariables): number | null {
  const turns = [
    { role: 'user', content: 'x' },
    { role: 'assistant', content: probe },
  ] as const
  const text = renderChat(template, turns, { variables })
  const at = text.lastIndexOf(probe)
  if (at < 0) throw new DataError('the chat template leaves out what the assistant says')
  const specials = new Set(tokenizer.addedTokens.filter(({ special }) => special).map(({ id }) => id))
  return tokenizer.encode(text.slice(at + probe.length)).find((id) => specials.has(id)) ?? null
}

function readStops(dir: string, tokenizer: Tokenizer): number[] {
  for (const name of ['generation_config.json', 'config.json']) {
    const file = join(dir, name)
    const ids = readOptional(file, stopsSchema)?.eos_token_id
    if (ids === undefined || ids === null) continue
    const stops = typeof ids === 'number' ? [ids] : ids
    const unknown = stops.find((id) => id >= tokenizer.vocabSize)
    if (unknown !== undefined) fail(`eos_token_id ${unknown} is not in the vocabulary of ${tokenizer.vocabSize}`, file)
    return stops
  }
  return []
}

/** The token before plain text: by `add_bos_token` where it is set, else what the post-processor of `tokenizer.json` puts. */
function startOf(config: TokenizerConfig, json: unknown): z.infer<typeof tokenSchema> {
  if (typeof config.add_bos_token === 'boolean') return config.add_bos_token ? config.bos_token : null
  const parsed = postProcessorSchema.safeParse(json)
  if (!parsed.success) return null
  const { single, processors } = parsed.data.post_processor
  if (single !== undefined) return single[0]?.SpecialToken?.id ?? null
  for (const processor of processors ?? []) {
    const token = startOf(config, { post_processor: processor })
    if (token !== null) return token
  }
  return null
}
