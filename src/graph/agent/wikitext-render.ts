import type { WikiNode } from './wikitext.ts'

/** A link in rendered text: where its words stand and the title it goes to. UTF-16 offsets. */
export type LinkSpan = { readonly start: number; readonly end: number; readonly target: string }

export type Rendered = {
  readonly text: string
  readonly links: readonly LinkSpan[]
  /** Titles of the categories that the text puts its page in. */
  readonly categories: readonly string[]
}

/** Templates that only list their parts, one a line. */
const listTemplates = new Set([
  'hlist',
  'flatlist',
  'plainlist',
  'plain list',
  'unbulleted list',
  'ubl',
  'ublist',
  'cslist',
  'csv',
  'bulleted list',
  'blist',
  'flat list',
])
/** Templates that only dress one of their parts, with its number. */
const dressing: ReadonlyMap<string, number> = new Map([
  ['nowrap', 1],
  ['nobr', 1],
  ['nobold', 1],
  ['small', 1],
  ['longitem', 1],
  ['abbr', 1],
  ['tooltip', 1],
  ['lang', 2],
])
const spaceTemplates = new Set(['nbsp', 'space', 'thinsp', 'snd', 'spaced ndash'])
/** Prefixes of links that are no articles: their words are dropped with them. */
const mediaPrefixes = new Set(['file', 'image', 'media', 'category'])
const otherPrefixes = new Set(
  'template help wikipedia project special portal user talk draft module mediawiki wikt wiktionary s wikisource commons d species'.split(
    ' ',
  ),
)
const entities: ReadonlyMap<string, string> = new Map([
  ['nbsp', ' '],
  ['thinsp', ' '],
  ['ensp', ' '],
  ['emsp', ' '],
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['ndash', '–'],
  ['mdash', '—'],
  ['minus', '−'],
  ['deg', '°'],
  ['micro', 'µ'],
  ['times', '×'],
  ['plusmn', '±'],
  ['le', '≤'],
  ['ge', '≥'],
  ['alpha', 'α'],
  ['beta', 'β'],
  ['gamma', 'γ'],
  ['delta', 'δ'],
])

type Pen = {
  readonly chunks: string[]
  length: number
  /** The last two characters, for the rules on white space and line starts. */
  last: string
  beforeLast: string
  /** Words of a link may run on in letters after it: "[[fever]]s". */
  openLink: number | null
  /** External links whose closing bracket is still to come. */
  openAddresses: number
  readonly links: { start: number; end: number; target: string }[]
  readonly categories: string[]
}

/** The plain text of parsed wikitext with the links in it; templates but those of lists and dress are left out. */
export function renderNodes(nodes: readonly WikiNode[]): Rendered {
  const pen: Pen = {
    chunks: [],
    length: 0,
    last: '\n',
    beforeLast: '\n',
    openLink: null,
    openAddresses: 0,
    links: [],
    categories: [],
  }
  write(pen, nodes)
  const text = pen.chunks.join('').trimEnd()
  const links = pen.links.filter((link) => link.end <= text.length && link.end > link.start)
  return { text, links, categories: pen.categories }
}

function append(pen: Pen, text: string): void {
  pen.chunks.push(text)
  pen.length += text.length
}

function write(pen: Pen, nodes: readonly WikiNode[]): void {
  for (const node of nodes) {
    if (typeof node === 'string') writeText(pen, node)
    else if (node.kind === 'link') writeLink(pen, node.parts)
    else writeTemplate(pen, node.parts)
  }
}

function writeTemplate(pen: Pen, parts: readonly (readonly WikiNode[])[]): void {
  pen.openLink = null
  const name = templateName(parts)
  if (listTemplates.has(name)) {
    for (const part of parts.slice(1)) {
      if (isNamed(part)) continue
      writeText(pen, '\n')
      write(pen, withoutNumber(part))
    }
    writeText(pen, '\n')
  } else if (spaceTemplates.has(name)) writeText(pen, ' ')
  else if (name === 'ndash') writeText(pen, '–')
  else if (name === 'convert') writeText(pen, parts.slice(1, 3).map(plainPart).join(' '))
  else write(pen, withoutNumber(parts[dressing.get(name) ?? parts.length] ?? []))
}

/** The name of a template in lower case, underscores as spaces. */
export function templateName(parts: readonly (readonly WikiNode[])[]): string {
  return plainPart(parts[0] ?? [])
    .replaceAll('_', ' ')
    .trim()
    .toLowerCase()
}

function plainPart(part: readonly WikiNode[]): string {
  return part.filter((node) => typeof node === 'string').join('')
}

function isNamed(part: readonly WikiNode[]): boolean {
  const first = part[0]
  return typeof first === 'string' && /^\s*[a-z][a-z _-]{0,30}=/i.test(first)
}

/** A part written "1=…" is the part in that place. */
function withoutNumber(part: readonly WikiNode[]): readonly WikiNode[] {
  const first = part[0]
  if (typeof first !== 'string') return part
  const number = /^\s*\d{1,3}\s*=/.exec(first)?.[0]
  return number === undefined ? part : [first.slice(number.length), ...part.slice(1)]
}

function writeLink(pen: Pen, parts: readonly (readonly WikiNode[])[]): void {
  pen.openLink = null
  const raw = plainPart(parts[0] ?? [])
  const colon = raw.trimStart().startsWith(':') ? raw.trimStart().slice(1) : raw
  const prefix = colon.includes(':') ? colon.slice(0, colon.indexOf(':')).trim().toLowerCase() : ''
  if (colon === raw && mediaPrefixes.has(prefix)) {
    if (prefix === 'category') pen.categories.push(linkTitle(raw.slice(raw.indexOf(':') + 1)))
    return
  }
  const target = mediaPrefixes.has(prefix) || otherPrefixes.has(prefix) ? '' : linkTitle(colon)
  const start = pen.length
  const chunkStart = pen.chunks.length
  if (parts.length > 1) write(pen, parts[parts.length - 1] ?? [])
  else writeText(pen, colon)
  pen.openLink = null
  const words = pen.chunks.slice(chunkStart).join('')
  if (target === '' || words.trim() === '') return
  // A line end or space written first is not part of the words.
  const lead = words.length - words.trimStart().length
  pen.links.push({ start: start + lead, end: start + words.trimEnd().length, target })
  pen.openLink = pen.links.length - 1
}

/** A title as MediaWiki writes it: first letter large, underscores as spaces, no fragment. Empty for no title. */
function linkTitle(raw: string): string {
  const hash = raw.indexOf('#')
  const text = (hash === -1 ? raw : raw.slice(0, hash)).replaceAll('_', ' ').replace(/\s+/gu, ' ').trim()
  if (text === '' || text.length > 250 || /[<>[\]{}|]/.test(text)) return ''
  const first = text.codePointAt(0)
  if (first === undefined) return ''
  const letter = String.fromCodePoint(first)
  return letter.toUpperCase() + text.slice(letter.length)
}

function writeText(pen: Pen, raw: string): void {
  const text = raw.slice(extendLink(pen, raw))
  const out: string[] = []
  const put = (piece: string): void => {
    for (const character of piece) {
      const isSpace = character === ' ' || character === '\t' || character === '\u00a0'
      if (isSpace && (pen.last === ' ' || pen.last === '\n')) continue
      if (character === '\n' && pen.last === '\n' && pen.beforeLast === '\n') continue
      pen.beforeLast = pen.last
      pen.last = isSpace ? ' ' : character
      out.push(pen.last)
    }
  }
  for (let at = 0; at < text.length; ) at = writeNext(pen, text, at, put)
  append(pen, out.join(''))
}

/** Writes what starts here and says where the next begins. */
function writeNext(pen: Pen, text: string, at: number, put: (piece: string) => void): number {
  const character = text[at] ?? ''
  if (pen.last === '\n' && '*#:;'.includes(character)) return at + 1
  if (character === "'" && text[at + 1] === "'") return runEnd(text, at)
  if (character === '&') {
    const entity = readEntity(text, at)
    put(entity?.text ?? '&')
    return entity?.end ?? at + 1
  }
  if (character === '[' && /^\[(?:https?:)?\/\//.test(text.slice(at, at + 10))) return afterAddress(pen, text, at)
  if (character === ']' && pen.openAddresses > 0) {
    pen.openAddresses -= 1
    return at + 1
  }
  if (character === '_' && text[at + 1] === '_') return afterSwitch(text, at, put)
  put(character)
  return at + 1
}

/** The letters that the link before runs on into. */
function extendLink(pen: Pen, text: string): number {
  const link = pen.openLink === null ? undefined : pen.links[pen.openLink]
  pen.openLink = null
  const tail = link === undefined ? '' : (/^[a-z]{1,20}/.exec(text)?.[0] ?? '')
  if (link === undefined || tail === '') return 0
  append(pen, tail)
  link.end = pen.length
  pen.beforeLast = tail.length > 1 ? tail.slice(-2, -1) : pen.last
  pen.last = tail.slice(-1)
  return tail.length
}

function runEnd(text: string, at: number): number {
  let end = at
  while (text[end] === "'") end += 1
  return end
}

function readEntity(text: string, at: number): { readonly text: string; readonly end: number } | null {
  const found = /^&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/i.exec(text.slice(at, at + 12))
  if (found === null) return null
  const [all, decimal, hex, name] = found
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  const isCharacter = code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
  const decoded =
    name === undefined ? (isCharacter ? String.fromCodePoint(code) : '') : entities.get(name.toLowerCase())
  return decoded === undefined ? null : { text: decoded, end: at + all.length }
}

/** Past "[http://host/path" up to the words of an external link, whose closing bracket is then awaited. */
function afterAddress(pen: Pen, text: string, at: number): number {
  for (let end = at; end < text.length && end < at + 2_000; end += 1) {
    if (text[end] === ']') return end + 1
    if (text[end] === ' ' || text[end] === '\n') {
      pen.openAddresses += 1
      return end + 1
    }
  }
  return at + 1
}

/** Past a switch such as `__NOTOC__`. */
function afterSwitch(text: string, at: number, put: (piece: string) => void): number {
  const found = /^__[A-Z]{3,30}__/.exec(text.slice(at, at + 40))
  if (found !== null) return at + found[0].length
  put('__')
  return at + 2
}
