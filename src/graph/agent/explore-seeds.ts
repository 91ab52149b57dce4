import type { SeedsRecord } from './explore-log.ts'
import type { WikiClient } from './mediawiki.ts'

/** Where a walk starts. */
export type Seeds = {
  readonly titles: readonly string[]
  readonly categories: readonly string[]
  /** Levels of sub-categories whose pages are seeds too. */
  readonly categoryDepth: number
  /** Searches whose pages are seeds, such as `hastemplate:"Infobox medical condition"` where the wiki has CirrusSearch. */
  readonly searches: readonly string[]
  /** Most seeds from all categories and searches together. */
  readonly maxTitles: number
}

/** The titles to begin with: those given, then those of categories and searches, as far as the limit reaches. */
export async function collectSeeds(wiki: WikiClient, seeds: Seeds): Promise<SeedsRecord> {
  const titles = new Set(seeds.titles)
  const known = new Set<string>()
  let level = seeds.categories.map((name) => (name.startsWith('Category:') ? name : `Category:${name}`))
  const limit = seeds.titles.length + seeds.maxTitles
  for (let depth = 0; depth <= seeds.categoryDepth && level.length > 0; depth += 1) {
    const next: string[] = []
    for (const category of level) {
      if (known.has(category) || titles.size >= limit) continue
      known.add(category)
      for (const title of await wiki.categoryMembers(category, 'page', seeds.maxTitles)) {
        if (titles.size < limit) titles.add(title)
      }
      if (depth < seeds.categoryDepth) next.push(...(await wiki.categoryMembers(category, 'subcat', seeds.maxTitles)))
    }
    level = next
  }
  for (const text of seeds.searches) {
    const found = titles.size < limit ? await wiki.search(text, seeds.maxTitles) : []
    for (const title of found) if (titles.size < limit) titles.add(title)
  }
  return { kind: 'seeds', titles: [...titles], categories: [...known] }
}
