import { DataError } from '../core/errors.ts'
import { createRng } from '../core/rng.ts'

/** The letters of options, in order: A to U. */
export const optionLetters: readonly string[] = Array.from('ABCDEFGHIJKLMNOPQRSTU')

/** Options in the order in which they are shown, and the way back. */
export type ShuffledOptions = {
  readonly options: readonly string[]
  /** Where the right option is shown. */
  readonly gold: number
  /** Original index of each shown option, [shown]. */
  readonly originals: readonly number[]
}

/**
 * The letter of an option.
 *
 * @throws {DataError} when there is no option letter for the index: A to U are 21
 */
export function letterOf(index: number): string {
  const letter = optionLetters[index]
  if (letter === undefined)
    throw new DataError(`option index ${index} has no letter: A to U are ${optionLetters.length}`)
  return letter
}

/**
 * The options in an order that depends on the seed and the question alone: not on other questions, nor on when it is
 * asked for. The options are shuffled together with their original indices, so that `originals[shown]` maps back.
 *
 * @param gold original index of the right option
 * @param scope further names of the draw, such as the visit in training, so that each visit has its own order
 * @throws {DataError} when there are no or more than 21 options, or gold is not one of them
 */
export function shuffleOptions(
  question: { readonly id: string; readonly options: readonly string[]; readonly gold: number },
  seed: number | string,
  ...scope: readonly (string | number)[]
): ShuffledOptions {
  const { id, options, gold } = question
  if (options.length === 0 || options.length > optionLetters.length) {
    throw new DataError(`question ${id} has ${options.length} options; from 1 to ${optionLetters.length} can be shown`)
  }
  if (!Number.isInteger(gold) || gold < 0 || gold >= options.length) {
    throw new DataError(`question ${id}: gold ${gold} is not one of its ${options.length} options`)
  }
  const originals = createRng(seed, 'options', id, ...scope).shuffle(options.map((_, index) => index))
  return { options: originals.map((index) => options[index]!), gold: originals.indexOf(gold), originals }
}

/** The options one to a line, lettered: "A. Metformin". */
export function formatOptions(options: readonly string[]): string {
  return options.map((option, index) => `${letterOf(index)}. ${option}`).join('\n')
}
