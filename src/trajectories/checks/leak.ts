import type { CheckInput, Finding, TrajectoryCheck } from './check.ts'
import { quote } from './check.ts'

const givers = 'given|provided|reference|correct|gold|known|expected'

/**
 * Families of words that only someone writes who was told the answer. None has a nested quantifier, so all
 * are linear.
 */
const families: readonly (readonly [reason: string, pattern: RegExp])[] = [
  [
    'the given answer',
    new RegExp(`\\b(?:${givers}) (?:answer|option|diagnosis) (?:is|was|says|states|indicates|must)\\b`, 'iu'),
  ],
  ['the given answer', /\b(?:the|this|that) (?:given|provided|reference|gold|expected) (?:answer|option|solution)\b/iu],
  ['since the answer is', /\b(?:since|because|as|given that|knowing) the (?:correct )?answer (?:is|was|must be)\b/iu],
  ['answer key', /\b(?:answer key|marking scheme|ground truth|reference tags?)\b/iu],
  ['we are told', /\bwe (?:are|were) (?:told|given) (?:the|that the) (?:answer|correct)\b/iu],
  [
    'matches the given',
    /\b(?:match(?:es|ed|ing)?|consistent with|agrees? with) the (?:given|provided|reference|expected)\b/iu,
  ],
  ['the question gives', /\bthe (?:question|prompt) (?:gives|provides|tells us|states) the answer\b/iu],
  ['as stated in the hint', /\b(?:as (?:stated|given) in|according to) the (?:hint|reference)\b/iu],
  [
    '已知答案',
    /已知(?:正确)?答案|参考答案|标准答案|正确答案(?:已|是给)|给(?:出|定)的答案|题目(?:已经?)?给出(?:了)?答案|根据提示|答案提示/u,
  ],
]

/** Part of the thinking in which the gold may not yet stand. */
const earlyShare = 0.1

const letterMention =
  /(?:\boption|\banswer(?: is)?|\bchoice)\s{1,3}\(?([A-U])\b|选项?\s{0,2}([A-U])|答案(?:是|为)\s{0,2}([A-U])/u

/** Words that betray that the writer was given the answer, and a gold that is named before anything was reasoned. */
export const leakCheck: TrajectoryCheck = {
  name: 'leak',
  title: 'no sign that the answer was given',
  action: 'drop',
  find: (input) => [...phrases(input.thinking), ...earlyMention(input)],
}

function phrases(thinking: string): Finding[] {
  const found = new Map<string, Finding>()
  for (const [reason, pattern] of families) {
    const match = pattern.exec(thinking)
    if (match === null || found.has(reason)) continue
    found.set(reason, { reason, evidence: quote(thinking, Math.max(0, match.index - 40), match.index + 100) })
  }
  return [...found.values()]
}

/**
 * The gold in the first tenth, unless the question itself names it, or the other options are named there too: whoever lists
 * all options has not chosen one.
 */
function earlyMention({ task, thinking }: CheckInput): Finding[] {
  const early = thinking.slice(0, Math.ceil(thinking.length * earlyShare))
  const folded = early.toLowerCase()
  const prompt = task.form === 'open' ? task.prompt.toLowerCase() : ''
  const isNamed = (name: string): boolean => name.trim() !== '' && holdsName(folded, name.toLowerCase())
  const finding = (): Finding[] => [{ reason: 'gold in the first tenth', evidence: quote(early) }]
  if (task.otherOptions.some(isNamed)) return []
  const named = task.goldNames.some((name) => isNamed(name) && !holdsName(prompt, name.toLowerCase()))
  if (named) return finding()
  if (task.form === 'open') return []
  const match = letterMention.exec(early)
  const letter = match?.[1] ?? match?.[2] ?? match?.[3]
  return letter !== undefined && task.gold.split(', ').includes(letter) ? finding() : []
}

/** Whether a name stands in a text as whole words. */
function holdsName(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    if (!isLetter(text[at - 1]) && !isLetter(text[at + name.length])) return true
  }
  return false
}

/** Chinese is written without spaces: its characters end no word. */
function isLetter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character) && !/\p{Script=Han}/u.test(character)
}
