import { DataError } from '../core/errors.ts'
import type { Datum } from '../engine/types.ts'

/**
 * The datum of a prompt and its completion for supervised training: every completion token is a target, no prompt
 * token is.
 *
 * @param weight weight of each completion token in the summed loss
 */
export function supervisedDatum(
  promptTokens: readonly number[],
  completionTokens: readonly number[],
  weight: number,
): Datum {
  return weightedDatum(
    [...promptTokens, ...completionTokens],
    [...promptTokens.map(() => 0), ...completionTokens.map(() => weight)],
  )
}

/**
 * The datum of a token sequence whose token i is a target with weight `weights[i]`; the first token predicts only.
 *
 * @param tokens x_0 … x_N
 * @param weights_T one weight per token, [N + 1]; the first must be 0, nothing predicts it
 * @throws {DataError} when there are fewer than two tokens
 */
export function weightedDatum(tokens: readonly number[], weights_T: readonly number[]): Datum {
  if (tokens.length < 2) throw new DataError('a datum needs at least two tokens')
  return { inputTokens: tokens.slice(0, -1), targetTokens: tokens.slice(1), weights: weights_T.slice(1) }
}

/**
 * The datum of one rollout for a policy loss. Prompt positions carry advantage 0 and log-probability 0, the stop token
 * is a target like any other (the policy must learn to stop).
 *
 * @param advantage of every token, or one each, [token]; already multiplied by the aggregation weight: the engine sums
 * @throws {DataError} when the prompt is empty (nothing would predict the first completion token), or a list has another
 *   length than the completion
 */
export function rolloutDatum(
  promptTokens: readonly number[],
  completion: { readonly tokens: readonly number[]; readonly logprobs: readonly number[] },
  advantage: number | readonly number[],
): Datum {
  if (promptTokens.length === 0) throw new DataError('a rollout needs a prompt')
  const { length } = completion.tokens
  const advantages_T = typeof advantage === 'number' ? new Array<number>(length).fill(advantage) : advantage
  if (completion.logprobs.length !== length || advantages_T.length !== length) {
    throw new DataError(
      `${length} completion tokens have ${completion.logprobs.length} log-probabilities and ${advantages_T.length} advantages`,
      { hint: 'each list needs one entry per completion token, the stop token included' },
    )
  }
  const tokens = [...promptTokens, ...completion.tokens]
  const before = promptTokens.length - 1
  const zeros = new Array<number>(before).fill(0)
  return {
    inputTokens: tokens.slice(0, -1),
    targetTokens: tokens.slice(1),
    logprobs: [...zeros, ...completion.logprobs],
    advantages: [...zeros, ...advantages_T],
  }
}
