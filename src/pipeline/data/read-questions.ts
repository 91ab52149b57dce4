import { hashFile } from '../../core/hash.ts'
import { questionSources } from '../../questions/registry.ts'
import { resolveQuestionFile } from '../../questions/sources/open.ts'
import type { Item } from '../../questions/types.ts'
import { byCount, type ReasonCount } from './read-source.ts'

/** What a reader found in the file of a data set. */
export type QuestionReading = {
  readonly source: string
  readonly title: string
  readonly license: string
  readonly use: 'training' | 'benchmark'
  readonly testedOn: string
  /** As it was named, or `hf:owner/name@commit:path`. */
  readonly file: string
  readonly sha256: string
  readonly revision: string
  readonly rows: number
  readonly kept: number
  readonly dropped: number
  readonly droppedByReason: Readonly<Record<string, ReasonCount>>
  readonly bySplit: Readonly<Record<string, number>>
  readonly byForm: Readonly<Record<string, number>>
  /** Options of an item → items. */
  readonly byOptions: Readonly<Record<string, number>>
  /** Position of the first gold → items. */
  readonly byGold: Readonly<Record<string, number>>
  readonly examples: readonly Item[]
}

/**
 * What one data set of questions holds: rows read, kept, and dropped by reason.
 *
 * @param spec a file, or hf:owner/name@revision:path
 * @throws {ConfigError} for an unknown source
 * @throws {DataError} when the file is not of that form
 * @throws {EngineError} when the Hub cannot be reached
 */
export async function readQuestionSet(
  name: string,
  spec: string,
  options: { readonly split?: 'train' | 'dev' | 'test'; readonly answerBase?: 0 | 1; readonly examples?: number } = {},
): Promise<QuestionReading> {
  const source = questionSources.get(name)
  const { file, place, revision } = await resolveQuestionFile(spec, { source, split: options.split ?? null })
  const counts = { split: new Map<string, number>(), form: new Map(), options: new Map(), gold: new Map() }
  const bump = (map: Map<string, number>, key: string): void => {
    map.set(key, (map.get(key) ?? 0) + 1)
  }
  const droppedByReason = new Map<string, { count: number; example: string }>()
  const examples: Item[] = []
  let kept = 0
  let dropped = 0
  for await (const row of source.read({
    ...{ file, place, revision, split: options.split ?? null },
    ...(options.answerBase === undefined ? {} : { answerBase: options.answerBase }),
  })) {
    if (row.kind === 'dropped') {
      dropped += 1
      const { reason, detail, line } = row.row
      const known = droppedByReason.get(reason)
      if (known === undefined) droppedByReason.set(reason, { count: 1, example: `${place}:${line}: ${detail}` })
      else known.count += 1
      continue
    }
    const { item } = row
    kept += 1
    if (examples.length < (options.examples ?? 1)) examples.push(item)
    if (item.origin.kind === 'curated') bump(counts.split, item.origin.split)
    bump(counts.form, item.form)
    bump(counts.options, String(item.options.length))
    if (item.golds[0] !== undefined) bump(counts.gold, String(item.golds[0]))
  }
  return {
    source: source.name,
    title: source.title,
    license: source.license,
    use: source.use,
    testedOn: source.testedOn,
    file: place,
    sha256: hashFile(file).sha256,
    revision,
    rows: kept + dropped,
    kept,
    dropped,
    droppedByReason: Object.fromEntries(
      [...droppedByReason].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1)),
    ),
    bySplit: byCount(counts.split),
    byForm: byCount(counts.form),
    byOptions: byCount(counts.options),
    byGold: byCount(counts.gold),
    examples,
  }
}
