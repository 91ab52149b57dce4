import { createRng } from '../core/rng.ts'
import type { Question, Split } from './types.ts'

export type HeldOut = {
  /** Scored at the end of every stage, never looked at in between. */
  readonly test: readonly Question[]
  /** Held-out compositions for the curves while training; disjoint from the test. */
  readonly probe: readonly Question[]
}

/**
 * Test and probe questions: `perHop` of each split and hop count for the test, and from what is left `probePerHop` held-out
 * compositions of each hop count. Each question's place depends on its id alone.
 */
export function drawHeldOut(
  questions: readonly Question[],
  options: { readonly perHop: number; readonly probePerHop: number; readonly seed: number },
): HeldOut {
  const ranked = questions
    .map((question) => ({ question, key: createRng(options.seed, 'held-out', question.id).uniform() }))
    .sort((a, b) => a.key - b.key || (a.question.id < b.question.id ? -1 : 1))
    .map(({ question }) => question)
  const of = (split: Split, hop: number): Question[] =>
    ranked.filter((question) => question.split === split && question.hop === hop)
  const hops = [2, 3, 4]
  const splits: readonly Split[] = ['held-out-composition', 'held-out-disease']
  return {
    test: splits.flatMap((split) => hops.flatMap((hop) => of(split, hop).slice(0, options.perHop))),
    probe: hops.flatMap((hop) =>
      of('held-out-composition', hop).slice(options.perHop, options.perHop + options.probePerHop),
    ),
  }
}
