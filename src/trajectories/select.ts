import { createRng } from '../core/rng.ts'
import type { Question } from '../questions/types.ts'

/**
 * The training questions that get a trajectory: `count` of them, in equal parts over the hop counts up to `maxHops`.
 * Few on purpose: a cold start installs the pattern and leaves the learning to RL.
 */
export function chooseForColdStart(
  questions: readonly Question[],
  options: { readonly count: number; readonly maxHops: number; readonly seed: number },
): Question[] {
  const hops = Array.from({ length: options.maxHops }, (_, index) => index + 1)
  return hops.flatMap((hop, index) => {
    const pool = questions.filter((question) => question.split === 'train' && question.hop === hop)
    const share =
      Math.floor(((index + 1) * options.count) / hops.length) - Math.floor((index * options.count) / hops.length)
    return createRng(options.seed, 'cold-start', hop).shuffle(pool).slice(0, share)
  })
}
