import type { SamplingClient } from '../engine/types.ts'
import type { Difficulty, ItemForm, Language, QuestionId } from '../questions/types.ts'
import { readCompletion } from '../text/answer.ts'
import type { Codec } from '../text/codec.ts'
import { formatAnswer, readAnswer } from '../text/kinds.ts'
import type { AnswerSpec, AnswerValue } from '../text/types.ts'

/** An item of a data run as it is asked in an evaluation. */
export type AskedItem = {
  readonly id: QuestionId
  readonly prompt: string
  /** How its answer is read. */
  readonly spec: AnswerSpec
  /** Whether an answer is the right one; brought by the caller, since a score knows no reward. */
  readonly isRight: (value: AnswerValue) => boolean
  readonly form: ItemForm
  readonly language: Language
  /** Data set, or `synthetic`. */
  readonly source: string
  readonly difficulty: Difficulty
  /** Share right of one who guesses among its options; 0 for an answer in words. */
  readonly chance: number
}

/** One item answered greedily: everything that the scores are computed from. */
export type ItemAnswer = Pick<AskedItem, 'form' | 'language' | 'source' | 'difficulty' | 'chance'> & {
  readonly questionId: QuestionId
  readonly completion: string
  /** The answer as it was read, or how it could not be read. */
  readonly answered: string
  readonly unparsed: boolean
  readonly truncated: boolean
  readonly correct: boolean
  /** Steps of the reasoning that name two things of the graph, and those that the graph supports. */
  readonly checkableSteps: number
  readonly groundedSteps: number
}

export type ItemContext = {
  readonly client: SamplingClient
  readonly codec: Codec
  readonly maxTokens: number
  /** How many steps of a reasoning can be looked up in a graph, and how many of them it supports; none without a graph. */
  readonly ground: (thinking: string) => { readonly checkable: number; readonly grounded: number }
}

/**
 * Greedy answers of a policy to items, each read as its prompt asks and scored. An answer in words that is none of the
 * accepted ones is wrong, not unread.
 *
 * @returns one record per item, in order
 */
export async function answerItems(context: ItemContext, items: readonly AskedItem[]): Promise<ItemAnswer[]> {
  const { client, codec, maxTokens } = context
  if (items.length === 0) return []
  const requests = items.map(({ id, prompt }) => ({
    promptTokens: codec.prompt(prompt),
    numSamples: 1,
    key: `evaluation ${id}`,
  }))
  const samples = await client.sample(requests, { maxTokens, temperature: 0, stopTokens: codec.stopTokens })
  return items.map((item, index) => {
    const { tokens, stopReason } = samples[index]![0]!
    const completion = codec.completionText(tokens)
    const truncated = stopReason === 'length'
    const reading = readCompletion(completion, { thinkPrefilled: true, truncated })
    const value = readAnswer(reading.answer, item.spec)
    const { checkable, grounded } = context.ground(reading.thinking ?? '')
    const { form, language, source, difficulty, chance } = item
    return {
      questionId: item.id,
      ...{ form, language, source, difficulty, chance, completion, truncated },
      answered: formatAnswer(value),
      unparsed: isUnread(value, item.spec),
      correct: item.isRight(value),
      ...{ checkableSteps: checkable, groundedSteps: grounded },
    }
  })
}

const readKinds: ReadonlySet<AnswerValue['kind']> = new Set([
  ...(['letter', 'letters', 'number', 'range', 'entity', 'name'] as const),
])

function isUnread({ kind }: AnswerValue, spec: AnswerSpec): boolean {
  return !readKinds.has(kind) && !(spec.kind === 'names' && kind === 'noMatch')
}
