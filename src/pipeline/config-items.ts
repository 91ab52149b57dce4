import { z } from 'zod'
import { ConfigError } from '../core/errors.ts'
import type { Config } from './config.ts'

const count = z.number().int().positive()

/** The entry `questions.items`: train on what a data run made, in the place of the starter graph's questions. */
export const itemsSchema = z.strictObject({
  from: z.string().min(1).describe('folder of a finished data run, such as runs/data: its mix is trained on'),
  heldOut: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe('share of the items that is never trained on, whole groups of like content'),
  heldOutMost: count.default(500).describe('held-out items at most'),
  probe: z
    .number()
    .int()
    .nonnegative()
    .default(60)
    .describe('further items that are not trained on and watched while training'),
})

export type ItemsConfig = z.infer<typeof itemsSchema>

/** The document with what a run on items has in the place of the starter's defaults: there are no facts to learn by heart. */
export function expandItems(document: unknown): unknown {
  if (!isSection(document) || !isSection(document.questions) || !isSection(document.questions.items)) return document
  const section = (name: string): Record<string, unknown> => (isSection(document[name]) ? document[name] : {})
  return {
    ...document,
    pretrain: { steps: 0, ...section('pretrain') },
    'cold-start': { rehearsal: 0, ...section('cold-start') },
  }
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The settings of a run on items, or null for one on the starter graph.
 *
 * @throws {ConfigError} when the rest of the configuration cannot work on items
 */
export function itemsOf(config: Config): ItemsConfig | null {
  const { items } = config.questions
  if (items === null) return null
  const cold = config['cold-start']
  if (config.engine.model === null) {
    throw new ConfigError(
      'questions.items needs engine.model: a student from scratch knows the words of the starter graph alone',
      {
        hint: 'name a Hugging Face folder or hf:owner/name@revision to start from',
      },
    )
  }
  if (cold.epochs > 0 && cold.teacher === 'graph') {
    throw new ConfigError('cold-start.teacher graph walks the starter graph and cannot teach the items of a data run', {
      hint: 'set cold-start.teacher to endpoint or engine, or cold-start.epochs to 0 for no cold start',
    })
  }
  if (config.pretrain.steps > 0 || cold.rehearsal > 0) {
    throw new ConfigError(
      'pretrain.steps and cold-start.rehearsal learn the facts of the starter graph, and a run on items has none',
      {
        hint: 'leave both out, or set them to 0',
      },
    )
  }
  return items
}
