import { userAgentOf } from '../../graph/agent/mediawiki-http.ts'
import { fetchWikidata } from '../../graph/sources/wikidata-query.ts'

type WikidataSettings = {
  /** Address of the query service. */
  readonly api: string
  /** Stands in the User-Agent: an e-mail or web address. */
  readonly contact: string
  readonly dir: string
  /** Rows of a page. */
  readonly pageSize: number
}

/**
 * Fetches what Wikidata says of diseases and drugs into a folder, or goes on with it.
 *
 * @returns the files of all pages, in order: what the source `wikidata` reads
 * @throws what {@link fetchWikidata} throws
 */
export function fetchWikidataPages(
  { api, contact, dir, pageSize }: WikidataSettings,
  onPage: (page: { readonly file: string; readonly rows: number }) => void,
): Promise<readonly string[]> {
  return fetchWikidata({ endpoint: api, userAgent: userAgentOf(contact), outDir: dir, pageSize, onPage })
}
