import type { Item } from '../questions/types.ts'
import { orderAt } from './item-task.ts'

/**
 * The item with its options in the order in which a policy is shown them: one shuffle for a seed, the same in prompt,
 * judge, trajectory and evaluation. What cannot move stays; golds and proof move with their options.
 *
 * @paper Fleming-R1 has options in their own order; shuffled, no letter can be learnt by heart from a data set
 * @deviation the order is ours and depends on seed and id alone
 */
export function arrangeItem(item: Item, seed: number | string): Item {
  if (item.form === 'open') return item
  const order = orderAt(item, seed, 0)
  const places = order.map((_, original) => order.indexOf(original))
  const { origin } = item
  return {
    ...item,
    options: order.map((original) => item.options[original]!),
    golds: item.golds.map((gold) => places[gold] ?? -1).sort((a, b) => a - b),
    origin:
      origin.kind === 'curated'
        ? origin
        : {
            ...origin,
            optionEntities:
              origin.optionEntities.length === 0 ? [] : order.map((at) => origin.optionEntities[at] ?? null),
            refutations: origin.refutations.map((refutation) => ({
              ...refutation,
              option: places[refutation.option] ?? refutation.option,
            })),
          },
  }
}
