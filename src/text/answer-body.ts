/** What choice items and open items share: taking the wrapping off an answer, one layer at a time. */

/** Longer bodies are no answer: no option and no name comes near it (chosen by us). */
export const maxBodyLength = 1_000

const zeroWidth = /[\u00ad\u200b-\u200d\u2060\ufeff]/g
const markdown = /[*_`$]/g
// Braces inside are left out, so every character is looked at once; nesting is undone by repeating.
const texCommand = /\\(?:boxed|fbox|text|textbf|textrm|mathrm|mathbf)\s?\{([^{}]*)\}/g
const maxTexNesting = 4
const trailingPunctuation = new Set('.,;:!。、')
const brackets = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['<', '>'],
  ['【', '】'],
  ['「', '」'],
  ['『', '』'],
  ['《', '》'],
  ['“', '”'],
  ['‘', '’'],
  ['«', '»'],
])
const quotes = new Set(['"', "'"])

/** Words that carry an answer without being one, lower case; longer ones first where one begins another. */
const carriers = [
  'the correct answer is',
  'the correct option is',
  'the correct choice is',
  'the best answer is',
  'the final answer is',
  'the answer is',
  'the diagnosis is',
  'correct answer',
  'final answer',
  'my answer is',
  'answer is',
  'answer',
  'option',
  'choice',
  'it is',
  '正确答案是',
  '正确答案',
  '答案是',
  '答案为',
  '答案',
  '选项',
  '选择',
]
const negations = [
  'not',
  'no',
  'never',
  'without',
  'except',
  'excluding',
  'anything but',
  'neither',
  'is not',
  'it is not',
  "isn't",
  "it isn't",
  '不是',
  '并非',
]
const separator = /(?:[,;、|\n/&+]|(?<!\S)(?:and|or|nor|vs\.?|versus|和|或|或者|与)(?!\S))+/iu

/**
 * The body without invisible characters, markdown and TeX: NFKC (full-width letters become ASCII), `* _ ` $` and
 * zero-width characters dropped, `\boxed{}` and `\text{}` unwrapped, white space collapsed to one space or one newline.
 */
export function cleanBody(body: string): string {
  let text = body.normalize('NFKC').replace(zeroWidth, '').replace(markdown, '')
  for (let depth = 0; depth < maxTexNesting && text.includes('\\'); depth += 1) text = text.replace(texCommand, '$1')
  return text.replace(/\s+/gu, (run) => (run.includes('\n') ? '\n' : ' ')).trim()
}

/** The text without the brackets, quotes and punctuation that surround all of it. */
export function peel(text: string): string {
  let peeled = text.trim()
  for (;;) {
    const inner = trailingPunctuation.has(peeled.slice(-1)) ? peeled.slice(0, -1) : unwrapped(peeled)
    if (inner === null) return peeled
    peeled = inner.trim()
  }
}

/** What stands inside the bracket that opens at the first and closes at the last character, else null. */
function unwrapped(text: string): string | null {
  const [open] = text
  if (open === undefined || text.length < 2) return null
  if (quotes.has(open))
    return text.endsWith(open) && text.indexOf(open, 1) === text.length - 1 ? text.slice(1, -1) : null
  const close = brackets.get(open)
  if (close === undefined || !text.endsWith(close)) return null
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === open) depth += 1
    else if (text[at] === close) depth -= 1
    if (depth === 0 && at < text.length - 1) return null
  }
  return text.slice(1, -1)
}

/** The text after a carrier such as "the answer is", or null when it does not begin with one. */
export function afterCarrier(text: string): string | null {
  return afterPrefix(text, carriers)
}

/** The text after a negation such as "not", or null when it does not begin with one. */
export function afterNegation(text: string): string | null {
  return afterPrefix(text, negations)
}

function afterPrefix(text: string, prefixes: readonly string[]): string | null {
  const lower = text.toLowerCase()
  for (const prefix of prefixes) {
    if (!lower.startsWith(prefix)) continue
    const rest = text.slice(prefix.length)
    // "answers" does not begin with the carrier "answer"; Chinese writes no spaces.
    if (/^[a-z0-9'-]/i.test(rest) && /[a-z]$/.test(prefix)) continue
    return rest.replace(/^[\s:=>-]+/u, '')
  }
  return null
}

/** The parts of "A or B", "A, B" and of lists; one part when nothing separates. A part said twice is there twice. */
export function splitParts(text: string): string[] {
  return text
    .split(new RegExp(separator, 'giu'))
    .map((part) => peel(part))
    .filter((part) => part !== '')
}
