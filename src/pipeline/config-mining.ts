import { z } from 'zod'

/**
 * Options of stage switch and mining beyond the default run. Every default is what the default run does without them:
 * `null` switches a rule off, `{}` switches it on with the values given here.
 */

const share = z.number().min(0).max(1)
const count = z.number().int().positive()

/** Fields of `rl-1.plateau` beside those of the plateau test. */
export const switchOptions = {
  sparsity: z
    .strictObject({
      mixedBelow: share.default(0.35).describe('share of mixed groups below which rewards are sparse'),
      span: count.default(20).describe('steps of the exponential average'),
    })
    .nullable()
    .default(null)
    .describe('ends the stage too when few groups are mixed and most others are all right; null: the plateau alone'),
  holdWhileProbeRises: z
    .boolean()
    .default(false)
    .describe('goes on while accuracy on the probe rises by its standard error or more'),
}

const solved = z.strictObject({
  mean: share.default(0.9).describe('believed pass rate from which a question is solved'),
  minSeen: count.default(16).describe('rollouts that must have been seen'),
  replayShare: share.default(0.05).describe('share of a step that replays solved questions, as part of the right ones'),
  reopenBelow: share.default(0.75).describe('believed pass rate below which it is trained on again'),
})

const ladder = z.strictObject({
  moreAfter: count.default(16).describe('rollouts without a success after which groups are twice as large'),
  maxGroup: count.default(64).describe('largest such group'),
  freezeAfter: count.default(64).describe('rollouts without a success after which the question rests'),
  maxBackOff: count.default(4).describe('sweeps that the longest rest leaves out; rests are 1, 2, 4, … sweeps'),
})

const allocation = z
  .strictObject({
    minGroup: z.number().int().min(2).default(8).describe('smallest group'),
    maxGroup: z.number().int().min(2).default(64).describe('largest group'),
    chunk: count.default(8).describe('rollouts handed out at a time'),
    budget: count.nullable().default(null).describe('rollouts of a step; null: promptsPerStep · groupSize'),
  })
  .refine(({ minGroup, maxGroup }) => minGroup <= maxGroup, {
    error: 'the smallest group is larger than the largest',
    path: ['minGroup'],
  })

const quarantine = z.strictObject({
  mode: z
    .enum(['report', 'isolate'])
    .default('report')
    .describe('`report`: suspects are written down for review; `isolate`: they leave training too, and stay in sweeps'),
  rule: z
    .enum(['belief', 'thresholds'])
    .default('belief')
    .describe(
      '`belief`: a label that is probably wrong, by a model of all answers that learns the share of wrong labels; `thresholds`: one that passes the three below',
    ),
  minBelief: share.default(0.9).describe('probability of a wrong label from which `belief` doubts it'),
  minSeen: count.default(16).describe('`thresholds`: rollouts that must have been seen, none of them right'),
  minShare: share.default(0.6).describe('`thresholds`: share of the replies that give one and the same wrong answer'),
  minCompetence: share
    .default(0.5)
    .describe('`thresholds`: share right on the other questions of the relation path or hop count'),
  every: count.default(20).describe('steps between rounds; there is one after each sweep and at the end too'),
  roundShare: share.default(0.1).describe('share of the questions that one round raises at most'),
})

/** Fields of `rl-2` beside those of the default mining. */
export const miningOptions = {
  failure: z
    .enum(['posterior', 'repeated'])
    .default('posterior')
    .describe(
      'what a failure is: `posterior`, believed to fail more often than not; `repeated`, two failed sweeps in a row, or one and a belief of 0.9',
    ),
  priors: z
    .enum(['fixed', 'fitted'])
    .default('fitted')
    .describe('prior pass rates of the tiers: those that the first sweep showed (`fitted`), or ours (`fixed`)'),
  solved: solved
    .nullable()
    .default(null)
    .describe('what is right nearly always leaves the batches and is replayed; null: it stays among the right ones'),
  ladder: ladder
    .nullable()
    .default(null)
    .describe('more rollouts, then a growing rest for what is never right; null: it is tried like other failures'),
  allocation: allocation
    .nullable()
    .default(null)
    .describe('shares the rollouts of a step out by expected signal; null: every question has groupSize'),
  quarantine: quarantine
    .nullable()
    .prefault({})
    .describe(
      'questions whose label is doubted: mostly the same wrong answer where the policy is competent; null: off',
    ),
  finalSweep: z
    .boolean()
    .default(false)
    .describe('sweeps the whole training set once more at the end, to compare failures before and after'),
}
