import { join } from 'node:path'
import { z } from 'zod'
import { formatJson, parseJson } from '../../src/core/json.ts'
import { readText } from '../../src/core/read.ts'
import { putAtomic } from '../../src/core/store.ts'
import { localEngine } from '../../src/engine/local/index.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { starterSchema } from '../../src/graph/schema.ts'
import { readTables } from '../../src/graph/sources/tables.ts'
import { type Config, configSchema } from '../../src/pipeline/config.ts'
import { starterTokenizer } from '../../src/pipeline/model-text.ts'
import { readGraph, selectGraph } from '../../src/pipeline/stages/graph.ts'
import { readQuestions } from '../../src/pipeline/stages/questions.ts'
import { decoderConfig, tokenizerFile } from '../../src/pipeline/student.ts'
import { planRng } from '../../src/policy/mining.ts'
import { planUniform } from '../../src/policy/stages.ts'
import { fromQuestion } from '../../src/policy/training-question.ts'
import type { TrainingQuestion } from '../../src/policy/types.ts'
import { synthesise } from '../../src/questions/synthesis.ts'
import type { Question } from '../../src/questions/types.ts'
import { compactChatTemplate, renderChat } from '../../src/text/chat.ts'
import { type Codec, createCodec } from '../../src/text/codec.ts'
import { buildLexicon } from '../../src/text/lexicon.ts'
import { loadTokenizer } from '../../src/text/tokenizer.ts'

/** Prompts of a step and rollouts of a prompt: those of the starter recipe's stage 2. */
export const promptsPerStep = 32
export const groupSize = 16
/** Tokens of a completion at most, as in the starter recipe. */
export const maxTokens = 40
export const learningRate = 3e-4
const SEED = 1

/** What both sides are given: a folder with the model, its tokenizer and the prompts of every step. */
export const taskSchema = z.object({
  dir: z.string(),
  /** Steps, the first of which does not count. */
  steps: z.int().min(2),
  threads: z.int().positive(),
  /** A run whose cold-started student, questions and tokenizer are used; null: random weights. */
  run: z.string().nullable(),
})
export type GrpoTask = z.infer<typeof taskSchema>

/** One step that was measured; scoring is what lies between the sampler and the update: text, reward, advantage. */
export const stepSchema = z.object({
  stepMs: z.number().positive(),
  sampleMs: z.number().nonnegative(),
  scoreMs: z.number().nonnegative(),
  trainMs: z.number().nonnegative(),
})
/** What one side reports: raw times, the first step left out. */
export const measurementSchema = z.object({
  steps: z.array(stepSchema).min(1),
  /** Completion tokens of a step, on average. */
  tokensPerStep: z.number().positive(),
  /** Share of groups whose rewards differ: the others are not trained on by us. */
  liveShare: z.number(),
  peakBytes: z.number().positive(),
  /** Of the whole process. */
  cpuSeconds: z.number().positive(),
  version: z.string(),
})
export type GrpoMeasurement = z.infer<typeof measurementSchema>

/** The starter recipe with everything that does not belong to a step left out. */
export function benchConfig(): Config {
  return configSchema.parse({ seed: SEED })
}

/** What a student is asked, and what it reads and writes. */
export type StarterText = {
  readonly tokenizerJson: string
  readonly codec: Codec
  readonly vocabSize: number
  readonly questions: readonly TrainingQuestion[]
  /** Names that answer a question, with a run; null: the reward knows no answer. */
  readonly acceptedOf: ((question: TrainingQuestion) => readonly string[]) | null
}

/** The starter questions and the codec of the starter student: those of a run, or made in seconds from the graph. */
export function starterText(config: Config, run: string | null): StarterText {
  if (run === null) {
    const whole = readTables(config.graph.dir, starterSchema)
    const graph = selectGraph(config, whole)
    const { questions } = synthesise(graph, config.questions, config.dataSeed, whole)
    return { ...textOf(starterTokenizer(config, graph, questions), questions, graph), acceptedOf: null }
  }
  const graph = readGraph(join(run, 'graph'))
  const labels = new Map<string, string>(graph.entities.map(({ id, label }) => [id, label]))
  return {
    ...textOf(readText(tokenizerFile(run)), readQuestions(join(run, 'questions')), graph),
    acceptedOf: ({ acceptedAnswers }) => acceptedAnswers.flatMap((id) => labels.get(id) ?? []),
  }
}

function textOf(
  tokenizerJson: string,
  questions: readonly Question[],
  { entities }: Graph,
): Omit<StarterText, 'acceptedOf'> {
  const tokenizer = loadTokenizer(parseJson(tokenizerJson, { file: 'tokenizer.json' }))
  const lexicon = buildLexicon(entities)
  const training = questions.filter(({ split }) => split === 'train').map((question) => fromQuestion(question, lexicon))
  return { tokenizerJson, codec: createCodec(tokenizer), vocabSize: tokenizer.vocabSize, questions: training }
}

/** Writes what both sides start from: `model/`, `tokenizer.json`, and the prompts in the order that our stage draws them. */
export async function writeTask({ dir, steps, threads, run }: GrpoTask): Promise<void> {
  const config = benchConfig()
  const { tokenizerJson, codec, vocabSize, questions, acceptedOf } = starterText(config, run)
  const decoder = decoderConfig(config, vocabSize)
  const client = await localEngine.create({ decoder, seed: SEED, threads, inWorker: false })
  if (run !== null) await client.loadState(join(run, 'cold-start', 'final'), { optimizer: false })
  await client.saveWeights(join(dir, 'model'))
  await client.close()
  const prompts = Array.from({ length: steps }, (_, step) =>
    planUniform(questions, { count: promptsPerStep, groupSize, rng: planRng(SEED, 'rl-1', step + 1) }),
  )
    .flat()
    .map(({ question }) => ({
      text: renderChat(compactChatTemplate, [{ role: 'user', content: question.prompt }], {
        addGenerationPrompt: true,
      }),
      ids: codec.prompt(question.prompt),
      accepted: acceptedOf?.(question) ?? null,
    }))
  putAtomic(join(dir, 'tokenizer.json'), tokenizerJson)
  const sizes = { steps, promptsPerStep, groupSize, maxTokens, learningRate, threads, seed: SEED }
  putAtomic(join(dir, 'task.json'), formatJson({ ...sizes, endToken: codec.endToken, prompts }))
}

/**
 * The reward of both sides, of almost no cost: 1 for an answer block with one of the accepted names. Where nobody knows an
 * answer, 1 for a text of even length: then every group has a signal.
 */
export function cheapReward(text: string, accepted: readonly string[] | null): number {
  if (accepted === null) return text.length % 2 === 0 ? 1 : 0
  const answer = /<answer>(.*?)<\/answer>/s.exec(text)?.[1]?.trim()
  return answer !== undefined && accepted.includes(answer) ? 1 : 0
}
