import type { Item } from '../types.ts'
import type { ContaminationRule, RuleHit } from './contamination.ts'
import { bareStem } from './contamination-text.ts'
import { wordsOf } from './shingles.ts'
import { hasContent, plainOption, textKey } from './shingles-keys.ts'

type Forms = { readonly stems: readonly string[]; readonly answers: readonly string[]; readonly options: string | null }

/** Characters of a passage that is quoted as evidence. */
export const MAX_EVIDENCE = 160

/**
 * An index of questions by their words: neither case nor punctuation nor the order of options matters.
 *
 * @param items benchmark questions; hits name them by number
 */
export function createExactIndex(items: readonly Item[]): {
  readonly sizeBytes: number
  check(item: Item): RuleHit[]
} {
  const byKey = new Map<number, { readonly index: number; readonly rule: ContaminationRule }[]>()
  let entries = 0
  for (const [index, item] of items.entries()) {
    for (const { key, rule, isOwn } of keysOf(item)) {
      if (!isOwn) continue
      const known = byKey.get(key)
      const entry = { index, rule }
      entries += 1
      if (known === undefined) byKey.set(key, [entry])
      else known.push(entry)
    }
  }
  return {
    // A slot of the map, a list and an object each; measured at 150 to 200 bytes.
    sizeBytes: entries * 200,
    check: (item) => {
      const hits: RuleHit[] = []
      for (const { key } of keysOf(item)) {
        for (const { index, rule } of byKey.get(key) ?? []) {
          hits.push({ index, rule, score: 1, evidence: items[index]!.stem.slice(0, MAX_EVIDENCE) })
        }
      }
      return hits
    },
  }
}

/** Keys of an item, the strongest rule first; `isOwn`: the key stands for one question and not for thousands. */
function keysOf(item: Item): { key: number; rule: ContaminationRule; isOwn: boolean }[] {
  const { stems, answers, options } = formsOf(item)
  const keys: { key: number; rule: ContaminationRule; isOwn: boolean }[] = []
  for (const stem of stems) {
    keys.push({ key: textKey(stem), rule: 'exact question', isOwn: hasContent(stem.split(' ')) })
  }
  for (const stem of stems) {
    if (options !== null) {
      keys.push({ key: textKey(`${stem}\n\n${options}`), rule: 'exact question and options', isOwn: true })
    }
    for (const answer of answers) {
      const isOwn = hasContent(`${stem} ${answer}`.split(' '))
      keys.push({ key: textKey(`${stem}\n${answer}`), rule: 'exact question and answer', isOwn })
    }
  }
  return keys
}

/** The question with and without its context, and without options that its stem repeats. */
function formsOf(item: Item): Forms {
  const bare = bareStem(item)
  const stems = [bare]
  if (bare !== item.stem) stems.push(item.stem)
  if (item.context !== null) stems.push(`${item.context} ${bare}`)
  return {
    stems: stems.map((stem) => wordsOf(stem).join(' ')),
    answers: item.answers.map(plainOption),
    options: item.options.length === 0 ? null : item.options.map(plainOption).sort().join('\n'),
  }
}
