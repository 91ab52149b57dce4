import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { type Log, openLog, readLog } from '../../core/store.ts'
import type { Budget, Spending } from '../../endpoint/types.ts'

const SPENDING_FILE = 'spending.jsonl'
const entry = z.strictObject({
  ordinal: z.int().min(1),
  spending: z.strictObject({
    calls: z.number(),
    promptTokens: z.number(),
    completionTokens: z.number(),
    money: z.number(),
  }),
})

export type SpendingLedger = {
  /** What is left for a page; its own log of calls counts what the page has spent itself. */
  budgetFor(ordinal: number, budget: Budget): Budget
  write(ordinal: number, spending: Spending): void
  close(): void
}

/**
 * What the pages of an exploration cost, in a file beside its records. It stands apart because calls that a kill cut off
 * count as paid for: what was spent may differ between a run and a resumed one, what was found does not.
 *
 * @throws {DataError} when the file is no such ledger
 */
export function openSpending(dir: string): SpendingLedger {
  const file = join(dir, SPENDING_FILE)
  const byPage = new Map<number, Spending>()
  let total: Spending = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }
  const put = (ordinal: number, spending: Spending): void => {
    total = combine(combine(total, byPage.get(ordinal), -1), spending, 1)
    byPage.set(ordinal, spending)
  }
  if (existsSync(file)) {
    readLog(file, (value) => {
      const parsed = entry.safeParse(value)
      if (!parsed.success) throw new DataError('not a line of the ledger of the wiki agent', { file })
      put(parsed.data.ordinal, parsed.data.spending)
      return null
    })
  }
  let log: Log | null = null
  return {
    budgetFor: (ordinal, budget) => {
      const others = combine(total, byPage.get(ordinal), -1)
      const left = (limit: number | null, spent: number): number | null =>
        limit === null ? null : Math.max(0, limit - spent)
      return {
        calls: left(budget.calls, others.calls),
        tokens: left(budget.tokens, others.promptTokens + others.completionTokens),
        money: left(budget.money, others.money),
      }
    },
    write: (ordinal, spending) => {
      put(ordinal, spending)
      log ??= openLog(file)
      log.append([{ ordinal, spending: { ...spending } }])
    },
    close: () => log?.close(),
  }
}

function combine(a: Spending, b: Spending | undefined, sign: 1 | -1): Spending {
  if (b === undefined) return a
  return {
    calls: a.calls + sign * b.calls,
    promptTokens: a.promptTokens + sign * b.promptTokens,
    completionTokens: a.completionTokens + sign * b.completionTokens,
    money: a.money + sign * b.money,
  }
}
