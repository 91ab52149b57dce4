import { z } from 'zod'
import { ConfigError } from '../../core/errors.ts'
import { optionLetters } from '../../text/options.ts'
import { findShape, type ShapeGroup } from './shapes.ts'

const share = z.number().min(0)
const ratio = z.number().min(0).max(1)
const groups: readonly ShapeGroup[] = ['taxonomy', 'one-hop', 'path', 'common', 'case', 'comparison']

/** What items are made: how many, of which shapes, forms and languages, in which proportions. */
export const itemsConfigSchema = z.strictObject({
  count: z.int().min(1).max(100_000_000),
  /** Name of a shape or of a group of shapes → its share; a shape named by itself is taken out of its group. */
  shapes: z.record(z.string(), share),
  forms: z.strictObject({ single: share, multiple: share, open: share }),
  /** How many options an item has, "none of the above" included, and how often. */
  options: z.array(z.strictObject({ count: z.int().min(3).max(optionLetters.length), share })).min(1),
  /** Share of single-answer items whose last option is "none of the above". */
  noneOfTheAbove: ratio,
  /** Share of these where it is right. */
  noneIsGold: ratio,
  languages: z.strictObject({ en: share, zh: share }),
  /** Chinese sentences around English names where an entity has no Chinese one. */
  allowsEnglishNames: z.boolean(),
  /** Share of the features of a case that are withheld. */
  maskRate: ratio,
  maxDepth: z.int().min(1).max(5),
  /** Right answers of an open item at most; more, and nearly any answer would do. */
  maxAccepted: z.int().min(1),
  /** Entities that may stand at one hidden place of a chain at most. */
  maxFocus: z.int().min(1).max(1000),
  /** Draws for one item before it is given up. */
  maxAttempts: z.int().min(1).max(1000),
})

export type ItemsConfig = z.infer<typeof itemsConfigSchema>

/** The proportions we suggest; chosen by us, for the paper names kinds of questions but no shares. */
export function defaultItemsConfig(count: number): ItemsConfig {
  return {
    count,
    shapes: {
      taxonomy: 0.04,
      'one-hop': 0.26,
      path: 0.25,
      common: 0.15,
      'case-diagnosis': 0.1,
      case: 0.1,
      comparison: 0.1,
    },
    forms: { single: 0.75, multiple: 0.1, open: 0.15 },
    options: [
      { count: 4, share: 0.6 },
      { count: 5, share: 0.25 },
      { count: 10, share: 0.15 },
    ],
    noneOfTheAbove: 0.1,
    noneIsGold: 0.3,
    languages: { en: 1, zh: 0 },
    allowsEnglishNames: false,
    maskRate: 0.4,
    maxDepth: 5,
    maxAccepted: 12,
    maxFocus: 8,
    maxAttempts: 24,
  }
}

/**
 * The config, checked.
 *
 * @throws {ConfigError} naming the field that is wrong, an unknown shape, or shares that are all 0
 */
export function readItemsConfig(value: unknown): ItemsConfig {
  const parsed = itemsConfigSchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ConfigError(`questions from the graph: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`)
  }
  const config = parsed.data
  for (const name of Object.keys(config.shapes)) {
    if (!groups.some((group) => group === name) && findShape(name) === null) {
      throw new ConfigError(`unknown shape "${name}"`, {
        hint: `groups: ${groups.join(', ')}; src/questions/items/shapes.ts lists the shapes`,
      })
    }
  }
  const shares = {
    shapes: Object.values(config.shapes),
    forms: Object.values(config.forms),
    options: config.options.map((option) => option.share),
    languages: Object.values(config.languages),
  }
  for (const [field, values] of Object.entries(shares)) {
    if (!values.some((value) => value > 0)) throw new ConfigError(`questions from the graph: all ${field} have share 0`)
  }
  return config
}
