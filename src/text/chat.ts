import { DataError } from '../core/errors.ts'
import { parseTemplate, renderTemplate, type Template } from './template.ts'
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

const controlToken = /<\|[a-z0-9_]+\|>/i

/** Further names that a template uses, such as `enable_thinking` or `bos_token`. */
export type TemplateVariables = Readonly<Record<string, string | number | boolean>>

// Rendering a hundred thousand prompts should parse their one template once.
let lastParsed: Template | null = null

/**
 * The text of a conversation under a Jinja chat template.
 *
 * A template is code; it runs within the bounds of `template-budget.ts` and reaches nothing but its variables.
 *
 * @param options `addGenerationPrompt`: end with the opening of the assistant's turn; `variables`: further names that the
 *   template uses, such as `enable_thinking`
 * @throws {DataError} when the template does not parse, raises or passes its bounds, or when a message holds a control token such as
 *   `<|im_end|>`, with which its author could speak in another role
 */
export function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  options: {
    readonly addGenerationPrompt?: boolean
    readonly variables?: TemplateVariables
  } = {},
): string {
  messages.forEach(({ role, content }, index) => {
    const found = controlToken.exec(content)
    if (found !== null) throw new DataError(`message ${index} (${role}) holds the control token ${found[0]}`)
  })
  if (lastParsed?.source !== template) lastParsed = parseTemplate(template)
  return renderTemplate(lastParsed, {
    // As transformers passes them: templates ask whether they are none.
    tools: null,
    documents: null,
    ...options.variables,
    messages: messages.map(({ role, content }) => ({ role, content })),
    add_generation_prompt: options.addGenerationPrompt ?? false,
  })
}
