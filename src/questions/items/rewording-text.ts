/**
 * What a reworded stem must not change, read off its words alone. Names of entities are blanked first, so that the "2"
 * of "type 2 diabetes" is no number and the "absence" of "absence seizure" no negation.
 */
import { placeOfName } from '../wording.ts'

/** A stem in lower case with its names blanked: one mark for each entity that is given, another for any other name. */
export type BlankedStem = string

const OTHER_MARK = '\u{e000}'
const FIRST_MARK = 0xe001

/**
 * The stem in lower case, each name in it replaced by a mark; longer names first.
 *
 * @param given names of each entity that is given
 * @param others further names
 */
export function blankNames(
  stem: string,
  given: readonly (readonly string[])[],
  others: readonly string[] = [],
): BlankedStem {
  const marked = [
    ...given.flatMap((names, index) => names.map((name) => [name.toLowerCase(), markOf(index)] as const)),
    ...others.map((name) => [name.toLowerCase(), OTHER_MARK] as const),
  ].sort(([a], [b]) => b.length - a.length)
  let text = stem.toLowerCase()
  for (const [name, mark] of marked) {
    for (let at = placeOfName(text, name); at !== -1; at = placeOfName(text, name, at + 1)) {
      text = `${text.slice(0, at)}${mark}${text.slice(at + name.length)}`
    }
  }
  return text
}

const markOf = (index: number): string => String.fromCharCode(FIRST_MARK + index)

/** True when most letters, names aside, are Chinese: an English name in a Chinese sentence says nothing of the sentence. */
export function isChinese(blanked: BlankedStem): boolean {
  const letters = blanked.match(/\p{L}/gu) ?? []
  const han = letters.filter((letter) => /\p{Script=Han}/u.test(letter)).length
  return han * 3 > letters.length
}

const imperative =
  /(?:^|[.。!！\n] ?)(?:please )?(?:name|state|give|list|identify|specify|select|choose|indicate|suggest|provide|determine)\b|请|写出|列举|举出|指出|说出|给出|选出/

/** True when a stem asks: with a question mark; without one where the draft has none either, by telling the reader to. */
export function asks(stem: string, draft: string): boolean {
  if (/[?？]/.test(stem)) return true
  return !/[?？]/.test(draft) && /[.。!！]$/.test(stem) && imperative.test(stem.toLowerCase())
}

/** Controls, marks of writing direction, characters without width or meaning: what no reader sees and a terminal obeys. */
export function hidesCharacters(stem: string): boolean {
  return /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\u2028\u2029]/u.test(stem)
}

const negations =
  /\b(?:no|not|cannot|without|den(?:y|ies|ied|ying)|absen(?:t|ce)|lack(?:s|ed|ing)?|never|neither|nor|none|rul(?:es?|ed|ing) out|exclud(?:es?|ed|ing)|except|negative for|free of|fail(?:s|ed)? to|unremarkable|unlikely|least likely|resolved|ceased)\b|n['’]t\b|没有|无|未|不|否认|排除|缺乏|缺如|阴性|除外|消失/g

/** Where the reach of a negation ends: a sentence, a half-sentence, a turn. */
const clauseEnd = /[.;:!?。；：！？]|\bbut\b|\bhowever\b|\balthough\b|但|然而/

/** True when something given stands in a clause with a negation, before or behind it, and does not in the draft. */
export function negatesGiven(stem: BlankedStem, draft: BlankedStem, givenCount: number): boolean {
  const isNegated = (text: BlankedStem, index: number): boolean =>
    text.split(clauseEnd).some((clause) => clause.includes(markOf(index)) && countOf(clause, negations) > 0)
  return Array.from({ length: givenCount }, (_, index) => index).some(
    (index) => isNegated(stem, index) && !isNegated(draft, index),
  )
}

/** True when the stem has more negations than the draft: one more turns a question round. */
export function addsNegation(stem: BlankedStem, draft: BlankedStem): boolean {
  return countOf(stem, negations) > countOf(draft, negations)
}

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

/** A vignette has an age, "a 54-year-old man", and the graph says nothing of it. */
const age = /\b\d{1,3}[- ]years?[- ]old\b|\b(?:aged|age of) \d{1,3}\b|\d{1,3}岁/g
/** "one" and "一" are mostly no counts, and "these two" points back. */
const number =
  /\d+(?:\.\d+)?|(?<!\b(?:the|these|those|both) )\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|dozens?|twice|thrice|doubled?|tripled?)\b|[二两三四五六七八九十百千]+(?=个|天|周|日|月|年|小时|分钟|次|倍|度)/g
const time =
  /\b(?:seconds?|minutes?|hours?|days?|weeks?|fortnight|months?|years?|decades?|yesterday|overnight|ago|daily|weekly)\b|[数几近半](?:天|周|日|个?月|年|小时)|(?:天|周|日|月|年|小时)(?:前|以来|来)/g

/** True when the stem has a number, in digits or words, that the draft does not have; an age aside. */
export function addsNumber(stem: BlankedStem, draft: BlankedStem): boolean {
  return addsMatch(stem, draft, number)
}

/** True when the stem says how long or when, and the draft does not. */
export function addsTime(stem: BlankedStem, draft: BlankedStem): boolean {
  return addsMatch(stem, draft, time)
}

function addsMatch(stem: BlankedStem, draft: BlankedStem, pattern: RegExp): boolean {
  const matches = (text: BlankedStem): string[] => text.replace(age, '').match(pattern) ?? []
  const known = new Set(matches(draft))
  return matches(stem).some((found) => !known.has(found))
}

/** A letter as an answer; its own letter case, for "a" is a word. */
const letterAnswer =
  /\b(?:[Aa]nswers?|ANSWERS?|[Oo]ptions?|OPTIONS?|[Cc]hoices?|[Cc]hoose|[Ss]elect|[Pp]ick)\b[ :=(]{0,3}(?:is |as |with )?\(?[A-U]\b|\b[A-U] is (?:the )?(?:correct|right|best|true)\b|(?:答案|选项?|选择)[是为:： ]{0,2}[A-U](?![A-Za-z])/
const instruction =
  /\b(?:ignore|ignoring|disregard|forget|override|pretend|system prompt|instructions?|respond with|reply with|output|print|all that apply|every option)\b|忽略|无视|不要理会|请回答|请输出|系统提示|指令|所有正确/g

/** True when the stem names a letter as the answer, or tells its reader to do what the draft does not. */
export function instructsReader(stem: string, draft: string): boolean {
  if (letterAnswer.test(stem) && !letterAnswer.test(draft)) return true
  const known = draft.toLowerCase()
  return (stem.toLowerCase().match(instruction) ?? []).some((found) => !known.includes(found))
}
