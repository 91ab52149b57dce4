/** The converted SmolLM2 folder and its reference numbers, for the checks beside this file. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../../src/core/json.ts'
import { readText } from '../../src/core/read.ts'
import { loadTokenizer, type Tokenizer } from '../../src/text/tokenizer.ts'

const floats = z
  .object({ shape: z.array(z.number()), f32: z.base64() })
  .transform(({ f32 }) => new Float32Array(Uint8Array.from(Buffer.from(f32, 'base64')).buffer))
const reference = z.object({
  prompts: z.array(
    z.object({
      question: z.string().nullable(),
      text: z.string(),
      promptTokens: z.array(z.number()),
      tokens: z.array(z.number()),
      completion: z.string(),
      margins: floats,
      scoredTokens: z.array(z.array(z.number())),
      scoredLogprobs: floats,
    }),
  ),
})

export type ReferencePrompt = z.infer<typeof reference>['prompts'][number]

/** @returns the folder named on the command line, or the one that convert.py writes unless told */
export function modelDir(): string {
  return process.argv[2] ?? join(homedir(), '.cache', 'fleming', 'smollm2-135m-instruct')
}

/** @returns what reference.py wrote */
export function readReference(dir: string): readonly ReferencePrompt[] {
  const file = join(dir, 'reference.json')
  return reference.parse(parseJson(readText(file), { file })).prompts
}

/** @returns the tokenizer of the folder */
export function readTokenizer(dir: string): Tokenizer {
  const file = join(dir, 'tokenizer.json')
  return loadTokenizer(parseJson(readText(file), { file }))
}

/** @returns peak resident memory of this process, GB */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024 ** 2
}
