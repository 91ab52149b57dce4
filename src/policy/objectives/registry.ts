import { ConfigError } from '../../core/errors.ts'
import { defineRegistry, type Registry } from '../../core/registry.ts'
import { cispo } from './cispo.ts'
import { gspo } from './gspo.ts'
import { importanceSampling } from './importance-sampling.ts'
import type { Objective, ObjectiveFactory, ObjectiveOptions } from './objective.ts'
import { ppo } from './ppo.ts'
import { reinforce } from './reinforce.ts'

/** The objectives a config may name; the first is the paper's. */
export const objectives: Registry<ObjectiveFactory> = defineRegistry('objective', [
  importanceSampling,
  reinforce,
  ppo,
  cispo,
  gspo,
])

/**
 * The objective of this name with its bounds.
 *
 * @throws {ConfigError} when the name is unknown, when the bounds are not 0 ≤ low ≤ 1 ≤ high, or when `dualClip` does not
 *   exceed the upper bound or is given to an objective other than ppo
 */
export function createObjective(name: string, options: ObjectiveOptions): Objective {
  const factory = objectives.get(name)
  const problem = boundsProblem(factory, options)
  if (problem !== null) throw new ConfigError(problem.message, { hint: problem.hint })
  return factory.create(options)
}

/** Why an objective cannot work with these bounds, or null when it can. Bounds of an objective without a ratio are not read. */
export function boundsProblem(
  factory: ObjectiveFactory,
  options: ObjectiveOptions,
): { readonly field: 'clipLow' | 'clipHigh' | 'dualClip'; readonly message: string; readonly hint: string } | null {
  const { dualClip } = options
  if (dualClip !== null && factory.name !== 'ppo') {
    return {
      field: 'dualClip',
      message: `${factory.name} has no dual clip`,
      hint: 'dualClip is an option of ppo: drop it, or choose `loss: ppo`',
    }
  }
  if (factory.bounds === null) return null
  const low = options.clipLow ?? factory.bounds.low
  const high = options.clipHigh ?? factory.bounds.high
  if (!(low >= 0 && low <= 1)) {
    return {
      field: 'clipLow',
      message: `the lower bound of a ratio lies in [0, 1], found ${low}`,
      hint: 'it is the bound itself, not an epsilon: 0.8, not 0.2',
    }
  }
  if (!(high >= 1 && Number.isFinite(high))) {
    return {
      field: 'clipHigh',
      message: `the upper bound of a ratio is at least 1, found ${high}`,
      hint: 'it is the bound itself, not an epsilon: 1.2, not 0.2',
    }
  }
  if (dualClip !== null && !(dualClip > high && Number.isFinite(dualClip))) {
    return {
      field: 'dualClip',
      message: `dualClip must exceed clipHigh (${high}), found ${dualClip}`,
      hint: 'set it to 3, as verl does, or to null for none',
    }
  }
  return null
}
