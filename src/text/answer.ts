/**
 * The one reader of `<think>…</think> <answer>…</answer>`, for rewards, benchmarks, teacher selection and the studio.
 *
 * It never guesses, and it looks at every character a bounded number of times: model output is hostile input.
 */

import type { Defect, Reading } from './types.ts'
import { defectNames } from './types.ts'

export type { Defect, Reading } from './types.ts'

/** Longest completion that is read, in UTF-16 units (chosen by us: 64 kB of ASCII; 8,192 tokens are half of it). */
export const maxCompletionLength = 65_536

/** Fewest visible characters of a thinking that counts (a validity check, not a length reward). */
export const minThinkCharacters = 8

/** The four tags, exactly so: `<Answer>` and `</ answer>` are text. */
export const tags = { thinkOpen: '<think>', thinkClose: '</think>', answerOpen: '<answer>', answerClose: '</answer>' }

type TagName = keyof typeof tags
type Block = { readonly start: number; end: number; clean: boolean; inThink: boolean }
type Scan = {
  state: 'outside' | 'think' | 'answer'
  readonly thinks: Block[]
  readonly answers: Block[]
  readonly defects: Set<Defect>
}

const tagNames = ['thinkOpen', 'thinkClose', 'answerOpen', 'answerClose'] as const satisfies readonly TagName[]
const invisible = /[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]/u

/**
 * What a completion holds: its thinking, its answer, and every way in which it is not exactly one closed think block
 * followed by one closed answer block.
 *
 * `answer` is set only when exactly one well-formed answer block stands outside the thinking, whatever else is wrong:
 * that is what an evaluation reads. A reward needs `defects.length === 0`. Text after a think that is never closed
 * belongs to the thinking, and so does text before a `</think>` that was never opened.
 *
 * @param text the completion, special tokens already taken off
 * @param options `thinkPrefilled`: the prompt ended with `<think>`, so the text starts inside the thinking;
 *   `truncated`: sampling ended for another reason than a stop token
 * @returns a reading; the defects are in the order of `defectNames`, so the first is the reason code
 */
export function readCompletion(
  text: string,
  options: { readonly thinkPrefilled?: boolean; readonly truncated?: boolean } = {},
): Reading {
  const thinkPrefilled = options.thinkPrefilled ?? false
  const truncated: readonly Defect[] = options.truncated ? ['truncated'] : []
  if (text.length > maxCompletionLength) return { thinking: null, answer: null, defects: [...truncated, 'tooLong'] }
  if (text.trim() === '') return { thinking: null, answer: null, defects: [...truncated, 'empty'] }

  const scan = scanBlocks(text, thinkPrefilled)
  for (const defect of truncated) scan.defects.add(defect)
  judgeBlocks(scan)
  const think = onlyBlock(scan.thinks)
  const thinking = think === null ? null : text.slice(think.start, think.end).trim()
  if (thinking !== null && !hasVisible(thinking, minThinkCharacters)) scan.defects.add('emptyThink')
  const block = onlyBlock(scan.answers.filter((candidate) => !candidate.inThink))
  const answer = block === null ? null : text.slice(block.start, block.end).trim()
  if (answer !== null && !hasVisible(answer, 1)) scan.defects.add('emptyAnswer')
  return { thinking, answer, defects: defectNames.filter((name) => scan.defects.has(name)) }
}

/** The tags of a text in order, each found once: every `<` is looked at four times at most. */
function* findTags(text: string): Generator<{ readonly name: TagName; readonly at: number; readonly end: number }> {
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    for (const name of tagNames) {
      if (text.startsWith(tags[name], at)) yield { name, at, end: at + tags[name].length }
    }
  }
}

function scanBlocks(text: string, thinkPrefilled: boolean): Scan {
  const scan: Scan = { state: 'outside', thinks: [], answers: [], defects: new Set() }
  const counts = { thinkOpen: 0, thinkClose: 0, answerOpen: 0, answerClose: 0 }
  if (thinkPrefilled) {
    counts.thinkOpen = 1
    openBlock(scan, 'think', 0)
  }
  let outsideFrom = 0
  for (const { name, at, end } of findTags(text)) {
    counts[name] += 1
    if (counts[name] > 1) scan.defects.add('repeatedTag')
    if (scan.state === 'outside' && text.slice(outsideFrom, at).trim() !== '') scan.defects.add('textOutside')
    if (scan.state === 'outside') enterBlock(scan, name, end)
    else if (scan.state === 'think') continueThink(scan, name, at)
    else continueAnswer(scan, name, at)
    outsideFrom = end
  }
  if (scan.state === 'outside' && text.slice(outsideFrom).trim() !== '') scan.defects.add('textOutside')
  if (scan.state === 'think') scan.defects.add('unclosedThink')
  if (scan.state === 'answer') scan.defects.add('unclosedAnswer')
  return scan
}

function openBlock(scan: Scan, state: 'think' | 'answer', start: number): void {
  const blocks = state === 'think' ? scan.thinks : scan.answers
  blocks.push({ start, end: -1, clean: true, inThink: false })
  scan.state = state
}

function enterBlock(scan: Scan, name: TagName, end: number): void {
  if (name === 'thinkOpen') {
    if (scan.answers.length > 0) scan.defects.add('wrongOrder')
    openBlock(scan, 'think', end)
  } else if (name === 'answerOpen') {
    openBlock(scan, 'answer', end)
  } else {
    scan.defects.add('strayTag')
    // Its opening tag is missing: all that stands before may have been meant as thinking.
    if (name === 'thinkClose') markInThink(scan)
  }
}

function markInThink(scan: Scan): void {
  for (const answer of scan.answers) {
    if (!answer.inThink) scan.defects.add('answerInThink')
    answer.inThink = true
  }
}

function continueThink(scan: Scan, name: TagName, at: number): void {
  const think = scan.thinks.at(-1)!
  if (name === 'thinkClose') {
    think.end = at
    scan.state = 'outside'
  } else if (name === 'thinkOpen') {
    think.clean = false
    scan.defects.add('nestedTag')
  } else {
    scan.defects.add('answerInThink')
  }
}

function continueAnswer(scan: Scan, name: TagName, at: number): void {
  const answer = scan.answers.at(-1)!
  if (name === 'answerClose') {
    answer.end = at
    scan.state = 'outside'
  } else {
    answer.clean = false
    scan.defects.add('nestedTag')
  }
}

function judgeBlocks(scan: Scan): void {
  if (scan.thinks.length === 0) scan.defects.add('noThink')
  if (scan.answers.length === 0) scan.defects.add('noAnswer')
}

/** The block when it is the only one, closed, and free of other tags that would open or close a block in it. */
function onlyBlock(blocks: readonly Block[]): Block | null {
  const [block, ...others] = blocks
  return block !== undefined && others.length === 0 && block.end >= 0 && block.clean ? block : null
}

function hasVisible(text: string, wanted: number): boolean {
  let found = 0
  for (const character of text) {
    if (!invisible.test(character)) found += 1
    if (found >= wanted) return true
  }
  return false
}
