import type { SampledSequence } from '../../types.ts'

/**
 * A completion cut behind the token that completes one of the stop texts, or as it is when it holds none.
 *
 * A stop may begin in one token and end in another, so it is looked for in the text and not in the tokens; the text of
 * the first tokens only grows with their number, so the token is found by halving.
 */
export function cutAtText(
  sequence: SampledSequence,
  stops: readonly string[],
  detokenize: (tokens: readonly number[]) => string,
): SampledSequence {
  const { tokens, logprobs } = sequence
  const holdsStop = (count: number): boolean => {
    const text = detokenize(tokens.slice(0, count))
    return stops.some((stop) => text.includes(stop))
  }
  if (!holdsStop(tokens.length)) return sequence
  let without = 0
  let within = tokens.length
  while (within - without > 1) {
    const middle = (without + within) >> 1
    if (holdsStop(middle)) within = middle
    else without = middle
  }
  return { tokens: tokens.slice(0, within), logprobs: logprobs.slice(0, within), stopReason: 'stop' }
}
