import { DataError } from '../../core/errors.ts'
import { wellFormed } from '../extract-passage.ts'
import { isRecord } from '../is-record.ts'
import type { PageSource, ResolvedTitle, SiteInfo } from './mediawiki.ts'
import { type ApiAnswer, ofPage } from './mediawiki-http.ts'

/** What a title leads to, by the row of its page. */
export function describePage(title: string, page: ApiAnswer, fragment: string | null): ResolvedTitle {
  const props = field(page, 'pageprops')
  const item = isRecord(props) ? props.wikibase_item : undefined
  return {
    kind: 'page',
    title,
    item: typeof item === 'string' && /^Q\d{1,12}$/.test(item) ? item : null,
    isDisambiguation: isRecord(props) && props.disambiguation !== undefined,
    fragment,
  }
}

/** The wikitext of `action=parse`; null when there is no such page. @throws {DataError} marked as of its page */
export function readPageSource(answer: ApiAnswer): PageSource | null {
  if (isRecord(answer.error)) return null
  const page = field(answer, 'parse')
  if (!isRecord(page) || typeof page.title !== 'string' || typeof page.wikitext !== 'string') {
    throw ofPage(
      'unreadable answer',
      new DataError('the answer to action=parse has no title or no wikitext', {
        hint: 'is this a MediaWiki of version 1.25 or later?',
      }),
    )
  }
  const { revid } = page
  if (typeof revid !== 'number' || !Number.isSafeInteger(revid) || revid <= 0) {
    throw ofPage(
      'unreadable answer',
      new DataError(`the page "${page.title}" came without its revision`, { field: 'revid' }),
    )
  }
  return { title: wellFormed(page.title), revision: revid, wikitext: page.wikitext }
}

/** Who a wiki is. @throws {DataError} when the answer is of no MediaWiki */
export function readSiteInfo(answer: ApiAnswer, apiUrl: string): SiteInfo {
  const found = field(answer, 'query')
  const general = field(found, 'general')
  if (!isRecord(general)) {
    throw new DataError(`${apiUrl}: no site information`, { hint: 'is this the address of an api.php?' })
  }
  const rights = field(found, 'rightsinfo')
  const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')
  const license = isRecord(rights) ? [textOf(rights.text), textOf(rights.url)].filter(Boolean).join(', ') : ''
  const api = new URL(apiUrl)
  const server = textOf(general.server)
  const base = URL.canParse(server, api.href) ? new URL(server, api) : api
  const indexUrl = new URL(textOf(general.script) || '/index.php', /^https?:$/.test(base.protocol) ? base : api)
  return {
    name: textOf(general.sitename),
    generator: textOf(general.generator),
    license: license === '' ? null : license,
    indexUrl: indexUrl.href,
  }
}

/** What to send along for the next part of a list; null at its end. */
export function continuation(answer: ApiAnswer): Readonly<Record<string, string | number>> | null {
  const next = answer.continue
  if (!isRecord(next)) return null
  const pairs = Object.entries(next).flatMap(([name, value]): [string, string | number][] =>
    typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [],
  )
  return Object.fromEntries(pairs)
}

/** A field of a JSON object; undefined in anything else. */
export function field(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** The objects in a list of an answer. */
export function rowsOf(value: unknown, name: string): ApiAnswer[] {
  const rows = field(value, name)
  return Array.isArray(rows) ? rows.filter(isRecord) : []
}
