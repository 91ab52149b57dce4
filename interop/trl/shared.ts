/** What `prepare.ts` writes and `compare.ts` reads. */
import { z } from 'zod'

/** The golden models that are trained. */
export const modelNames = ['llama', 'qwen3'] as const

/** Tokens of the tokenizer that `losses.py` makes; the golden models know no special ones. */
export const padToken = 0
export const eosToken = 1

/** Tokens before the limit from which on DAPO's penalty grows. */
export const overlongCache = 4

const numbers = z.array(z.number())

/** A prompt with its completions: their rewards, log-probabilities under the policy, and those of a sampler that differs. */
export const fixedGroup = z.object({
  promptTokens: numbers,
  completions: z.array(numbers),
  rewards: numbers,
  logprobs: z.array(numbers),
  mismatched: z.array(numbers),
})
export type FixedGroup = z.infer<typeof fixedGroup>

/** The name of a file of a case. */
export const slugOf = (name: string): string => name.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '')
