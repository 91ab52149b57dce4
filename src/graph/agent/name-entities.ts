import { exactNameKey } from '../../text/entity-name.ts'
import type { ExtractedTriple, Rejection } from '../extract.ts'
import type { EntityType } from '../types.ts'
import type { PageEntity, PageTriple } from './explore-log.ts'
import type { FieldTriple } from './infobox.ts'
import type { ResolvedTitle } from './mediawiki.ts'
import { nameOfTitle, type WikiPage } from './page.ts'
import type { WikidataItem } from './wikidata-item.ts'

/** A triple found on a page, its ends still words. */
export type FoundTriple = ({ readonly from: 'infobox' } & FieldTriple) | ({ readonly from: 'text' } & ExtractedTriple)

export type PageSubject = {
  readonly title: string
  readonly item: string | null
  readonly type: EntityType | null
  readonly typeFrom: 'infobox' | 'category' | null
  readonly synonyms: readonly string[]
  readonly xrefs: readonly string[]
}

/** The titles to resolve before the ends of the triples have keys, each once. */
export function titlesOf(found: readonly FoundTriple[], page: WikiPage): string[] {
  const titles = found.flatMap((triple) =>
    triple.from === 'infobox' ? [triple.target] : [titleOfName(triple.head, page), titleOfName(triple.tail, page)],
  )
  return [...new Set(titles)]
}

/** Where the page links the name to; the name itself when it does not. */
function titleOfName(name: string, page: WikiPage): string {
  return page.linkTargets.get(name.toLowerCase()) ?? name
}

/** What is known of the titles. */
type Knowledge = {
  readonly resolved: ReadonlyMap<string, ResolvedTitle>
  readonly items: ReadonlyMap<string, WikidataItem>
}

/**
 * Entities and triples of a page with keys in place of words: the item of Wikidata where the page behind a word has one,
 * else the page, else the word. A redirect to a part of a page is about something narrower, and a disambiguation page
 * about nothing, so neither gives a key: a field that links to the latter is rejected.
 */
export function nameEntities(
  found: readonly FoundTriple[],
  page: WikiPage,
  subject: PageSubject,
  { resolved, items }: Knowledge,
): { readonly entities: PageEntity[]; readonly triples: PageTriple[]; readonly rejected: Rejection[] } {
  const entities = new Map<string, PageEntity>()
  const triples: PageTriple[] = []
  const rejected: Rejection[] = []
  const seen = new Set<string>()
  const add = (entity: PageEntity): string => {
    const slot = `${entity.key}|${entity.type}|${entity.typeFrom}`
    if (!entities.has(slot)) entities.set(slot, entity)
    return entity.key
  }
  const ownName = exactNameKey(nameOfTitle(subject.title))
  const ownNames = new Set([ownName, ...subject.synonyms.map(exactNameKey)])
  const keyOf = (words: string, title: string, type: EntityType, typeFrom: 'field' | 'text'): string => {
    const goal = resolved.get(title)
    const isOwn = ownNames.has(exactNameKey(words)) || (goal?.kind === 'page' && goal.title === subject.title)
    if (isOwn) return add(describePage(subject, type, typeFrom, items))
    if (goal?.kind === 'page' && !goal.isDisambiguation && goal.fragment === null) {
      return add(describePage({ ...goal, synonyms: [], xrefs: [] }, type, typeFrom, items))
    }
    const key = `wiki-agent:name/${exactNameKey(words)}`
    return add({ key, label: words, type, typeFrom, title: null, synonyms: [], xrefs: [] })
  }
  if (subject.type !== null && subject.typeFrom !== null) {
    add(describePage(subject, subject.type, subject.typeFrom, items))
  }
  for (const triple of found) {
    const ends = triple.from === 'infobox' ? fieldEnds(triple, subject) : textEnds(triple, page)
    const { head, tail } = ends
    const goal = resolved.get(tail.title)
    if (triple.from === 'infobox' && goal?.kind === 'page' && goal.isDisambiguation) {
      rejected.push({ reason: 'link to a disambiguation page', detail: `${triple.relation} ${tail.title}` })
      continue
    }
    const keys = {
      head: keyOf(head.words, head.title, head.type, ends.typeFrom),
      tail: keyOf(tail.words, tail.title, tail.type, ends.typeFrom),
    }
    const slot = `${keys.head}|${triple.relation}|${keys.tail}`
    const reason = keys.head === keys.tail ? 'self-loop once linked' : seen.has(slot) ? 'said twice on the page' : null
    if (reason !== null) {
      rejected.push({ reason, detail: `${head.words} ${triple.relation} ${tail.words}` })
      continue
    }
    seen.add(slot)
    const { relation, from, quote } = triple
    triples.push({ head: keys.head, relation, tail: keys.tail, from, quote, headAs: head.words, tailAs: tail.words })
  }
  return { entities: [...entities.values()], triples, rejected }
}

type End = { readonly words: string; readonly title: string; readonly type: EntityType }
type Ends = { readonly head: End; readonly tail: End; readonly typeFrom: 'field' | 'text' }

function fieldEnds(triple: FieldTriple, subject: PageSubject): Ends {
  const name = nameOfTitle(subject.title)
  // Fields are only read of pages whose infobox says what they are about.
  const head = { words: name, title: subject.title, type: subject.type ?? 'disease' }
  return { head, tail: { words: triple.words, title: triple.target, type: triple.tailType }, typeFrom: 'field' }
}

function textEnds(triple: ExtractedTriple, page: WikiPage): Ends {
  return {
    head: { words: triple.head, title: titleOfName(triple.head, page), type: triple.headType },
    tail: { words: triple.tail, title: titleOfName(triple.tail, page), type: triple.tailType },
    typeFrom: 'text',
  }
}

function describePage(
  { title, item: itemId, synonyms, xrefs: ownXrefs }: Pick<PageSubject, 'title' | 'item' | 'synonyms' | 'xrefs'>,
  type: EntityType,
  typeFrom: PageEntity['typeFrom'],
  items: ReadonlyMap<string, WikidataItem>,
): PageEntity {
  const item = itemId === null ? undefined : items.get(itemId)
  const label = nameOfTitle(title)
  const names = [
    ...synonyms,
    ...(item?.label === null || item === undefined ? [] : [item.label]),
    ...(item?.aliases ?? []),
  ]
  // An item that was merged into another answers under the name of the other.
  const merged = item !== undefined && item.id !== itemId ? [`WIKIDATA:${item.id}`] : []
  const xrefs = [...new Set([...ownXrefs, ...(item?.xrefs ?? []), ...merged])]
  return {
    key: itemId === null ? `wiki-agent:${title.replaceAll(' ', '_')}` : `WIKIDATA:${itemId}`,
    label,
    type,
    typeFrom,
    title,
    synonyms: [...new Set(names)].filter((name) => name !== label),
    xrefs,
    ...(item?.labelZh === null || item === undefined ? {} : { labelZh: item.labelZh }),
  }
}
