/** Data and arithmetic of the conformance checks. */
import { EngineError } from '../core/errors.ts'
import { sha256Hex } from '../core/hash.ts'
import { formatJson } from '../core/json.ts'
import type { Datum, TrainingClient } from './types.ts'

/** Ragged prompts, two of them equal, in a vocabulary of 12. */
export const prompts = [
  [3, 1, 4, 1, 5],
  [9, 2, 6],
  [5, 3, 5, 8, 9, 7, 9],
  [9, 2, 6],
  [11],
] as const satisfies readonly (readonly number[])[]

/** Two sequences to learn by heart. */
export const twoData = [next([1, 2, 3, 4, 5, 6, 7]), next([7, 3, 9, 1])] as const

function next(tokens: readonly number[]): Datum {
  const targetTokens = tokens.slice(1)
  return { inputTokens: tokens.slice(0, -1), targetTokens, weights: targetTokens.map(() => 1) }
}

/** @throws {EngineError} with the message, unless the condition holds */
export function expectThat(holds: boolean, message: string): void {
  if (!holds) throw new EngineError(message)
}

/** Makes updates on the two data. */
export async function train(client: TrainingClient, steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    await client.forwardBackward(twoData, 'cross_entropy')
    await client.optimStep({ learningRate: 0.01 })
  }
}

/** What tells two models apart: the hash of the weights or, where a server does not say it, of two data's log-probabilities. */
export async function fingerprint(client: TrainingClient): Promise<string> {
  const { weightsHash } = await client.info()
  if (weightsHash !== undefined) return weightsHash
  return sha256Hex(formatJson((await client.forward(twoData, 'cross_entropy')).logprobs_DT))
}

/** The fingerprint of a fresh client after some updates. */
export async function startTrained(engine: { create(): Promise<TrainingClient> }, steps: number): Promise<string> {
  const client = await engine.create()
  await train(client, steps)
  const found = await fingerprint(client)
  await client.close()
  return found
}

/** The model's law of the token after a prompt, by the trainer's forward pass, [vocab]. */
export async function distributionAfter(client: TrainingClient, prompt: readonly number[]): Promise<readonly number[]> {
  const { vocabSize } = await client.info()
  const data = Array.from({ length: vocabSize }, (_, token): Datum => {
    const targetTokens = prompt.map((_, position) => (position === prompt.length - 1 ? token : 0))
    return { inputTokens: prompt, targetTokens, weights: prompt.map(() => 1) }
  })
  const { logprobs_DT } = await client.forward(data, 'cross_entropy')
  return logprobs_DT.map((logprobs) => Math.exp(logprobs.at(-1)!))
}

/** p^(1/T), renormalised. */
export function tempered(probabilities: readonly number[], temperature: number): readonly number[] {
  return normalise(probabilities.map((probability) => Math.exp(Math.log(probability) / temperature)))
}

/** The k most probable tokens, of them the smallest set that reaches the share topP, renormalised. */
export function nucleus(
  probabilities: readonly number[],
  { topK, topP }: { readonly topK: number; readonly topP: number },
): readonly number[] {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b).slice(0, topK)
  const total = order.reduce((sum, token) => sum + probabilities[token]!, 0)
  const kept = new Set<number>()
  let cumulative = 0
  for (const token of order) {
    if (cumulative >= topP * total) break
    kept.add(token)
    cumulative += probabilities[token]!
  }
  return normalise(probabilities.map((probability, token) => (kept.has(token) ? probability : 0)))
}

function normalise(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

/**
 * How far frequencies are from a law, in standard deviations of Pearson's chi-square; 0 when only one token is possible.
 *
 * @param counts draws of each token, [vocab]
 * @param law probabilities, [vocab]; tokens with fewer than 5 expected draws are pooled
 */
export function lawDistance(counts: readonly number[], law: readonly number[]): number {
  const draws = counts.reduce((sum, count) => sum + count, 0)
  const cells: { count: number; expected: number }[] = []
  const rare = { count: 0, expected: 0 }
  for (const [token, probability] of law.entries()) {
    const cell = { count: counts[token]!, expected: draws * probability }
    if (cell.expected >= 5) cells.push(cell)
    else {
      rare.count += cell.count
      rare.expected += cell.expected
    }
  }
  if (rare.expected >= 5) cells.push(rare)
  const freedom = cells.length - 1
  if (freedom < 1) return 0
  const square = cells.reduce((sum, { count, expected }) => sum + (count - expected) ** 2 / expected, 0)
  return (square - freedom) / Math.sqrt(2 * freedom)
}
