import { formatOptions } from '../../text/options.ts'
import type { Item } from '../types.ts'

/** Longest part of an item that a prompt shows, in UTF-16 units (chosen by us: the longest abstracts and cases fit). */
const MAX_PART_CHARS = 12_000
const MAX_OPTION_CHARS = 1_000

// What no reader sees and a model does: zero-width characters, marks of writing direction, tag characters, controls.
const invisible = /\p{Cf}|\p{Default_Ignorable_Code_Point}|(?![\t\n])\p{Cc}/gu
const halfCharacter = /\p{Cs}/gu
/** Our own tags, however they are written: data must not be able to open or close a block. */
const ownTag = /<(?=\s{0,3}\/?\s{0,3}(?:question|context|options|stem|answer|think|right_answer)\b)/gi

/**
 * A text of a data set as a prompt may show it: nothing invisible, none of our tags, a bounded length.
 *
 * Not NFKC: it would turn 10⁵ into 105, and a dose or a count into another one.
 */
export function promptText(text: string, maxChars: number = MAX_PART_CHARS): string {
  const clean = text
    .replaceAll('\r\n', '\n')
    .replace(halfCharacter, '\ufffd')
    .normalize('NFC')
    .replace(invisible, '')
    .replace(ownTag, '‹')
  return clean.length <= maxChars ? clean : `${clean.slice(0, maxChars).replace(halfCharacter, '')} […]`
}

/**
 * An item as delimited data, its options in the order given.
 *
 * @param options in the order in which they are shown; empty for an open item
 */
export function itemBlock(item: Item, options: readonly string[]): string {
  const parts = [
    ...(item.context === null ? [] : [`<context>\n${promptText(item.context)}\n</context>`]),
    `<stem>\n${promptText(item.stem)}\n</stem>`,
    ...(options.length === 0
      ? []
      : [`<options>\n${formatOptions(options.map((option) => oneLine(option)))}\n</options>`]),
  ]
  return `<question>\n${parts.join('\n')}\n</question>`
}

function oneLine(option: string): string {
  return promptText(option, MAX_OPTION_CHARS).replace(/\s+/gu, ' ').trim()
}
