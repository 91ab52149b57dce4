import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../core/json.ts'
import { starterSchema } from '../graph/schema.ts'
import { readTables } from '../graph/sources/tables.ts'
import { factDocument } from '../policy/documents.ts'
import { drawSentences, factsOf } from '../questions/facts.ts'
import { drawHeldOut } from '../questions/hold-out.ts'
import { synthesise } from '../questions/synthesis.ts'
import { type Codec, createCodec } from '../text/codec.ts'
import { loadTokenizer } from '../text/tokenizer.ts'
import { teachFromGraph } from '../trajectories/graph-teacher.ts'
import { chooseForColdStart } from '../trajectories/select.ts'
import type { Config } from './config.ts'
import { type ItemsConfig, itemsOf } from './config-items.ts'
import { findModel, starterTokenizer } from './model-text.ts'
import { selectGraph } from './stages/graph.ts'
import { probePerHop } from './starter-recipe.ts'
import { decoderConfig } from './student.ts'

/** How much there is of what a run works on. */
export type RunCounts = {
  readonly training: number
  readonly test: number
  readonly probe: number
  readonly facts: number
  readonly trajectories: number
  /** Weights of the model; null where nothing says how many. */
  readonly parameters: number | null
  /** Mean tokens of a prompt; null where the tokenizer is not on this computer, and `perPrompt` is assumed. */
  readonly promptTokens: number | null
  readonly perPrompt: number
  readonly perDocument: number
  readonly perFact: number
  readonly perTrajectory: number
}

/** Tokens of a prompt where the tokenizer is not here; chosen by us: a question stem with four options. */
export const ASSUMED_PROMPT_TOKENS = 200
/** The same for a document of facts: a sentence of eight words for each. */
const ASSUMED_SENTENCE_TOKENS = 14
/** The same for a trajectory: six statements, the words around them and the tags. */
const ASSUMED_TRAJECTORY_TOKENS = 160

/** Documents whose mean length stands for all. */
const MEASURED_DOCUMENTS = 64

/** Makes graph, questions and trajectories in memory, and counts them with the tokenizer that the run will use. */
export async function countRun(config: Config): Promise<RunCounts> {
  const mix = itemsOf(config)
  if (mix !== null) return countItemRun(config, mix)
  const knowledge = readTables(config.graph.dir, starterSchema)
  const graph = selectGraph(config, knowledge)
  const { questions, heldOutDiseases } = synthesise(graph, config.questions, config.dataSeed, knowledge)
  const training = questions.filter(({ split }) => split === 'train')
  const { perHop } = config.evaluation
  const { test, probe } = drawHeldOut(questions, { perHop, probePerHop, seed: config.dataSeed })
  const { codec, vocabSize } = await planText(config, () => starterTokenizer(config, graph, questions))
  const facts = factsOf(graph)
  const { sentencesPerDocument: count, contextWeight } = config.pretrain
  const documents = Array.from({ length: MEASURED_DOCUMENTS }, (_, index) =>
    drawSentences(graph, facts, { seed: config.seed, position: index * count, count }),
  )
  const { epochs, items, maxHops, teacher, backtrackShare, replyTokens } = config['cold-start']
  const taught = epochs === 0 ? [] : chooseForColdStart(questions, { count: items, maxHops, seed: config.dataSeed })
  const avoid = new Set(heldOutDiseases)
  const chains = teacher === 'graph' ? taught : []
  const teaching = { seed: config.dataSeed, backtrackShare, avoid }
  const perItem = <Item>(items: readonly Item[], tokens: (codec: Codec, item: Item) => number): number | null =>
    codec === null || items.length === 0 ? null : mean(items.map((item) => tokens(codec, item)))
  const promptTokens = perItem(training, (own, { stem }) => own.prompt(stem).length)
  const perDocument =
    perItem(documents, (own, sentences) => factDocument(own, sentences, contextWeight).inputTokens.length) ??
    count * ASSUMED_SENTENCE_TOKENS
  return {
    training: training.length,
    test: test.length,
    probe: probe.length,
    facts: facts.length,
    trajectories: taught.length,
    parameters: await countParameters(config, vocabSize),
    promptTokens,
    perPrompt: promptTokens ?? ASSUMED_PROMPT_TOKENS,
    perDocument,
    perFact: perDocument / count,
    perTrajectory:
      teacher === 'graph'
        ? (perItem(
            chains,
            (own, question) => own.completion(teachFromGraph(graph, question, teaching).completion).length,
          ) ?? ASSUMED_TRAJECTORY_TOKENS)
        : replyTokens,
  }
}

/** The counts of a run on items: no facts, and a language model for a teacher. */
async function countItemRun(config: Config, items: ItemsConfig): Promise<RunCounts> {
  const { countItems } = await import('./items/plan.ts')
  const counts = await countItems(config, items, config.engine.model!)
  return {
    ...counts,
    ...{ facts: 0, perDocument: 0, perFact: 0, perTrajectory: config['cold-start'].replyTokens },
    parameters: await countParameters(config, null),
    perPrompt: counts.promptTokens ?? ASSUMED_PROMPT_TOKENS,
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Vocabulary and codec that the run will use; both unknown where the model is not on this computer yet. */
async function planText(
  { engine }: Config,
  ownTokenizer: () => string,
): Promise<{ readonly vocabSize: number | null; readonly codec: Codec | null }> {
  if (engine.model?.startsWith('hf:')) return { vocabSize: null, codec: null }
  if (engine.model !== null) {
    const { openTextModel } = await import('../text/text-model.ts')
    const { tokenizer, codec } = openTextModel(await findModel(engine.model))
    return { vocabSize: tokenizer.vocabSize, codec }
  }
  const tokenizer = loadTokenizer(parseJson(ownTokenizer(), { file: 'tokenizer.json' }))
  return { vocabSize: tokenizer.vocabSize, codec: createCodec(tokenizer) }
}

/** Weights of the model: as configured, or counted from its shape; null where neither says. */
async function countParameters(config: Config, vocabSize: number | null): Promise<number | null> {
  const { engine } = config
  if (engine.kind === 'tinker') return engine.tinker.parameters
  const { parameterSpecs } = await import('../engine/local/model/parameters.ts')
  const count = (decoder: Parameters<typeof parameterSpecs>[0]) =>
    parameterSpecs(decoder).reduce((sum, { size }) => sum + size, 0)
  if (engine.model === null) return vocabSize === null ? null : count(decoderConfig(config, vocabSize))
  if (engine.model.startsWith('hf:') || !existsSync(join(engine.model, 'config.json'))) return null
  const { readDecoder } = await import('../engine/local/hf/folder.ts')
  return count(readDecoder(engine.model))
}
