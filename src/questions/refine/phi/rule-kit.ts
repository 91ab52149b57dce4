import type { PhiSpan, PhiType } from './types.ts'

/** Finds the spans of one kind in a text. */
export type PhiRule = (text: string) => PhiSpan[]

/**
 * A rule of one anchored pattern: its group `span`, or all of it, is the finding when `accept` agrees. Patterns are linear:
 * every repeat is bounded and no two neighbours can match the same character.
 */
export function patternRule(
  rule: string,
  type: PhiType,
  pattern: RegExp,
  accept: (match: RegExpExecArray, text: string) => boolean = () => true,
): PhiRule {
  // Places of groups make matching several times slower, so they are asked for only where something was found.
  const located = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}dy`)
  return (text) => {
    const spans: PhiSpan[] = []
    for (const match of text.matchAll(pattern)) {
      if (!accept(match, text)) continue
      located.lastIndex = match.index
      const [start, end] = located.exec(text)?.indices?.groups?.span ?? [match.index, match.index + match[0].length]
      spans.push({ start, end, type, rule })
    }
    return spans
  }
}

/** The words before a place, lower case, as one text of at most `length` characters. */
export const before = (text: string, at: number, length = 24): string =>
  text.slice(Math.max(0, at - length), at).toLowerCase()

/** The words from a place on, lower case. */
export const after = (text: string, at: number, length = 24): string => text.slice(at, at + length).toLowerCase()
