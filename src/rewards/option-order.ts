/** Which options may change places. */

import { optionKey } from '../text/answer-value.ts'

const anchors =
  /^(?:(?:none|all|any|both|neither|most|some) (?:(?:of|are|is) )?(?:the )?(?:above|these|those|them|options|choices|other options)(?![\p{L}\d])|(?:all|none|both|neither)(?: are| is)?(?: correct| true| false| right| wrong)?$)/u
const anchorsZh = /^(?:以上|上述)/u
/** "both A and B", "A, C", "options B and D", "A or C only": letters standing for options. */
const letterList =
  /^(?:both |either |neither |only |options? |choices? |answers? )*\(?[a-u]\)?(?:(?: ?[,&/+] ?| and | or | nor |和|与|、)(?:and |or )?\(?[a-u]\)?)+(?: only| are correct| are true| both|都.*|均.*)?$/u
const letterOption = /\b(?:options?|choices?|answers?) \(?[a-u]\)?(?![\p{L}\d'])/u

/** Whether an option speaks of those before it as a whole, such as "none of the above": it can stand nowhere but below. */
export function isAnchored(option: string): boolean {
  const key = optionKey(option)
  return anchors.test(key) || anchorsZh.test(key)
}

/** Whether an option speaks of other options by their letters, such as "both A and B". */
export function refersToLetters(option: string): boolean {
  // A longer text is no list of letters, and is not worth the search.
  if (option.length > 200) return false
  const key = optionKey(option)
  return letterList.test(key) || letterOption.test(key)
}

/** Whether an option's own text is a letter, such as a blood group: moved, "B" would mean two options. */
export function isLetter(option: string): boolean {
  return /^[a-u]$/u.test(optionKey(option))
}

/**
 * Whether options may be shuffled: none is a letter or speaks of one, and those that speak of all before them stand last.
 */
export function canMove(options: readonly string[]): boolean {
  if (options.some((option) => isLetter(option))) return false
  if (options.some((option) => refersToLetters(option))) return false
  const first = options.findIndex((option) => isAnchored(option))
  return first === -1 || options.slice(first).every((option) => isAnchored(option))
}
