import { join } from 'node:path'
import { AuditError, DataError } from '../../core/errors.ts'
import { formatJson } from '../../core/json.ts'
import { openJsonlWriter, putAtomic } from '../../core/store.ts'
import { readDecoder } from '../../engine/local/hf/folder.ts'
import { checkJudge, verifiableJudge } from '../../policy/judge.ts'
import { fromItem } from '../../policy/training-question.ts'
import { countSharedTriples, type ItemSplit, splitItems } from '../../questions/item-split.ts'
import type { Item } from '../../questions/types.ts'
import { arrangeItem } from '../../rewards/arrange-item.ts'
import type { Codec } from '../../text/codec.ts'
import { openTextModel } from '../../text/text-model.ts'
import type { Config } from '../config.ts'
import type { ItemsConfig } from '../config-items.ts'
import { refinementFiles } from '../data/refinement.ts'
import { iterateItems } from '../data/shared.ts'
import { findTextModel } from '../model-text.ts'
import type { Observer } from '../observer.ts'
import { tally } from '../report/tally.ts'
import { ITEMS_FILE } from './stored-items.ts'

/** Items that a policy may be asked, and why the others may not. */
export type ItemSelection = {
  readonly items: readonly Item[]
  readonly splits: ReadonlyMap<string, ItemSplit>
  /** Reason → how many, and the first of them. */
  readonly dropped: Readonly<Record<string, { readonly count: number; readonly example: string }>>
}

/** What decides which items of the mix are asked, beside the mix. */
export type PromptLimits = {
  readonly codec: Pick<Codec, 'prompt'>
  /** Tokens of a prompt at most: the context less the longest completion. */
  readonly room: number
}

/**
 * Tokens that the longest completion of any stage takes.
 */
export const longestCompletion = (config: Config): number =>
  Math.max(config['rl-1'].maxTokens, config['rl-2'].maxTokens, config.evaluation.maxTokens)

/** The codec of the base model, and how long prompts may be. The base is looked up, its weights are not read. */
export async function promptLimits(config: Config, model: string, note: (text: string) => void): Promise<PromptLimits> {
  const folder = await findTextModel(model, note)
  return { codec: openTextModel(folder).codec, room: readDecoder(folder).maxPositions - longestCompletion(config) }
}

/**
 * The items of a mix that can be asked and verified, each once, and where each belongs. An item is dropped when its prompt
 * does not fit, holds a control token, or when the verifier cannot tell right from wrong on it.
 *
 * @param seed of the order of options and of the split
 */
export function selectItems(
  mix: Iterable<Item>,
  settings: ItemsConfig,
  limits: PromptLimits,
  seed: number,
): ItemSelection {
  const kept = new Map<string, Item>()
  const dropped = new Map<string, { count: number; example: string }>()
  for (const item of mix) {
    const reason = kept.has(item.id) ? 'stands in the mix more than once' : whyNot(arrangeItem(item, seed), limits)
    if (reason === null) kept.set(item.id, item)
    else {
      const known = dropped.get(reason)
      if (known === undefined) dropped.set(reason, { count: 1, example: item.id })
      else known.count += 1
    }
  }
  const items = [...kept.values()]
  return { items, splits: splitItems(items, { ...settings, seed }), dropped: Object.fromEntries(dropped) }
}

const judge = verifiableJudge('gated')

/** Why an item cannot be trained on; null when it can. */
function whyNot(item: Item, { codec, room }: PromptLimits): string | null {
  let prompt: string
  try {
    const question = fromItem(item)
    prompt = question.prompt
    checkJudge(judge, [question])
  } catch (cause) {
    if (cause instanceof DataError) return 'cannot be asked: no options, no wording, or nothing that would be wrong'
    if (cause instanceof AuditError) return 'the verifier cannot tell right from wrong'
    throw cause
  }
  try {
    return codec.prompt(prompt).length > room ? `prompt longer than ${room} tokens` : null
  } catch (cause) {
    if (cause instanceof DataError) return 'holds a control token of the model'
    throw cause
  }
}

/**
 * Writes the stage `questions` of a run on items: those of the mix that can be asked, each with its split, and the count of
 * what there is and what was left out. The questions of the starter graph are there and none.
 *
 * @returns the files written, relative to `dir`
 * @throws {DataError} when nothing is left to train on
 */
export async function makeItemQuestions(
  dir: string,
  config: Config,
  settings: ItemsConfig,
  model: string,
  observer: Observer,
): Promise<string[]> {
  const limits = await promptLimits(config, model, (text) => observer.note(text))
  const mix = iterateItems(join(settings.from, 'refinement', refinementFiles.questions))
  const { items, splits, dropped } = selectItems(mix, settings, limits, config.dataSeed)
  const writer = openJsonlWriter(join(dir, ITEMS_FILE))
  try {
    for (const item of items) writer.write({ split: splits.get(item.id), item })
    writer.finish()
  } finally {
    writer.close()
  }
  const census = censusOf(items, splits, dropped)
  putAtomic(join(dir, 'census.json'), `${formatJson(census, { pretty: true })}\n`)
  putAtomic(join(dir, 'questions.jsonl'), '')
  if ((census.bySplit.train ?? 0) === 0) {
    throw new DataError('no item of the mix can be trained on', {
      file: join(dir, 'census.json'),
      hint: 'the file counts the reasons under "itemsDropped"',
    })
  }
  tell(census, observer)
  return [ITEMS_FILE, 'census.json', 'questions.jsonl']
}

/** What `census.json` holds; `kept`, `dropped` and `heldOutDiseases` are of the starter graph's questions: none. */
function censusOf(
  items: readonly Item[],
  splits: ReadonlyMap<string, ItemSplit>,
  itemsDropped: ItemSelection['dropped'],
) {
  return {
    ...{ kept: 0, dropped: {}, heldOutDiseases: [] },
    items: items.length,
    bySplit: tally(items.map(({ id }) => splits.get(id) ?? 'train')),
    byForm: tally(items.map(({ form }) => form)),
    byLanguage: tally(items.map(({ language }) => language)),
    bySource: tally(items.map(({ origin }) => (origin.kind === 'graph' ? 'synthetic' : origin.source))),
    byDifficulty: tally(items.map(({ difficulty }) => difficulty ?? 'none, counted as moderate')),
    sharedTriples: countSharedTriples(items, splits),
    itemsDropped,
  }
}

function tell(census: ReturnType<typeof censusOf>, observer: Observer): void {
  const { items, bySplit, sharedTriples, byDifficulty, itemsDropped } = census
  const left = Object.values(itemsDropped).reduce((sum, { count }) => sum + count, 0)
  observer.note(
    `${items} items: ${bySplit.train ?? 0} to train on, ${bySplit.test ?? 0} held out, ${bySplit.probe ?? 0} to watch; ${left} left out`,
  )
  if (sharedTriples > 0)
    observer.note(`${sharedTriples} held-out items rest in part on triples that training items rest on too`)
  const untiered = byDifficulty['none, counted as moderate'] ?? 0
  if (untiered > 0) observer.note(`${untiered} items have no difficulty and count as moderate`)
}
