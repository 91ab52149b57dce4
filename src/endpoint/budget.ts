import { ConfigError } from '../core/errors.ts'
import type { Budget, ChatRequest, Prices, Spending, TokenUsage } from './types.ts'

/** Bytes of UTF-8 that a token covers at least, on average: 4 to 5 in English, 3 in Chinese (chosen by us: the safe side). */
const BYTES_PER_TOKEN = 3
/** Tokens of a chat template around a message (chosen by us: the safe side). */
const TOKENS_PER_MESSAGE = 8
const MILLION = 1_000_000

/** The most that a request can use: its prompt estimated on the safe side, its completion at its limit. */
export function estimateTokens(request: ChatRequest): TokenUsage {
  const promptTokens = request.messages.reduce(
    (sum, { content }) => sum + TOKENS_PER_MESSAGE + Math.ceil(Buffer.byteLength(content) / BYTES_PER_TOKEN),
    0,
  )
  return { promptTokens, completionTokens: request.maxTokens }
}

/** Counts of tokens as a server gives them, or null when they are no counts: whole numbers from 0. */
export function checkedUsage(usage: TokenUsage | null): TokenUsage | null {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  return usage !== null && isCount(usage.promptTokens) && isCount(usage.completionTokens) ? usage : null
}

/** What so many tokens cost; nothing where no price is known. */
export function costOf(usage: TokenUsage, prices: Prices | undefined): number {
  if (prices === undefined) return 0
  const { promptPerMillion, completionPerMillion } = prices
  return (usage.promptTokens * promptPerMillion + usage.completionTokens * completionPerMillion) / MILLION
}

/**
 * The most that a plan will spend if every call is answered at the first attempt, to be shown before it starts.
 *
 * @param requests the first request of each planned call
 */
export function estimateCalls(requests: Iterable<ChatRequest>, prices?: Prices): Spending {
  let spending: Spending = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }
  for (const request of requests) spending = addSpending(spending, estimateTokens(request), prices)
  return spending
}

/** Spending with one call more. */
export function addSpending(spending: Spending, usage: TokenUsage, prices: Prices | undefined): Spending {
  return {
    calls: spending.calls + 1,
    promptTokens: spending.promptTokens + usage.promptTokens,
    completionTokens: spending.completionTokens + usage.completionTokens,
    money: spending.money + costOf(usage, prices),
  }
}

/** Guards a budget: nothing starts that could break it, even if it came out as long as it may. */
export type BudgetKeeper = {
  /**
   * True once the call fits beside all that is under way, false when it cannot. Calls are let in strictly in the order
   * in which they ask; after the first refusal all are refused, so that the plan is done up to a point, not in patches.
   */
  reserve(need: TokenUsage): Promise<boolean>
  /** Ends a reservation with what was used; null when no call was made after all. */
  settle(need: TokenUsage, used: TokenUsage | null): void
  /** Refuses whoever waits, when the run ends. */
  close(): void
  readonly spending: Spending
}

type Waiting = { readonly need: TokenUsage; readonly decide: (isGranted: boolean) => void }

/**
 * The keeper of a budget of which some is spent already.
 *
 * @throws {ConfigError} when a limit is not a number of 0 or more, or money is limited and no prices are given
 */
export function createBudgetKeeper(budget: Budget, prices: Prices | undefined, spent: Spending): BudgetKeeper {
  checkBudget(budget, prices)
  let spending = spent
  let reserved: Spending = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }
  let isOut = false
  const waiting: Waiting[] = []
  const fits = (base: Spending, need: TokenUsage): boolean => {
    const total = addSpending(base, need, prices)
    const isWithin = (limit: number | null, amount: number): boolean => limit === null || amount <= limit
    return (
      isWithin(budget.calls, total.calls) &&
      isWithin(budget.tokens, total.promptTokens + total.completionTokens) &&
      isWithin(budget.money, total.money)
    )
  }
  const admit = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      isOut ||= !fits(spending, first.need)
      if (!isOut && !fits(sum(spending, reserved), first.need)) return
      waiting.shift()
      if (!isOut) reserved = addSpending(reserved, first.need, prices)
      first.decide(!isOut)
    }
  }
  return {
    reserve: (need) =>
      new Promise((decide) => {
        waiting.push({ need, decide })
        admit()
      }),
    settle: (need, used) => {
      reserved = subtract(reserved, addSpending(nothing, need, prices))
      if (used !== null) spending = addSpending(spending, used, prices)
      admit()
    },
    close: () => {
      isOut = true
      admit()
    },
    get spending() {
      return spending
    },
  }
}

const nothing: Spending = { calls: 0, promptTokens: 0, completionTokens: 0, money: 0 }

function sum(a: Spending, b: Spending): Spending {
  return {
    calls: a.calls + b.calls,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    money: a.money + b.money,
  }
}

function subtract(a: Spending, b: Spending): Spending {
  const calls = a.calls - b.calls
  // Nothing under way costs nothing: crumbs of rounding must not pile up.
  if (calls === 0) return nothing
  return {
    calls,
    promptTokens: a.promptTokens - b.promptTokens,
    completionTokens: a.completionTokens - b.completionTokens,
    money: a.money - b.money,
  }
}

function checkBudget(budget: Budget, prices: Prices | undefined): void {
  for (const field of ['calls', 'tokens', 'money'] as const) {
    const limit = budget[field]
    if (limit !== null && !(limit >= 0 && limit < Number.POSITIVE_INFINITY)) {
      throw new ConfigError(`budget ${field} must be null or a number from 0, found ${limit}`)
    }
  }
  if (budget.money !== null && prices === undefined) {
    throw new ConfigError('a budget of money needs prices', { hint: 'set the prices of a million tokens' })
  }
  for (const price of prices === undefined ? [] : [prices.promptPerMillion, prices.completionPerMillion]) {
    if (!(price >= 0 && price < Number.POSITIVE_INFINITY)) {
      throw new ConfigError(`a price must be a number from 0, found ${price}`)
    }
  }
}
