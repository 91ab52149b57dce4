import { runCalls } from '../../endpoint/calls.ts'
import type { PlannedCall } from '../../endpoint/types.ts'
import { linkGraph } from '../../graph/linking.ts'
import type { PackedGraph } from '../../graph/types.ts'
import { type RewordingLexicon, readRewording, rewordingRequest } from '../../questions/items/rewording.ts'
import type { Item, Language } from '../../questions/types.ts'
import type { Observer } from '../observer.ts'
import { callOptions, type Endpoint, Tally } from './shared.ts'

/** What became of the questions that a language model was to reword; kept + dropped + skipped are all of them. */
export type WriterCensus = {
  readonly model: string
  readonly asked: number
  readonly kept: number
  /** No wording passed the checks within all attempts. */
  readonly dropped: number
  /** Beyond the budget: the question keeps its template. */
  readonly skipped: number
  readonly droppedByCause: Readonly<Record<string, number>>
}

/** Rewords items one by one, in order; what no attempt worded soundly is dropped and counted. */
export async function rewordItems(
  items: Iterable<Item>,
  { runDir, endpoint, graph, observer }: { runDir: string; endpoint: Endpoint; graph: PackedGraph; observer: Observer },
  write: (item: Item) => void,
): Promise<WriterCensus> {
  const lexicons = createLexicons(graph)
  const pending: Item[] = []
  const plan = function* (): Generator<PlannedCall<string>> {
    for (const item of items) {
      pending.push(item)
      const lexicon = lexicons[item.language]
      const given = item.origin.kind === 'graph' ? item.origin.given.map((id) => lexicon.namesOf(id)[0] ?? '') : []
      yield {
        key: `${item.id}/wording`,
        request: (attempt) => rewordingRequest(item, given, attempt),
        read: (reply) => readRewording(reply, item, lexicon),
      }
    }
  }
  const causes = new Tally()
  const counts = { asked: 0, kept: 0, skipped: 0 }
  for await (const outcome of runCalls(plan(), callOptions(runDir, 'writer', endpoint))) {
    const item = pending.shift()!
    counts.asked += 1
    if (outcome.kind === 'done') {
      counts.kept += 1
      write(reworded(item, outcome.value))
    } else if (outcome.kind === 'skipped') {
      counts.skipped += 1
      write(item)
    } else causes.add(outcome.cause)
    if (counts.asked % 100 === 0) observer.note(`writer: ${counts.asked} asked, ${causes.total} dropped`)
  }
  return {
    model: endpoint.config.model,
    ...counts,
    kept: counts.kept + counts.skipped,
    dropped: causes.total,
    droppedByCause: causes.toRecord(),
  }
}

const reworded = (item: Item, stem: string): Item => ({
  ...item,
  stem,
  origin: item.origin.kind === 'graph' ? { ...item.origin, writer: 'llm' } : item.origin,
})

/** Names in each language, and the reader of names that the checks use. */
function createLexicons(graph: PackedGraph): { readonly [Name in Language]: RewordingLexicon } {
  const linker = linkGraph(graph)
  const entityById = new Map<string, number>()
  for (let entity = 0; entity < graph.entityCount; entity++) entityById.set(graph.entityIdOf(entity), entity)
  const mentioned = (text: string): string[] => linker.find(text).map(({ entity }) => graph.entityIdOf(entity))
  const names = (entity: number): string[] => [graph.labelOf(entity), ...graph.synonymsOf(entity)]
  const withEntity = (id: string, take: (entity: number) => string[]): string[] => {
    const entity = entityById.get(id)
    return entity === undefined ? [] : take(entity)
  }
  return {
    en: { mentioned, namesOf: (id) => withEntity(id, names) },
    zh: {
      mentioned,
      namesOf: (id) =>
        withEntity(id, (entity) => {
          const chinese = graph.labelZhOf(entity)
          return [...(chinese === undefined ? [] : [chinese]), ...names(entity)]
        }),
    },
  }
}
