import { InvalidArgumentError } from 'commander'

/** Reads a whole number that is not negative, such as a seed. */
export function parseCount(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new InvalidArgumentError('It must be a whole number, 0 or more.')
  }
  return Number(text)
}

/** Collects an option that may come several times. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value]
