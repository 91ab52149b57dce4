/**
 * When a detector speaks. Thresholds are those of published defaults unless marked "chosen by us": starting points, not
 * calibrated at 7B.
 *
 * @deviation the paper says nothing of what may go wrong in its training; these watch and warn, and change nothing
 */
export type DetectorSettings = {
  /** Steps whose mean is the start that later steps are compared with; chosen by us. */
  readonly baselineSteps: number
  /** Steps whose mean is the present: one step is noise; chosen by us. */
  readonly recentSteps: number
  /** Steps over which a gain is looked for. */
  readonly gainSteps: number
  /** A gain of reward or accuracy that counts as none, in [0, 1]; chosen by us. */
  readonly noGain: number
  /** Reward and accuracy from here on count as solved: what stands still there is no fault; chosen by us. */
  readonly solved: number
  /** Steps before a fault that persists is told again; chosen by us. */
  readonly quietSteps: number
  readonly entropy: {
    readonly collapseRatio: number
    readonly collapseNats: number
    readonly blowUpRatio: number
    /** A rise below this is none, whatever the ratio; chosen by us. */
    readonly blowUpNats: number
  }
  readonly length: {
    readonly truncatedShare: number
    readonly growthRatio: number
    readonly collapseRatio: number
    /** Mean tokens of a completion after the cold start; the mean of the first steps where absent. */
    readonly referenceTokens?: number
  }
  readonly format: {
    /** Words of thinking that a tenth of the completions stays below. */
    readonly thinkWords: number
    /** Thinking was always short where it is not below this part of its start; chosen by us. */
    readonly thinkRatio: number
    /** So few words are no thinking, whatever the start; chosen by us. */
    readonly emptyThinkWords: number
    /** Share of completions with tags around nothing; chosen by us. */
    readonly hollowShare: number
    /** Share of completions with tags that do not belong there; chosen by us. */
    readonly tagShare: number
    /** A share counts when it is so many times its start; chosen by us. */
    readonly riseRatio: number
  }
  readonly groups: {
    readonly warnMixedShare: number
    readonly stopMixedShare: number
    readonly ewmaSteps: number
    /** Steps before the average says anything; chosen by us. */
    readonly minSteps: number
  }
  readonly mismatch: {
    readonly gapNats: number
    readonly ratioMin: number
    readonly ratioMax: number
    readonly essShare: number
  }
  readonly gradient: {
    readonly medianRatio: number
    readonly medianSteps: number
    /** Updates before a median says anything; chosen by us. */
    readonly minUpdates: number
  }
  readonly evaluation: {
    /** Evaluations in a row that must agree. */
    readonly evaluations: number
    /** Questions of the probe, for the standard error of its accuracy. */
    readonly probeItems: number
    /** A slope counts as rising from so many of its standard errors on; chosen by us. */
    readonly slopeErrors: number
    /** Standard errors of the probe that the reward must rise by: less could not show there; chosen by us. */
    readonly rewardErrors: number
    /** A rise of reward over which grounding that stands still is told; chosen by us. */
    readonly flatRise: number
    /** A share of grounded steps that falls by this has fallen; chosen by us. */
    readonly groundedFall: number
    /** Standard errors below its best from which an accuracy counts as forgotten. */
    readonly forgetErrors: number
  }
  readonly answers: {
    readonly pValue: number
    /** Rollouts that letters are counted over. */
    readonly rollouts: number
    /** Steps in a row in which one answer stands out; chosen by us. */
    readonly steps: number
  }
}

export const detectorDefaults: DetectorSettings = {
  baselineSteps: 5,
  recentSteps: 5,
  gainSteps: 50,
  noGain: 0.02,
  solved: 0.95,
  quietSteps: 50,
  entropy: { collapseRatio: 0.2, collapseNats: 0.05, blowUpRatio: 2, blowUpNats: 0.1 },
  length: { truncatedShare: 0.1, growthRatio: 1.5, collapseRatio: 0.5 },
  format: { thinkWords: 8, thinkRatio: 0.6, emptyThinkWords: 2, hollowShare: 0.05, tagShare: 0.1, riseRatio: 2 },
  groups: { warnMixedShare: 0.35, stopMixedShare: 0.2, ewmaSteps: 20, minSteps: 10 },
  mismatch: { gapNats: 0.02, ratioMin: 0.5, ratioMax: 2, essShare: 0.3 },
  gradient: { medianRatio: 10, medianSteps: 50, minUpdates: 10 },
  evaluation: {
    evaluations: 3,
    probeItems: 200,
    slopeErrors: 3,
    rewardErrors: 2,
    flatRise: 0.1,
    groundedFall: 0.02,
    forgetErrors: 2,
  },
  answers: { pValue: 1e-4, rollouts: 1000, steps: 5 },
}
