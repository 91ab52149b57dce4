import { defineRegistry, type Registry } from '../core/registry.ts'
import type { Rule } from './types.ts'

/** Weight of the format part in the additive rule; chosen by us, the paper gives none. */
export const additiveFormatWeight = 0.1

/** What a completion that is not well formed loses under the penalised rule; chosen by us, the paper gives none. */
export const formatPenalty = 0.1

/**
 * 1 if both hold, else 0 (default): a format-only success must not earn what a first right answer earns.
 *
 * @deviation the paper says "correctness and format" and not how they combine
 */
const gated: Rule = { name: 'gated', range: [0, 1], total: (correct, wellFormed) => correct * wellFormed }

/** correct + 0.1 · format, the literal sum of the two. */
const additive: Rule = {
  name: 'additive',
  range: [0, 1 + additiveFormatWeight],
  total: (correct, wellFormed) => correct + additiveFormatWeight * wellFormed,
}

/** Gated, and −0.1 for what is not well formed: a group of wrong answers still tells good form from bad. */
const penalised: Rule = {
  name: 'penalised',
  range: [-formatPenalty, 1],
  total: (correct, wellFormed) => (wellFormed === 1 ? correct : -formatPenalty),
}

/** The ways in which correctness and format become one number. */
export const rewardRules: Registry<Rule> = defineRegistry('reward rule', [gated, additive, penalised])
