import { join } from 'node:path'
import { fromItem } from '../../policy/training-question.ts'
import type { ItemSplit } from '../../questions/item-split.ts'
import { arrangeItem } from '../../rewards/arrange-item.ts'
import type { Config } from '../config.ts'
import type { ItemsConfig } from '../config-items.ts'
import { refinementFiles } from '../data/refinement.ts'
import { iterateItems } from '../data/shared.ts'
import { openDataRun } from './data-run.ts'
import { lessonsOf } from './material.ts'
import { type PromptLimits, promptLimits, selectItems } from './questions.ts'

/** How many items a run works on, and how long their prompts are. */
export type ItemCounts = {
  readonly training: number
  readonly test: number
  readonly probe: number
  readonly trajectories: number
  /** Mean tokens of a training prompt; null where the tokenizer is not on this computer. */
  readonly promptTokens: number | null
}

/** Prompts whose mean length stands for all. */
const measuredPrompts = 256

/**
 * Selects and splits the items in memory, as the stage `questions` will. A base of the hub is not downloaded for it: then
 * no item is left out for its length, and the length of prompts is not known.
 *
 * @throws {DataError | AuditError} as the run would be refused
 */
export async function countItems(config: Config, settings: ItemsConfig, model: string): Promise<ItemCounts> {
  openDataRun(settings.from)
  const limits = model.startsWith('hf:') ? null : await promptLimits(config, model, () => {})
  const mix = iterateItems(join(settings.from, 'refinement', refinementFiles.questions))
  const { items, splits } = selectItems(mix, settings, limits ?? noLimits, config.dataSeed)
  const inSplit = (split: ItemSplit) => items.filter(({ id }) => splits.get(id) === split)
  const training = inSplit('train').map((item) => ({ original: item, shown: arrangeItem(item, config.dataSeed) }))
  const { items: count, maxHops, epochs } = config['cold-start']
  const options = { count: epochs === 0 ? 0 : count, maxHops, seed: config.dataSeed }
  const prompts = training.slice(0, measuredPrompts).map(({ shown }) => fromItem(shown).prompt)
  const tokens = limits === null ? [] : prompts.map((prompt) => limits.codec.prompt(prompt).length)
  return {
    ...{ training: training.length, test: inSplit('test').length, probe: inSplit('probe').length },
    trajectories: lessonsOf({ training, judgeSteps: () => [] }, options).tasks.length,
    promptTokens: tokens.length === 0 ? null : tokens.reduce((sum, length) => sum + length, 0) / tokens.length,
  }
}

const noLimits: PromptLimits = { codec: { prompt: () => [] }, room: Number.POSITIVE_INFINITY }
