import { createRng } from '../../core/rng.ts'
import { estimateCalls } from '../../endpoint/budget.ts'
import { type RunCallsOptions, runCalls } from '../../endpoint/calls.ts'
import type { ChatReply, ChatRequest, PlannedCall } from '../../endpoint/types.ts'
import { messagesOf } from '../prompts.ts'
import type { Ask, Attempt, Draft, Teacher } from '../types.ts'
import type { AskSettings } from './parts.ts'

/**
 * A teacher that is a language model, asked through the ledger: every ask is one planned call, named by question, mode,
 * strategy and attempt, so that it is answered exactly once over all restarts.
 *
 * A reply without reasoning or without one answer block is refused and asked for again, with another seed, within the
 * attempts of the calls: it says nothing of the question. A wrong answer is an answer.
 *
 * @throws {EngineError} as `runCalls`, when the endpoint is down
 */
export function chatTeacher(name: string, model: string, calls: RunCallsOptions, settings: AskSettings): Teacher {
  return {
    name,
    title: model,
    sawGold: (mode) => mode === 'answer-aware',
    distinctAttempts: null,
    estimate: (asks) => estimateCalls(requestsOf(asks, settings), calls.prices),
    ask: async function* (asks) {
      const pending: Ask[] = []
      const plan = function* (): Generator<PlannedCall<Draft>> {
        for (const ask of asks) {
          pending.push(ask)
          yield callOf(ask, settings)
        }
      }
      for await (const outcome of runCalls(plan(), calls)) {
        const ask = pending.shift()!
        if (outcome.kind === 'done') {
          yield { kind: 'draft', ask, draft: outcome.value, messages: messagesOf(ask) } satisfies Attempt
        } else yield { kind: outcome.kind === 'skipped' ? 'skipped' : 'failed', ask, cause: outcome.cause }
      }
    },
  }
}

function* requestsOf(asks: Iterable<Ask>, settings: AskSettings): Generator<ChatRequest> {
  for (const ask of asks) yield requestOf(ask, 1, settings)
}

function callOf(ask: Ask, settings: AskSettings): PlannedCall<Draft> {
  return {
    key: keyOf(ask),
    request: (attempt) => requestOf(ask, attempt, settings),
    read: (reply) => {
      const completion = completionOf(reply)
      if (typeof completion !== 'string') return { kind: 'refused', reason: completion.refused }
      return { kind: 'value', value: { completion, backtracks: ask.revision?.strategy === 'backtracking' } }
    },
  }
}

/** The name of an ask in the ledger. */
export function keyOf({ task, attempt, mode, revision }: Ask): string {
  const round = revision === null ? mode : `${mode}/${revision.strategy}-${revision.depth}`
  return `${task.id}/${round}/${attempt}`
}

function requestOf(ask: Ask, attempt: number, { seed, temperature, maxTokens }: AskSettings): ChatRequest {
  return {
    messages: messagesOf(ask),
    maxTokens,
    temperature,
    // 31 bits: some servers read a signed integer.
    seed: createRng(seed, 'teacher', keyOf(ask), attempt).uint32() >>> 1,
  }
}

const answerOpen = '<answer>'
const answerClose = '</answer>'

/**
 * A reply in the form of a completion that follows `<think>`. The thinking is what the server returned apart or stood in
 * tags, else what stands before the answer block; a summary between the two is left out.
 *
 * @returns the completion, or why the reply is none
 */
export function completionOf({ text, reasoning }: ChatReply): string | { readonly refused: string } {
  const start = text.indexOf(answerOpen)
  const end = text.indexOf(answerClose)
  if (start === -1 || end < start) return { refused: 'no answer block' }
  if (text.indexOf(answerOpen, start + 1) !== -1 || text.indexOf(answerClose, end + 1) !== -1) {
    return { refused: 'several answer blocks' }
  }
  const answer = text.slice(start + answerOpen.length, end).trim()
  if (answer === '') return { refused: 'empty answer' }
  const thinking = (reasoning ?? text.slice(0, start)).trim()
  if (thinking === '') return { refused: 'no reasoning' }
  return ` ${thinking}</think><answer> ${answer}</answer>`
}
