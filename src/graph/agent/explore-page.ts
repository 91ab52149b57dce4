import { contentId } from '../../core/hash.ts'
import { runCalls } from '../../endpoint/calls.ts'
import type { Budget, ChatModel, PlannedCall, Prices, Spending, TokenUsage } from '../../endpoint/types.ts'
import { type Extraction, extractionRequest, readExtraction } from '../extract.ts'
import type { Schema } from '../schema.ts'
import type { EntityType } from '../types.ts'
import type { PageSection, WikiPage } from './page.ts'

/** Text that one call reads: sections with their headings, up to this many characters; chosen by us. */
const PASSAGE_CHARS = 4_000

/** The text of a page in passages for a model, whole sections together where they fit. */
export function passagesOf(sections: readonly PageSection[]): string[] {
  const passages: string[] = []
  let current = ''
  for (const { path, text } of sections) {
    const heading = path.length === 0 ? '' : `${path[path.length - 1]}\n`
    for (const piece of piecesOf(`${heading}${text}`)) {
      if (current !== '' && current.length + piece.length + 2 > PASSAGE_CHARS) {
        passages.push(current)
        current = ''
      }
      current = current === '' ? piece : `${current}\n\n${piece}`
    }
  }
  return current === '' ? passages : [...passages, current]
}

/** A section in pieces that each fit, cut at a line end, else after a sentence, else anywhere. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  let start = 0
  while (text.length - start > PASSAGE_CHARS) {
    const window = text.slice(start, start + PASSAGE_CHARS)
    const gap = [window.lastIndexOf('\n'), window.lastIndexOf('. ') + 1].find((place) => place > PASSAGE_CHARS / 2)
    // A character of two units must not be cut in two.
    const isHalf = /[\ud800-\udbff]$/.test(window)
    const at = gap ?? (isHalf ? PASSAGE_CHARS - 1 : PASSAGE_CHARS)
    pieces.push(window.slice(0, at))
    start += at
  }
  pieces.push(text.slice(start))
  return pieces.map((piece) => piece.trim()).filter((piece) => piece !== '')
}

type ReadingOptions = {
  readonly model: ChatModel
  readonly schema: Schema
  readonly logFile: string
  readonly maxPassages: number
  readonly concurrency: number
  readonly maxAttempts: number
  readonly budget: Budget
  readonly prices?: Prices | undefined
  readonly signal?: AbortSignal | undefined
  readonly retryDelayMs?: number | undefined
}

export type Reading = {
  readonly extractions: readonly Extraction[]
  /** Causes, one for each passage that gave nothing readable. */
  readonly failed: readonly string[]
  readonly leftOut: number
  /** Of the replies that were read. */
  readonly usage: TokenUsage
  /** True when the budget did not reach to the end of the page: then it is not to be kept. */
  readonly isOutOfBudget: boolean
  /** Of all attempts in the log of this page. */
  readonly spending: Spending
}

/**
 * What a model reads on a page, one call a passage, each asked once whatever happens.
 *
 * @throws {EngineError} as `runCalls`
 */
export async function readWithModel(
  page: WikiPage,
  { title, revision }: { readonly title: string; readonly revision: number },
  options: ReadingOptions,
): Promise<Reading> {
  const all = passagesOf(page.sections)
  const passages = all.slice(0, options.maxPassages)
  type Value = { readonly extraction: Extraction; readonly usage: TokenUsage | null }
  const calls = passages.map((passage, index): PlannedCall<Value> => {
    const request = extractionRequest(passage, { schema: options.schema, title })
    return {
      key: contentId('passage', { title, revision, index, passage }),
      // A reply that could not be read would come again for the same request.
      request: (attempt) => (attempt === 1 ? request : { ...request, temperature: 0.3, seed: attempt }),
      read: (reply) => {
        const extraction = readExtraction(reply, passage, options.schema, { title })
        return extraction.fault === null
          ? { kind: 'value', value: { extraction, usage: reply.usage } }
          : { kind: 'refused', reason: extraction.fault }
      },
    }
  })
  const { model, logFile, concurrency, maxAttempts, budget, prices, signal, retryDelayMs } = options
  const outcomes = runCalls(calls, { model, logFile, concurrency, maxAttempts, budget, prices, signal, retryDelayMs })
  const extractions: Extraction[] = []
  const failed: string[] = []
  let usage: TokenUsage = { promptTokens: 0, completionTokens: 0 }
  let isOutOfBudget = false
  for (;;) {
    const next = await outcomes.next()
    if (next.done === true) {
      const { spending } = next.value
      return { extractions, failed, leftOut: all.length - passages.length, usage, isOutOfBudget, spending }
    }
    const outcome = next.value
    if (outcome.kind === 'quarantined') failed.push(outcome.cause)
    else if (outcome.kind === 'skipped') isOutOfBudget = true
    else {
      extractions.push(outcome.value.extraction)
      const used = outcome.value.usage
      usage = {
        promptTokens: usage.promptTokens + (used?.promptTokens ?? 0),
        completionTokens: usage.completionTokens + (used?.completionTokens ?? 0),
      }
    }
  }
}

const categoryEndings: readonly (readonly [RegExp, EntityType])[] = [
  [/(?:^| )(?:diseases|disorders|syndromes|infections|cancers|neoplasms)$/i, 'disease'],
  [/(?:^| )(?:drugs|antibiotics|antivirals|antifungals|vaccines|medications)$/i, 'drug'],
  [/(?:^| )(?:symptoms|symptoms and signs|medical signs)$/i, 'finding'],
  [/(?:^| )(?:blood tests|medical tests|medical imaging)$/i, 'test'],
]

/** What a page without a telling infobox is about, by the last word of its categories; null when they do not agree. */
export function typeOfCategories(categories: readonly string[]): EntityType | null {
  const types = new Set(
    categories.flatMap((category) => {
      const type = categoryEndings.find(([ending]) => ending.test(category))?.[1]
      return type === undefined ? [] : [type]
    }),
  )
  const [only] = types
  return types.size === 1 && only !== undefined ? only : null
}
