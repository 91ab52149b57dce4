import { Template } from '@huggingface/jinja'
import { DataError } from '../core/errors.ts'
import type { ChatMessage } from './types.ts'

export type { ChatMessage, ChatRole } from './types.ts'

/**
 * ChatML in the manner of Qwen: every turn is `<|im_start|>role\n…<|im_end|>\n`, and the generation prompt is
 * `<|im_start|>assistant\n`.
 */
export const defaultChatTemplate = [
  '{%- for message in messages -%}',
  "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' -}}",
  '{%- endfor -%}',
  '{%- if add_generation_prompt -%}',
  "{{- '<|im_start|>assistant\\n' -}}",
  '{%- endif -%}',
].join('\n')

/**
 * The template of the small student, which can spare no tokens: what is asked, then `<think>` as the generation prompt;
 * an assistant turn is its content and `<|im_end|>`. A completion thus starts inside the thinking
 * (`readCompletion(…, { thinkPrefilled: true })`), and an assistant's content, which carries its own `<think>`, renders to
 * the generation prompt followed by what a completion would be.
 */
export const compactChatTemplate = [
  '{%- for message in messages -%}',
  '{{- message.content -}}',
  "{%- if message.role == 'assistant' -%}{{- '<|im_end|>' -}}{%- endif -%}",
  '{%- endfor -%}',
  "{%- if add_generation_prompt -%}{{- '<think>' -}}{%- endif -%}",
].join('\n')

const maxTemplateLength = 65_536
const controlToken = /<\|[a-z0-9_]+\|>/i

// Rendering a hundred thousand prompts should parse their one template once.
let lastParsed: { readonly source: string; readonly template: Template } | null = null

/**
 * The text of a conversation under a Jinja chat template.
 *
 * A template is code: it cannot reach outside the renderer, but it can loop for ever. Render only templates of your own
 * run or of a model you trust.
 *
 * @param options `addGenerationPrompt`: end with the opening of the assistant's turn; `variables`: further names that the
 *   template uses, such as `enable_thinking`
 * @throws {DataError} when the template does not parse or raises, or when a message holds a control token such as
 *   `<|im_end|>`, with which its author could speak in another role
 */
export function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  options: {
    readonly addGenerationPrompt?: boolean
    readonly variables?: Readonly<Record<string, string | number | boolean>>
  } = {},
): string {
  messages.forEach(({ role, content }, index) => {
    const found = controlToken.exec(content)
    if (found !== null) throw new DataError(`message ${index} (${role}) holds the control token ${found[0]}`)
  })
  const parsed = parseTemplate(template)
  try {
    return parsed.render({
      ...options.variables,
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: options.addGenerationPrompt ?? false,
    })
  } catch (cause) {
    throw templateError('fails', cause)
  }
}

function parseTemplate(source: string): Template {
  if (lastParsed?.source === source) return lastParsed.template
  if (source.length > maxTemplateLength) {
    throw new DataError(`the chat template has ${source.length} characters; the limit is ${maxTemplateLength}`)
  }
  try {
    lastParsed = { source, template: new Template(source) }
    return lastParsed.template
  } catch (cause) {
    throw templateError('does not parse', cause)
  }
}

function templateError(what: string, cause: unknown): DataError {
  return new DataError(`the chat template ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  })
}
