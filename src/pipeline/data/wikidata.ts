/** For the command line, which knows the pipeline alone. */
export { fetchWikidata } from '../../graph/sources/wikidata-query.ts'
