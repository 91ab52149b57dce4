import { ConfigError } from '../core/errors.ts'
import { compactChatTemplate, renderChat } from './chat.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Between text and the tokens of a policy: one chat template, one way to open the thinking, one end token. */
export type Codec = {
  /** Tokens of the rendered user turn up to and with the opening `<think>`. */
  prompt(user: string): number[]
  /** Tokens of a completion that follows such a prompt, the end token last. */
  completion(text: string): number[]
  /** Tokens of plain text, no template. */
  encode(text: string): number[]
  /** The text of sampled tokens without the end token. */
  completionText(tokens: readonly number[]): string
  readonly endToken: number
}

/**
 * The codec of a tokenizer and a chat template.
 *
 * @throws {ConfigError} when the tokenizer has no `<|im_end|>`
 */
export function createCodec(tokenizer: Tokenizer, template: string = compactChatTemplate): Codec {
  const endToken = tokenizer.idOf('<|im_end|>')
  if (endToken === undefined)
    throw new ConfigError('the tokenizer has no <|im_end|>', {
      hint: 'train it with the special tokens of text/tokenizer.ts',
    })
  return {
    prompt: (user) =>
      tokenizer.encode(renderChat(template, [{ role: 'user', content: user }], { addGenerationPrompt: true })),
    completion: (text) => [...tokenizer.encode(text), endToken],
    encode: (text) => tokenizer.encode(text),
    completionText: (tokens) => tokenizer.decode(tokens.at(-1) === endToken ? tokens.slice(0, -1) : tokens),
    endToken,
  }
}
