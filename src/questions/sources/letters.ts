import { optionLetters } from '../../text/options.ts'

const A = 'A'.charCodeAt(0)

/**
 * The indices that the letters of an answer name, in the order given: "D", "(ABC)", "A, C", ["D"]; null when the answer is
 * none or more than letters. A letter beyond the options stays: it is a fault that is counted.
 */
export function goldsOfLetters(value: unknown): readonly number[] | null {
  if (Array.isArray(value)) {
    const golds = value.map(goldsOfLetters)
    return golds.some((gold) => gold === null) || golds.length === 0 ? null : golds.flatMap((gold) => gold ?? [])
  }
  if (typeof value !== 'string') return null
  const letters = value.replace(/[\s()（）,，、;.]/g, '').toUpperCase()
  if (letters === '' || letters.length > optionLetters.length || !/^[A-Z]+$/.test(letters)) return null
  return Array.from(letters, (letter) => letter.charCodeAt(0) - A)
}

/**
 * The golds of a cell that holds letters, for a draft: null where it says nothing, an impossible one where it says something
 * else than letters, so that the row is counted as such.
 */
export function labelledGolds(value: unknown): readonly number[] | null {
  return isMissing(value) ? null : (goldsOfLetters(value) ?? [Number.NaN])
}

/** As `labelledGolds`, of a cell that holds the number of an option; -1, as unlabelled copies have it, says nothing. */
export function numberedGolds(value: unknown, base: 0 | 1): readonly number[] | null {
  const number = wholeNumber(value)
  if (isMissing(value) || number === -1) return null
  return [number === null ? Number.NaN : number - base]
}

/** A whole number that a cell holds, as a number or its digits; null for anything else. */
export function wholeNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null
  if (typeof value !== 'string' || !/^\s*-?\d{1,9}(?:\.0+)?\s*$/.test(value)) return null
  return Number(value)
}

/** Whether a cell says nothing: null, NaN, blank, or one of the words that tables write for it. */
export function isMissing(value: unknown): boolean {
  if (value === null || value === undefined) return true
  return typeof value === 'string' && /^\s*(?:nan|null|none|n\/a)?\s*$/i.test(value)
}
