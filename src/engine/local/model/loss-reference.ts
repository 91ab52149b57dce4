import { ShapeError } from '../../../core/errors.ts'
import type { LossName } from '../../types.ts'
import { type LossInput, losses, MAX_LOG_RATIO, type RatioBounds } from './losses.ts'

/** One trained position: log-probability of the policy, and what its loss reads besides. */
type Token = { readonly logprob: number } & { readonly [Input in LossInput]: number }

/** A loss and its derivative with respect to the log-probability. */
type Term = { readonly loss: number; readonly gradient: number }

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

function ratioOf({ logprob, logprobs }: Token): { readonly ratio: number; readonly slope: number } {
  const difference = logprob - logprobs
  const ratio = Math.exp(clamp(difference, -MAX_LOG_RATIO, MAX_LOG_RATIO))
  return { ratio, slope: Math.abs(difference) <= MAX_LOG_RATIO ? ratio : 0 }
}

function ppoTerm(token: Token, { low, high }: RatioBounds): Term {
  const { ratio, slope } = ratioOf(token)
  const advantage = token.advantages
  const isFree = advantage >= 0 ? ratio <= high : ratio >= low
  return isFree
    ? { loss: -ratio * advantage, gradient: -slope * advantage }
    : { loss: -clamp(ratio, low, high) * advantage, gradient: 0 }
}

const terms: { readonly [Name in LossName]: (token: Token, bounds: RatioBounds) => Term } = {
  cross_entropy: ({ logprob, weights }) => ({ loss: -weights * logprob, gradient: -weights }),
  importance_sampling: (token) => {
    const { ratio, slope } = ratioOf(token)
    return { loss: -ratio * token.advantages, gradient: -slope * token.advantages }
  },
  ppo: ppoTerm,
  cispo: (token, { low, high }) => {
    const weight = clamp(ratioOf(token).ratio, low, high) * token.advantages
    return { loss: -weight * token.logprob, gradient: -weight }
  },
}

/**
 * A loss and its closed-form gradient in float64: the loss value the trainer reports (independent of how the data were
 * split into micro-batches), and the oracle of the graph's loss.
 *
 * @param logprobs_T log-probabilities of the policy, nats, [token]
 * @param inputs_T what the loss reads besides, each [token]; entries the loss does not read may be absent
 * @returns lossSum over the tokens, and its derivative by each log-probability, [token]
 * @throws {ShapeError} when an input the loss reads is absent or has another length
 */
export function referenceLoss(
  loss: LossName,
  bounds: RatioBounds,
  logprobs_T: readonly number[],
  inputs_T: { readonly [Input in LossInput]?: readonly number[] | undefined },
): { readonly lossSum: number; readonly gradient_T: readonly number[] } {
  for (const name of losses[loss].inputs) {
    const found = inputs_T[name]?.length ?? 0
    if (found !== logprobs_T.length) {
      throw new ShapeError(`${name} has ${found} entries for ${logprobs_T.length} log-probabilities`, {
        tensor: name,
        axis: 'token',
        expected: logprobs_T.length,
        found,
      })
    }
  }
  const at = (name: LossInput, index: number) => inputs_T[name]?.[index] ?? 0
  const evaluated = logprobs_T.map((logprob, index) =>
    terms[loss](
      { logprob, weights: at('weights', index), logprobs: at('logprobs', index), advantages: at('advantages', index) },
      bounds,
    ),
  )
  return {
    lossSum: evaluated.reduce((sum, term) => sum + term.loss, 0),
    gradient_T: evaluated.map((term) => term.gradient),
  }
}
