import { contactRules } from './contacts.ts'
import { dateRules } from './dates.ts'
import { findNames } from './names.ts'
import { numberRules } from './numbers.ts'
import { placeRules } from './places.ts'
import type { PhiRule } from './rule-kit.ts'
import type { PhiSpan } from './types.ts'

const rules: readonly PhiRule[] = [...contactRules, ...numberRules, ...dateRules, ...placeRules, findNames]

/**
 * Places of a text that name or may name somebody, in order, none overlapping another. Linear in the length of the text.
 *
 * No finding is no proof: rules have a measured recall (`measurePhi`), never a complete one, and nothing here says that a
 * text is de-identified.
 */
export function scanPhi(text: string): readonly PhiSpan[] {
  const spans = rules.flatMap((rule) => rule(text))
  // The longer finding wins where two overlap; of equals the rule that stands first.
  spans.sort((a, b) => a.start - b.start || b.end - a.end)
  const kept: PhiSpan[] = []
  for (const span of spans) {
    const last = kept.at(-1)
    if (last === undefined || span.start >= last.end) kept.push(span)
    else if (span.end - span.start > last.end - last.start) kept[kept.length - 1] = span
  }
  return kept
}
