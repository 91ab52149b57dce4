import type { StepJudge, TeacherTask } from '../types.ts'

/** Longest piece of a chain that a finding quotes, in UTF-16 units. */
export const maxEvidence = 160

/** What a check is given: a chain whose form is sound. */
export type CheckInput = {
  readonly task: TeacherTask
  readonly completion: string
  readonly thinking: string
  /** Text of the answer block. */
  readonly answer: string
  /** Null where there is no graph to hold it against. */
  readonly judgeSteps: StepJudge | null
}

/** Something found in a chain. */
export type Finding = {
  /** Short and fixed: it is counted. */
  readonly reason: string
  /** What was found, cut short. */
  readonly evidence: string
  /** True for what is worth counting and never a fault, such as a step that the graph supports. */
  readonly isNote?: true
}

/** A check of chains: one file, one line in the registry. */
export type TrajectoryCheck = {
  readonly name: string
  readonly title: string
  /** What becomes of a chain with a finding, unless the configuration says otherwise. */
  readonly action: 'drop' | 'report'
  readonly find: (input: CheckInput) => readonly Finding[]
}

/** A piece of a text as evidence, on one line. */
export function quote(text: string, start = 0, end = text.length): string {
  // Cut before white space is folded, so that a long text costs no more than its quotation.
  const piece = text
    .slice(start, Math.min(end, start + 4 * maxEvidence))
    .replace(/\s+/gu, ' ')
    .trim()
  return Array.from(piece).slice(0, maxEvidence).join('')
}

/** Sentences of a text with their places: ended by a mark and white space, by Chinese marks, `;` or a line break. */
export function sentencesOf(text: string): { readonly text: string; readonly start: number }[] {
  const sentences: { text: string; start: number }[] = []
  let start = 0
  const push = (end: number): void => {
    const piece = text.slice(start, end)
    if (piece.trim() !== '')
      sentences.push({ text: piece.trim(), start: start + piece.length - piece.trimStart().length })
    start = end
  }
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if ('。！？；;\n'.includes(character)) push(at + 1)
    else if ('.!?'.includes(character) && (at + 1 === text.length || ' \n\t'.includes(text[at + 1]!))) push(at + 1)
  }
  push(text.length)
  return sentences
}

/** Words of a text in lower case; a Chinese character is a word. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\p{Script=Han}|[^\s\p{P}\p{Script=Han}]+/gu) ?? []
}
