import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { formatJson, parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { putAtomic } from '../core/store.ts'

export type ExportParts = {
  /** Text of `tokenizer.json`, copied byte for byte. */
  readonly tokenizerJson: string
  readonly chatTemplate: string
  readonly tokens: { readonly bos: SpecialToken; readonly eos: SpecialToken; readonly pad: SpecialToken }
  /** Tokens of a completion at most. */
  readonly maxNewTokens: number
}

export type SpecialToken = { readonly content: string; readonly id: number }

/** Fields without which transformers would not compute what the engine computes. */
const modelConfig = z.looseObject({
  architectures: z.array(z.string()).min(1),
  model_type: z.string(),
  vocab_size: z.number().int().positive(),
  hidden_size: z.number().int().positive(),
  intermediate_size: z.number().int().positive(),
  num_hidden_layers: z.number().int().positive(),
  num_attention_heads: z.number().int().positive(),
  num_key_value_heads: z.number().int().positive(),
  head_dim: z.number().int().positive(),
  max_position_embeddings: z.number().int().positive(),
  rope_theta: z.number().positive(),
  rms_norm_eps: z.number().positive(),
  tie_word_embeddings: z.boolean(),
  torch_dtype: z.string(),
})

export type ModelConfig = z.infer<typeof modelConfig>

/**
 * Completes a folder of weights (`model.safetensors`, `config.json` as an engine writes them) to one that Hugging Face's
 * transformers, vLLM and the like load without a line of code of ours: token ids, tokenizer and chat template.
 *
 * @returns names of all files of the folder so far, and the completed config
 * @throws {DataError} when the engine's config lacks a field that the model needs
 */
export function completeModelFolder(
  dir: string,
  parts: ExportParts,
): { readonly files: string[]; readonly config: ModelConfig } {
  const config = readModelConfig(join(dir, 'config.json'))
  const { bos, eos, pad } = parts.tokens
  const ids = { bos_token_id: bos.id, eos_token_id: eos.id, pad_token_id: pad.id }
  const texts: Readonly<Record<string, string>> = {
    'config.json': pretty({
      ...config,
      ...ids,
      attention_dropout: 0,
      initializer_range: 0.02,
      use_cache: true,
      use_sliding_window: false,
    }),
    'generation_config.json': pretty({ ...ids, do_sample: false, max_new_tokens: parts.maxNewTokens }),
    'tokenizer.json': parts.tokenizerJson,
    'tokenizer_config.json': pretty({
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: config.max_position_embeddings,
      bos_token: bos.content,
      eos_token: eos.content,
      pad_token: pad.content,
      add_bos_token: false,
      add_prefix_space: false,
      clean_up_tokenization_spaces: false,
      padding_side: 'left',
      chat_template: parts.chatTemplate,
    }),
    'chat_template.jinja': parts.chatTemplate,
  }
  for (const [file, text] of Object.entries(texts)) putAtomic(join(dir, file), text)
  return { files: [...weightFiles(dir), ...Object.keys(texts)], config }
}

/**
 * Completes a folder of weights trained from a model of somebody else: its tokenizer, chat template and stop tokens are
 * copied byte for byte. The weights may be whole or an adapter.
 *
 * @param textDir where the run keeps these files
 * @param copied `texts` names them; `stopTokens` are written down where no `generation_config.json` says them
 * @returns names of all files of the folder so far, and the config of a whole model, null for an adapter
 */
export function completeFromBase(
  dir: string,
  textDir: string,
  copied: { readonly texts: readonly string[]; readonly stopTokens: readonly number[] },
): { readonly files: string[]; readonly config: ModelConfig | null } {
  const stopsFile = 'generation_config.json'
  for (const file of copied.texts) putAtomic(join(dir, file), readText(join(textDir, file)))
  if (!copied.texts.includes(stopsFile)) putAtomic(join(dir, stopsFile), pretty({ eos_token_id: copied.stopTokens }))
  const texts = [...new Set([...copied.texts, stopsFile])]
  const isWhole = existsSync(join(dir, 'config.json'))
  const configFile = isWhole ? 'config.json' : 'adapter_config.json'
  return {
    files: [...weightFiles(dir), configFile, ...texts],
    config: isWhole ? readModelConfig(join(dir, configFile)) : null,
  }
}

/** Files that hold weights or say which file holds which. */
function weightFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((file) => /^[^.].*\.safetensors(\.index\.json)?$/.test(file))
    .sort()
}

function readModelConfig(file: string): ModelConfig {
  const parsed = modelConfig.safeParse(parseJson(readText(file), { file }))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new DataError(`${issue.path.join('.')}: ${issue.message}`, { file, field: issue.path.join('.') })
}

const pretty = (value: unknown): string => `${formatJson(value, { pretty: true })}\n`
