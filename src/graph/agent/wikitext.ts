/**
 * A reader of wikitext in linear time. Page text is hostile: on 40,000 characters of unclosed brackets or references the
 * usual regular expressions take seconds, and nesting overflows their stack. Here each opener is pushed once and popped
 * once, and nesting deeper than {@link MAX_DEPTH} is text.
 */

/** A piece of wikitext: text, a `{{template}}` or a `[[link]]` with its parts between bars. Tables are left out. */
export type WikiNode = string | { readonly kind: 'template' | 'link'; readonly parts: readonly (readonly WikiNode[])[] }

/** A heading with what follows it up to the next one; the lead has level 0 and no title. */
type RawSection = { readonly level: number; readonly title: string; readonly wikitext: string }

/** Nesting of real pages stays below 12; chosen by us. */
const MAX_DEPTH = 40
/** Longest tag with attributes; chosen by us. */
const MAX_TAG_CHARS = 1_000
const MAX_HEADING_CHARS = 300

/** Elements whose content is no prose. */
const droppedElements = new Set([
  'ref',
  'references',
  'math',
  'chem',
  'gallery',
  'script',
  'style',
  'templatestyles',
  'syntaxhighlight',
  'source',
  'timeline',
  'imagemap',
  'score',
  'graph',
  'mapframe',
])

/** Wikitext without comments, references, scripts and tags; `<br>` and paragraphs become line ends. */
export function withoutMarkup(wikitext: string): string {
  const text = withoutComments(wikitext.replaceAll('\r\n', '\n'))
  const lower = text.toLowerCase()
  // Some letters change their length in lower case; places would then not fit.
  const searchable = lower.length === text.length ? lower : text
  const out: string[] = []
  const unclosed = new Set<string>()
  let start = 0
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', start)) {
    out.push(text.slice(start, at))
    const tag = readTag(text, at)
    if (tag === null) {
      out.push('<')
      start = at + 1
      continue
    }
    start = tag.end
    if (tag.name === 'br' || tag.name === 'p') out.push('\n')
    if (tag.isClosing || tag.isEmpty || !droppedElements.has(tag.name) || unclosed.has(tag.name)) continue
    const close = searchable.indexOf(`</${tag.name}`, tag.end)
    // One that is never closed drops nothing, and is looked for once only.
    if (close === -1) unclosed.add(tag.name)
    else start = close
  }
  out.push(text.slice(start))
  return out.join('')
}

function withoutComments(text: string): string {
  const out: string[] = []
  let start = 0
  for (let at = text.indexOf('<!--'); at !== -1; at = text.indexOf('<!--', start)) {
    out.push(text.slice(start, at))
    const end = text.indexOf('-->', at + 4)
    if (end === -1) return out.join('')
    start = end + 3
  }
  out.push(text.slice(start))
  return out.join('')
}

type Tag = {
  readonly name: string
  readonly end: number
  readonly isClosing: boolean
  readonly isEmpty: boolean
}

function readTag(text: string, at: number): Tag | null {
  const window = text.slice(at, at + MAX_TAG_CHARS)
  const head = /^<(\/?)([a-zA-Z][a-zA-Z0-9]*)/.exec(window)
  if (head === null) return null
  const close = window.indexOf('>')
  if (close === -1) return null
  const isEmpty = window[close - 1] === '/'
  return { name: (head[2] ?? '').toLowerCase(), end: at + close + 1, isClosing: head[1] === '/', isEmpty }
}

/** The lead and the sections of wikitext without markup, in order. */
export function splitSections(text: string): RawSection[] {
  const sections: RawSection[] = []
  let current = { level: 0, title: '' }
  let lines: string[] = []
  const close = (): void => {
    sections.push({ ...current, wikitext: lines.join('\n') })
    lines = []
  }
  for (const line of text.split('\n')) {
    const heading = readHeading(line)
    if (heading === null) lines.push(line)
    else {
      close()
      current = heading
    }
  }
  close()
  return sections
}

function readHeading(line: string): { readonly level: number; readonly title: string } | null {
  if (!line.startsWith('==') || line.length > MAX_HEADING_CHARS) return null
  const text = line.trimEnd()
  let level = 0
  while (level < 6 && text[level] === '=' && text[text.length - 1 - level] === '=') level += 1
  const title = text.slice(level, -level).trim()
  return level < 2 || title === '' ? null : { level, title }
}

type Frame = { readonly kind: 'template' | 'link' | 'table' | 'root'; readonly opener: string; parts: WikiNode[][] }

/** The pieces of wikitext without markup. Brackets that open and never close, or close and never opened, are text. */
export function parseWikitext(text: string): WikiNode[] {
  const root: Frame = { kind: 'root', opener: '', parts: [[]] }
  const stack: Frame[] = [root]
  let textStart = 0
  const top = (): Frame => stack[stack.length - 1] ?? root
  const flush = (end: number): void => {
    if (end > textStart) lastPart(top()).push(text.slice(textStart, end))
  }
  const take = (at: number, length: number, act: () => void): number => {
    flush(at)
    act()
    textStart = at + length
    return textStart
  }
  for (let at = 0; at < text.length; ) {
    const token = readToken(text, at)
    const opens = token === null ? undefined : openers[token]
    const closes = token === null ? undefined : closers[token]
    if (token === '|' && (top().kind === 'template' || top().kind === 'link')) {
      at = take(at, 1, () => top().parts.push([]))
    } else if (token !== null && opens !== undefined && stack.length <= MAX_DEPTH) {
      at = take(at, 2, () => stack.push({ kind: opens, opener: token, parts: [[]] }))
    } else if (token !== null && closes !== undefined && stack.some(({ kind }) => kind === closes)) {
      at = take(at, 2, () => closeFrame(stack, closes))
    } else at += token === null ? 1 : token.length
  }
  flush(text.length)
  while (stack.length > 1) unwind(stack)
  return lastPart(root)
}

const openers: Readonly<Record<string, 'template' | 'link' | 'table' | undefined>> = {
  '{{': 'template',
  '[[': 'link',
  '{|': 'table',
}
const closers: Readonly<Record<string, 'template' | 'link' | 'table' | undefined>> = {
  '}}': 'template',
  ']]': 'link',
  '|}': 'table',
}

/** The token that starts here, if any: tables open and close at the start of a line only. */
function readToken(text: string, at: number): string | null {
  const first = text[at]
  if (first === '|' && text[at + 1] !== '}') return '|'
  if (first !== '{' && first !== '[' && first !== '}' && first !== ']' && first !== '|') return null
  const pair = text.slice(at, at + 2)
  if (pair === '{|' || pair === '|}') {
    if (isLineStart(text, at) && text[at + 2] !== '}') return pair
    return first === '|' ? '|' : null
  }
  return openers[pair] === undefined && closers[pair] === undefined ? null : pair
}

function isLineStart(text: string, at: number): boolean {
  // Indented tables are rare; eight columns of indent keep this constant.
  for (let i = at - 1; i >= Math.max(0, at - 8); i -= 1) {
    if (text[i] === '\n') return true
    if (text[i] !== ' ' && text[i] !== ':') return false
  }
  return at <= 8
}

function closeFrame(stack: Frame[], kind: 'template' | 'link' | 'table'): void {
  while (stack[stack.length - 1]?.kind !== kind) unwind(stack)
  const frame = stack.pop()
  const parent = stack[stack.length - 1]
  if (frame === undefined || parent === undefined || kind === 'table') return
  lastPart(parent).push({ kind, parts: frame.parts })
}

/** Turns the innermost open bracket back into text. */
function unwind(stack: Frame[]): void {
  const frame = stack.pop()
  const parent = stack[stack.length - 1]
  if (frame === undefined || parent === undefined) return
  const target = lastPart(parent)
  target.push(frame.opener)
  frame.parts.forEach((part, i) => {
    if (i > 0) target.push('|')
    for (const node of part) target.push(node)
  })
}

function lastPart(frame: Frame): WikiNode[] {
  const part = frame.parts[frame.parts.length - 1]
  if (part !== undefined) return part
  const fresh: WikiNode[] = []
  frame.parts.push(fresh)
  return fresh
}
