import { ConfigError } from '../core/errors.ts'

/** How the losses of tokens become the loss of a batch. */
export type AggregationName = 'prompt-mean' | 'constant' | 'token-mean' | 'sequence-mean' | 'sum'

/** What the weights of a batch are computed from. */
type Counts = {
  readonly prompts: number
  /** Rollouts of this prompt, those without trained tokens included. */
  readonly groupSize: number
  /** Trained tokens of this rollout. */
  readonly tokens: number
  /** Trained tokens of the batch. */
  readonly allTokens: number
  /** Rollouts of the batch with at least one trained token. */
  readonly sequences: number
  readonly constant: number
}

/** The weight of one token of a rollout that has tokens. */
const weights: { readonly [Name in AggregationName]: (counts: Counts) => number } = {
  'prompt-mean': ({ prompts, groupSize }) => 1 / (prompts * groupSize),
  constant: ({ prompts, groupSize, constant }) => 1 / (prompts * groupSize * constant),
  'token-mean': ({ allTokens }) => 1 / allTokens,
  'sequence-mean': ({ sequences, tokens }) => 1 / (sequences * tokens),
  sum: () => 1,
}

/** The names of all aggregations; the first is the paper's. */
export const aggregationNames = Object.keys(weights) as readonly AggregationName[]

/**
 * The weight ω that every token of a rollout carries, so that an engine that sums computes the wanted mean.
 *
 * A positive weight commutes with min, clip and a detached ratio, so that ω folded into the advantage is exact for every
 * objective here. All five are normalised by the whole batch: the gradients of its minibatches add up to its own, however
 * it is split. Dead groups count (they are prompts that were asked), and so does a rollout whose tokens are masked where
 * rollouts are counted per prompt; `sequence-mean` counts rollouts with tokens only, as verl does and TRL does not.
 *
 * - `prompt-mean` 1 / (P · G_i): a sequence is the sum of its tokens, no length term
 * - `constant` 1 / (P · G_i · C): the same divided by C (Dr.GRPO); under Adam only clipping and epsilon see it
 * - `token-mean` 1 / Σ T (DAPO): long rollouts outweigh short ones
 * - `sequence-mean` 1 / (N · T_ij) (the original GRPO): a token of a long wrong rollout is hardly punished
 * - `sum` 1
 *
 * @paper Fleming-R1 Eq. (1): `prompt-mean`, 1/k over rollouts and the expectation over prompts
 * @deviation the other four are options; the paper has none
 * @param tokens_PG trained tokens of each rollout, [prompt][group]; 0 for one that is masked or empty
 * @param constant C of `constant`, tokens
 * @returns ω_PG, [prompt][group]; 0 for a rollout without tokens
 * @throws {ConfigError} when `constant` is asked for without a positive C
 */
export function aggregationWeights(
  name: AggregationName,
  tokens_PG: readonly (readonly number[])[],
  constant = 1,
): number[][] {
  if (!(constant > 0 && Number.isFinite(constant))) {
    throw new ConfigError(`the constant of an aggregation is a positive number of tokens, found ${constant}`, {
      hint: 'set aggregationConstant, usually to maxTokens',
    })
  }
  const flat = tokens_PG.flat()
  const allTokens = flat.reduce((sum, tokens) => sum + tokens, 0)
  const sequences = flat.filter((tokens) => tokens > 0).length
  return tokens_PG.map((tokens_G) =>
    tokens_G.map((tokens) => {
      if (tokens === 0) return 0
      return weights[name]({
        prompts: tokens_PG.length,
        groupSize: tokens_G.length,
        tokens,
        allTokens,
        sequences,
        constant,
      })
    }),
  )
}
