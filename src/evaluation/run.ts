import type { SampledSequence, SamplingClient } from '../engine/types.ts'
import type { Graph } from '../graph/graph.ts'
import { connects, type Grounder } from '../graph/grounding.ts'
import type { EntityId } from '../graph/types.ts'
import type { Question } from '../questions/types.ts'
import { openStatement } from '../questions/wording.ts'
import { readCompletion } from '../text/answer.ts'
import type { Codec } from '../text/codec.ts'
import { matchEntity } from '../text/lexicon.ts'
import type { AnswerValue, Lexicon } from '../text/types.ts'
import type { AnswerRecord } from './types.ts'

export type EvaluationContext = {
  readonly client: SamplingClient
  readonly codec: Codec
  readonly graph: Graph
  readonly lexicon: Lexicon
  readonly grounder: Grounder
  readonly maxTokens: number
}

/**
 * Greedy answers of a policy to questions, each read, scored and audited.
 *
 * @returns one record per question, in order
 */
export async function answerQuestions(
  context: EvaluationContext,
  questions: readonly Question[],
): Promise<AnswerRecord[]> {
  const { client, codec, maxTokens } = context
  const requests = questions.map((question) => ({
    promptTokens: codec.prompt(question.stem),
    numSamples: 1,
    key: `evaluation ${question.id}`,
  }))
  const samples = await client.sample(requests, { maxTokens, temperature: 0, stopTokens: codec.stopTokens })
  return questions.map((question, index) => {
    const sample = samples[index]![0]!
    return recordOf(context, question, codec.completionText(sample.tokens), isTruncated(sample))
  })
}

/**
 * Greedy answers with the answer form forced: the stem becomes the opening of a statement ("The … is"), the wording that
 * facts were learnt in, and the next token is taken as the answer. What a model knows without the reasoning format; only
 * for policies whose entities are single tokens.
 */
export async function answerForced(
  context: EvaluationContext,
  questions: readonly Question[],
): Promise<AnswerRecord[]> {
  const { client, codec } = context
  const requests = questions.map((question) => ({
    promptTokens: codec.encode(openStatement(question.stem)),
    numSamples: 1,
    key: `forced ${question.id}`,
  }))
  const samples = await client.sample(requests, { maxTokens: 1, temperature: 0 })
  return questions.map((question, index) => {
    const answer = codec.completionText(samples[index]![0]!.tokens)
    return recordOf(context, question, `</think><answer>${answer}</answer>`, false)
  })
}

const isTruncated = (sample: SampledSequence): boolean => sample.stopReason === 'length'

function recordOf(
  context: EvaluationContext,
  question: Question,
  completion: string,
  truncated: boolean,
): AnswerRecord {
  const reading = readCompletion(completion, { thinkPrefilled: true, truncated })
  const value: AnswerValue = reading.answer === null ? { kind: 'none' } : matchEntity(reading.answer, context.lexicon)
  const answeredId = value.kind === 'entity' ? (value.id as EntityId) : undefined
  const correct = answeredId !== undefined && question.acceptedEntityIds.includes(answeredId)
  const choice = question.options.findIndex(({ entityId }) => entityId === answeredId)
  const grounding = context.grounder(reading.thinking ?? '')
  return {
    questionId: question.id,
    split: question.split,
    hop: question.hop,
    rarity: question.rarity,
    completion,
    answered: answeredId ?? value.kind,
    unparsed: answeredId === undefined,
    correct,
    choiceCorrect: choice === question.gold,
    choiceUnmatched: answeredId !== undefined && choice < 0,
    groundedSteps: grounding.grounded,
    checkableSteps: grounding.checkable,
    rightForWrongReason: correct && !connects(grounding, startsOf(question), [answeredId]),
  }
}

/** What the stem names: where a chain of reasoning may begin. */
function startsOf(question: Question): EntityId[] {
  const { comparison, start } = question.path
  return comparison === undefined ? [start] : [comparison.feature, comparison.chosen, comparison.rejected]
}
