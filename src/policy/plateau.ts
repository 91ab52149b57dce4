export type PlateauRule = {
  /** Steps per window: the rule compares the last window with the one before it. */
  readonly window: number
  /** A gain per window that is not worth waiting for, reward points in [0, 1]. */
  readonly minGain: number
  /** Steps between checks, and how many checks in a row must agree. */
  readonly checkEvery: number
  readonly checks: number
  readonly minSteps: number
}

export type PlateauState = {
  readonly fired: boolean
  readonly gain: number
  readonly gainUpperBound: number
  readonly streak: number
}

/**
 * Whether a reward curve has stopped rising: the difference of two window means is below `minGain` and its upper
 * confidence bound below twice that, at `checks` checks in a row.
 *
 * @paper Fleming-R1 §3.3: stage 2 starts when performance plateaus
 * @deviation the paper names no test; this one compares window means, since a "no new best" rule fires
 *   early in most slow runs
 * @param rewards_S mean training reward of every step so far, [step]
 */
export function detectPlateau(rewards_S: readonly number[], rule: PlateauRule): PlateauState {
  let streak = 0
  let gain = Number.NaN
  let gainUpperBound = Number.NaN
  for (let step = rule.checkEvery; step <= rewards_S.length; step += rule.checkEvery) {
    if (step < Math.max(2 * rule.window, rule.minSteps)) continue
    const before = rewards_S.slice(step - 2 * rule.window, step - rule.window)
    const after = rewards_S.slice(step - rule.window, step)
    gain = mean(after) - mean(before)
    gainUpperBound = gain + 1.64 * standardError(before, after)
    streak = gain < rule.minGain && gainUpperBound < 2 * rule.minGain ? streak + 1 : 0
  }
  return { fired: streak >= rule.checks, gain, gainUpperBound, streak }
}

/** Standard error of the difference of two adjacent window means, inflated for the lag-1 autocorrelation of the curve. */
function standardError(before: readonly number[], after: readonly number[]): number {
  const correlation = Math.min(0.9, Math.max(0, (lagOneCorrelation(before) + lagOneCorrelation(after)) / 2))
  const inflation = (1 + correlation) / (1 - correlation)
  return Math.sqrt(((variance(before) + variance(after)) / before.length) * inflation)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function variance(values: readonly number[]): number {
  const centre = mean(values)
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1)
}

function lagOneCorrelation(values: readonly number[]): number {
  const centre = mean(values)
  let above = 0
  let below = 0
  values.forEach((value, index) => {
    if (index > 0) above += (value - centre) * (values[index - 1]! - centre)
    below += (value - centre) ** 2
  })
  return below === 0 ? 0 : above / below
}
