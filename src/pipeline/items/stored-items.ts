import { join } from 'node:path'
import { z } from 'zod'
import { iterateJsonl } from '../../core/jsonl.ts'
import { fromItem } from '../../policy/training-question.ts'
import type { ItemSplit } from '../../questions/item-split.ts'
import type { Item } from '../../questions/types.ts'
import { arrangeItem } from '../../rewards/arrange-item.ts'

export const ITEMS_FILE = 'items.jsonl'

const record = z.looseObject({
  split: z.enum(['train', 'probe', 'test']),
  item: z.looseObject({ id: z.string(), stem: z.string(), origin: z.looseObject({ kind: z.string() }) }),
})

export type StoredItem = { readonly split: ItemSplit; readonly item: Item }

/** The items that `makeItemQuestions` wrote, in their own order of options; sealed, so trusted after a look. */
export function* iterateStoredItems(dir: string): Generator<StoredItem> {
  for (const { split, item } of iterateJsonl(join(dir, ITEMS_FILE), (value) => record.parse(value)))
    yield { split, item: item as unknown as Item }
}

/** The prompt of a held-out item, the first by id; of a training item where none is held out. */
export function exampleItem(runDir: string, dataSeed: number): string {
  const stored = [...iterateStoredItems(join(runDir, 'questions'))]
  const held = stored.filter(({ split }) => split === 'test')
  const [first] = (held.length > 0 ? held : stored).sort((a, b) => (a.item.id < b.item.id ? -1 : 1))
  return first === undefined ? '' : fromItem(arrangeItem(first.item, dataSeed)).prompt
}
