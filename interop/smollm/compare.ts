/**
 * Does the embedded engine compute with SmolLM2-135M-Instruct what transformers does? Token ids, log-probabilities and
 * greedy text of the ten prompts of reference.py. Exit code 1 when something differs beyond rounding.
 *
 *     npx tsx interop/smollm/compare.ts [folder]
 */
import { clock } from '../../src/core/clock.ts'
import { createHost } from '../../src/engine/local/host.ts'
import type { FrozenClient } from '../../src/engine/types.ts'
import type { Tokenizer } from '../../src/text/tokenizer.ts'
import { modelDir, peakMemory, type ReferencePrompt, readReference, readTokenizer } from './model.ts'

const TOLERANCE = 1e-4
const NEW_TOKENS = 64
const END_OF_TURN = 2

type Outcome = { readonly faults: readonly string[]; readonly logprobError: number; readonly sameTokens: number }

/** Largest difference over the log-probabilities that the reference holds, nats. */
async function logprobError(client: FrozenClient, prompt: ReferencePrompt): Promise<number> {
  const sequence = [...prompt.promptTokens, ...prompt.tokens]
  const perPosition = prompt.scoredTokens[0]!.length
  const data = Array.from({ length: perPosition }, (_, column) => ({
    inputTokens: sequence,
    targetTokens: prompt.scoredTokens.map((tokens) => tokens[column]!),
    weights: sequence.map(() => 1),
  }))
  const { logprobs_DT } = await client.forward(data, 'cross_entropy')
  return Math.max(
    ...logprobs_DT.flatMap((logprobs, column) =>
      logprobs.map((value, at) => Math.abs(value - prompt.scoredLogprobs[at * perPosition + column]!)),
    ),
  )
}

/** Where two completions part, and how close the two best tokens were there. */
function tokenFaults(found: readonly number[], prompt: ReferencePrompt): readonly string[] {
  const at = prompt.tokens.findIndex((token, index) => token !== found[index])
  if (at < 0 && found.length === prompt.tokens.length) return []
  const position = at < 0 ? prompt.tokens.length : at
  return [
    `token ${position} is ${found[position]}, transformers ${prompt.tokens[position]}; the best two are ${prompt.margins[position]?.toExponential(1)} nats apart`,
  ]
}

async function compare(
  client: FrozenClient,
  tokenizer: Tokenizer,
  prompt: ReferencePrompt,
  found: readonly number[],
): Promise<Outcome> {
  const faults = [...tokenFaults(found, prompt)]
  if (tokenizer.encode(prompt.text).join() !== prompt.promptTokens.join()) faults.push('the prompt has other tokens')
  const text = tokenizer.decode(found, { skipSpecial: true })
  if (text !== prompt.completion) faults.push(`the text is ${text}`)
  const error = await logprobError(client, prompt)
  if (!(error <= TOLERANCE)) faults.push(`log-probabilities differ by ${error.toExponential(1)} nats`)
  return { faults, logprobError: error, sameTokens: prompt.tokens.filter((token, at) => token === found[at]).length }
}

const dir = modelDir()
const prompts = readReference(dir)
const tokenizer = readTokenizer(dir)
const loadStart = clock.monotonicMs()
const host = await createHost({ model: dir, seed: 1, maxTokensPerMicroBatch: 512 })
const sampleStart = clock.monotonicMs()
const requests = prompts.map(({ promptTokens }, index) => ({ promptTokens, numSamples: 1, key: `prompt ${index}` }))
const completions = await host.base.sample(requests, {
  maxTokens: NEW_TOKENS,
  temperature: 0,
  stopTokens: [END_OF_TURN],
})
const sampleMs = clock.monotonicMs() - sampleStart
const outcomes: Outcome[] = []
for (const [index, prompt] of prompts.entries()) {
  const outcome = await compare(host.base, tokenizer, prompt, completions[index]![0]!.tokens)
  outcomes.push(outcome)
  const label = (prompt.question ?? prompt.text).replaceAll('\n', ' ').slice(0, 60)
  const verdict = outcome.faults.length === 0 ? 'same' : 'differs'
  process.stdout.write(`${verdict.padEnd(8)}${outcome.logprobError.toExponential(1)}  ${label}\n`)
  for (const fault of outcome.faults) process.stdout.write(`  ${fault}\n`)
}
await host.close()
const made = completions.reduce((sum, [completion]) => sum + completion!.tokens.length, 0)
const same = outcomes.reduce((sum, { sameTokens }) => sum + sameTokens, 0)
const expected = prompts.reduce((sum, { tokens }) => sum + tokens.length, 0)
const failed = outcomes.filter(({ faults }) => faults.length > 0).length
const worst = Math.max(...outcomes.map((outcome) => outcome.logprobError))
process.stdout.write(
  [
    `${same} of ${expected} greedy tokens equal; largest difference of a log-probability ${worst.toExponential(1)} nats`,
    `loaded in ${((sampleStart - loadStart) / 1000).toFixed(1)} s; ${made} tokens of ${prompts.length} prompts together in ${(sampleMs / 1000).toFixed(1)} s (${((1000 * made) / sampleMs).toFixed(0)} tokens/s); peak ${peakMemory().toFixed(2)} GB`,
    `${outcomes.length - failed} passed, ${failed} failed`,
    '',
  ].join('\n'),
)
process.exitCode = failed === 0 ? 0 : 1
