import { passageText, wellFormed } from '../extract-passage.ts'
import { normaliseCurie } from '../sources/curie.ts'
import type { EntityType } from '../types.ts'
import { parseWikitext, splitSections, type WikiNode, withoutMarkup } from './wikitext.ts'
import { type LinkSpan, type Rendered, renderNodes, templateName } from './wikitext-render.ts'

/** Longest page that is read, in characters; chosen by us: four times the longest medical article we know of. */
const MAX_PAGE_CHARS = 1_000_000

export type InfoboxField = {
  readonly name: string
  readonly text: string
  readonly links: readonly LinkSpan[]
}

export type Infobox = {
  /** Name of the template in lower case, without "infobox". */
  readonly template: string
  /** What the page is about, when the template says so. */
  readonly type: EntityType | null
  readonly fields: readonly InfoboxField[]
}

export type PageSection = {
  /** Titles from the outermost heading in; empty for the lead. */
  readonly path: readonly string[]
  readonly text: string
  /** Where the text starts in the text of the page. */
  readonly start: number
}

export type WikiPage = {
  readonly infobox: Infobox | null
  readonly sections: readonly PageSection[]
  /** The sections, a blank line between them. */
  readonly text: string
  /** Titles linked to from infobox and sections, each once, in order. */
  readonly links: readonly string[]
  /** The words of links and where they go; the first place counts. Words in lower case. */
  readonly linkTargets: ReadonlyMap<string, string>
  readonly categories: readonly string[]
  /** Identifiers elsewhere that the page gives itself, as CURIEs. */
  readonly xrefs: readonly string[]
  /** The page tells namesakes apart, by its own words: wikis without the extension for it do not say so otherwise. */
  readonly isDisambiguation: boolean
}

const disambiguationTemplates = new Set([
  'disambiguation',
  'disambig',
  'dab',
  'medical disambiguation',
  'disambiguation page',
])

/** Sections that list other pages or works, or tell no medicine. */
const skippedSections = new Set([
  'see also',
  'references',
  'external links',
  'further reading',
  'notes',
  'footnotes',
  'citations',
  'sources',
  'bibliography',
  'works cited',
  'explanatory notes',
  'gallery',
])

/** Beginnings of template names and what their pages are about. */
const templateTypes: readonly (readonly [string, EntityType])[] = [
  ['medical condition', 'disease'],
  ['disease', 'disease'],
  ['symptom', 'finding'],
  ['medical sign', 'finding'],
  ['drug class', 'drug-class'],
  ['drug', 'drug'],
  ['drugbox', 'drug'],
  ['medical intervention', 'procedure'],
  ['interventions', 'procedure'],
  ['diagnostic', 'test'],
  ['medical test', 'test'],
  ['anatomy', 'anatomy'],
  ['bone', 'anatomy'],
  ['muscle', 'anatomy'],
  ['nerve', 'anatomy'],
  ['artery', 'anatomy'],
  ['vein', 'anatomy'],
  ['enzyme', 'enzyme'],
  ['gene', 'gene'],
  ['protein', 'protein'],
  ['virus', 'organism'],
  ['virusbox', 'organism'],
  ['taxobox', 'organism'],
  ['automatic taxobox', 'organism'],
  ['speciesbox', 'organism'],
]

/** What a page says: infobox, lead and sections as plain text, and where its links go. */
export function readPage(wikitext: string): WikiPage {
  const raw = splitSections(withoutMarkup(wellFormed(wikitext.slice(0, MAX_PAGE_CHARS))))
  const lead = parseWikitext(raw[0]?.wikitext ?? '')
  const infobox = findInfobox(lead)
  const links: LinkSpan[] = []
  const words: string[] = []
  const categories: string[] = []
  const sections: PageSection[] = []
  const keep = ({ text, links: spans }: { text: string; links: readonly LinkSpan[] }): void => {
    for (const span of spans) {
      links.push(span)
      words.push(text.slice(span.start, span.end))
    }
  }
  for (const field of infobox?.fields ?? []) keep(field)
  let start = 0
  const path: { level: number; title: string }[] = []
  const xrefs: string[] = []
  let isDisambiguation = wikitext.includes('__DISAMBIG__')
  raw.forEach((section, i) => {
    while (path.length > 0 && (path[path.length - 1]?.level ?? 0) >= section.level) path.pop()
    if (i > 0) path.push({ level: section.level, title: renderNodes(parseWikitext(section.title)).text })
    const nodes = i === 0 ? lead : parseWikitext(section.wikitext)
    for (const node of nodes) xrefs.push(...identifiersIn(node))
    isDisambiguation ||= nodes.some(isDisambiguationTemplate)
    const rendered: Rendered = renderNodes(nodes)
    for (const category of rendered.categories) categories.push(category)
    if (path.some(({ title }) => skippedSections.has(title.toLowerCase()))) return
    const text = passageText(rendered.text, MAX_PAGE_CHARS).trim()
    keep(rendered)
    if (text === '') return
    sections.push({ path: path.map(({ title }) => title), text, start })
    start += text.length + 2
  })
  const linkTargets = new Map<string, string>()
  links.forEach(({ target }, i) => {
    for (const word of [words[i] ?? '', target]) {
      const key = word.toLowerCase()
      if (!linkTargets.has(key)) linkTargets.set(key, target)
    }
  })
  return {
    infobox,
    sections,
    text: sections.map(({ text }) => text).join('\n\n'),
    links: [...new Set(links.map(({ target }) => target))],
    linkTargets,
    categories,
    xrefs,
    isDisambiguation,
  }
}

function isDisambiguationTemplate(node: WikiNode): boolean {
  if (typeof node === 'string' || node.kind !== 'template') return false
  return disambiguationTemplates.has(templateName(node.parts))
}

/** The title without what tells namesakes apart: "Fatigue (medical)" is "Fatigue". */
export function nameOfTitle(title: string): string {
  const open = title.endsWith(')') ? title.lastIndexOf(' (') : -1
  return open > 0 ? title.slice(0, open) : title
}

/** Fields of `Medical resources` that hold one plain identifier, and its prefix. */
const identifierFields: ReadonlyMap<string, string> = new Map([
  ['meshid', 'MESH'],
  ['mesh', 'MESH'],
  ['omim', 'OMIM'],
  ['orphanet', 'ORPHA'],
  ['diseasesdb', 'DISEASESDB'],
])

function identifiersIn(node: WikiNode): string[] {
  if (typeof node === 'string' || node.kind !== 'template' || templateName(node.parts) !== 'medical resources')
    return []
  return node.parts.slice(1).flatMap((part) =>
    readField(part).flatMap(({ name, text }) => {
      const prefix = identifierFields.get(name)
      const curie = prefix !== undefined && /^[A-Z]?\d{1,12}$/.test(text) ? normaliseCurie(`${prefix}:${text}`) : null
      return curie === null ? [] : [curie]
    }),
  )
}

function findInfobox(lead: readonly WikiNode[]): Infobox | null {
  for (const node of lead) {
    if (typeof node === 'string' || node.kind !== 'template') continue
    const name = templateName(node.parts)
    const template = name.startsWith('infobox ') ? name.slice('infobox '.length).trim() : name
    const type = templateTypes.find(([start]) => template === start || template.startsWith(`${start} `))?.[1]
    if (type !== undefined || name.startsWith('infobox ')) {
      return { template, type: type ?? null, fields: node.parts.slice(1).flatMap(readField) }
    }
  }
  return null
}

function readField(part: readonly WikiNode[]): InfoboxField[] {
  const first = part[0]
  const equals = typeof first === 'string' ? first.indexOf('=') : -1
  if (typeof first !== 'string' || equals === -1) return []
  const name = first.slice(0, equals).trim().toLowerCase()
  const { text, links } = renderNodes([first.slice(equals + 1).trimStart(), ...part.slice(1)])
  return name === '' || text === '' ? [] : [{ name, text, links }]
}
