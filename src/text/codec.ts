import { ConfigError, DataError } from '../core/errors.ts'
import { compactChatTemplate, renderChat, type TemplateVariables } from './chat.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Between text and the tokens of a policy: one chat template, one way to open the thinking, one end token. */
export type Codec = {
  /** Tokens of the rendered user turn up to and with the opening `<think>`. */
  prompt(user: string): number[]
  /** Tokens of a completion that follows such a prompt, the end token last. */
  completion(text: string): number[]
  /** Tokens of plain text, no template. */
  encode(text: string): number[]
  /** What plain text begins with when it is not a prompt; none for most models. */
  readonly startTokens: readonly number[]
  /** The text of sampled tokens without the stop token; U+FFFD for an id that the tokenizer lacks. */
  completionText(tokens: readonly number[]): string
  /** Ends an assistant's turn. */
  readonly endToken: number
  /** What ends a completion when it is sampled: the end token first, then what else the model may stop with. */
  readonly stopTokens: readonly number[]
}

export type CodecOptions = {
  /** `<|im_end|>` unless told. */
  readonly endToken?: number
  /** Further tokens that end a completion. */
  readonly stopTokens?: readonly number[]
  readonly startToken?: number
  readonly variables?: TemplateVariables
}

/**
 * The codec of a tokenizer and a chat template.
 *
 * A template that does not open the thinking itself, as those of instruction models do not, gets its `<think>` after the
 * generation prompt.
 *
 * @throws {ConfigError} when no end token is given and the tokenizer has no `<|im_end|>`
 */
export function createCodec(
  tokenizer: Tokenizer,
  template: string = compactChatTemplate,
  options: CodecOptions = {},
): Codec {
  const endToken = options.endToken ?? tokenizer.idOf('<|im_end|>')
  if (endToken === undefined)
    throw new ConfigError('the tokenizer has no <|im_end|>', {
      hint: 'train it with the special tokens of text/tokenizer.ts',
    })
  const stopTokens = [...new Set([endToken, ...(options.stopTokens ?? [])])]
  const isStop = new Set(stopTokens)
  const specials = tokenizer.addedTokens.filter(({ special }) => special).map(({ content }) => content)
  const { variables = {} } = options
  return {
    prompt: (user) => {
      const special = specials.find((content) => user.includes(content))
      if (special !== undefined) throw new DataError(`the question holds the control token ${special}`)
      const messages = [{ role: 'user', content: user }] as const
      return tokenizer.encode(openThinking(renderChat(template, messages, { addGenerationPrompt: true, variables })))
    },
    completion: (text) => [...tokenizer.encode(text), endToken],
    encode: (text) => tokenizer.encode(text),
    startTokens: options.startToken === undefined ? [] : [options.startToken],
    completionText: (tokens) => {
      const last = tokens.at(-1)
      // Models are padded beyond their tokenizer: a policy may draw an id that stands for nothing.
      const said = last !== undefined && isStop.has(last) ? tokens.slice(0, -1) : tokens
      return tokenizer.decode(said, { unknown: '\uFFFD' })
    },
    endToken,
    stopTokens,
  }
}

function openThinking(prompt: string): string {
  if (/<\/think>\s*$/.test(prompt)) {
    throw new ConfigError('the chat template closes the thinking before the model has thought', {
      hint: 'leave out the template variable enable_thinking, or set it to true',
    })
  }
  return /<think>\s*$/.test(prompt) ? prompt : `${prompt}<think>`
}
