import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DataError } from '../../core/errors.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { putAtomic, readManifest, sealStage } from '../../core/store.ts'
import { renderCard } from '../../release/card.ts'
import { completeFromBase, completeModelFolder, type SpecialToken } from '../../release/export.ts'
import { ITEM_SCORES_FILE, readItemScores } from '../../release/item-scores.ts'
import { collectProvenance } from '../../release/provenance.ts'
import { readScores } from '../../release/scores.ts'
import { compactChatTemplate } from '../../text/chat.ts'
import { loadTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import type { Config } from '../config.ts'
import { exampleItem } from '../items/stored-items.ts'
import { presentTextFiles } from '../model-text.ts'
import { openText, type StudentSource, textDir, tokenizerFile } from '../student.ts'
import { readQuestions } from './questions.ts'
import { startFrom } from './shared.ts'

/** The stages that a released model may have gone through, in order. */
const trainingStages = ['graph', 'questions', 'pretrain', 'cold-start', 'rl-1', 'rl-2'] as const

/**
 * Writes the release: `model/`, a folder in the Hugging Face layout with its card, scores, provenance and a manifest of
 * its own, so that it can be verified wherever it is copied to.
 *
 * @returns the files written, relative to `dir`
 */
export async function makeRelease(dir: string, config: Config, source: StudentSource): Promise<string[]> {
  const runDir = dirname(dir)
  const modelDir = join(dir, 'model')
  const student = await source.get()
  const { stage } = config.release
  await startFrom(student, runDir, stage)
  // A server keeps its base to itself: what it hands out is an adapter.
  await student.client.saveWeights(modelDir, { merged: config.engine.kind === 'local' })
  const { parameters, weightsHash, contextLength } = await student.client.info()
  const { files, config: modelConfig } = completeFolder(modelDir, runDir, config)
  const scoresFile = join(runDir, 'evaluation', 'scores.json')
  const itemScoresFile = join(runDir, 'evaluation', ITEM_SCORES_FILE)
  const stages = [...trainingStages.slice(0, trainingStages.indexOf(stage) + 1), 'evaluation']
  const { name, seed, dataSeed } = config
  const provenance = collectProvenance(runDir, stages, { name, seed, dataSeed, released: stage })
  const card = renderCard({
    provenance,
    scores: readScores(scoresFile),
    ...(existsSync(itemScoresFile) && { itemScores: readItemScores(itemScoresFile) }),
    config: modelConfig,
    base: config.engine.model,
    parameters,
    weightsHash,
    contextLength,
    exampleStem: exampleStem(runDir, config),
    maxNewTokens: config.evaluation.maxTokens,
  })
  putAtomic(join(modelDir, 'scores.json'), readText(scoresFile))
  putAtomic(join(modelDir, 'provenance.json'), `${formatJson(provenance, { pretty: true })}\n`)
  putAtomic(join(modelDir, 'README.md'), card)
  const outputs = [...files, 'scores.json', 'provenance.json', 'README.md']
  if (existsSync(itemScoresFile)) {
    putAtomic(join(modelDir, ITEM_SCORES_FILE), readText(itemScoresFile))
    outputs.push(ITEM_SCORES_FILE)
  }
  sealStage(modelDir, { stage: 'model', inputs: inputHashes(runDir, stages), outputs, seed })
  return [...outputs, 'manifest.json'].map((file) => `model/${file}`)
}

/** Adds tokenizer and template: those of the model that training started from, or our own. */
function completeFolder(modelDir: string, runDir: string, config: Config): ReturnType<typeof completeFromBase> {
  if (config.engine.model !== null) {
    const { codec } = openText(runDir, config)
    return completeFromBase(modelDir, textDir(runDir), {
      // The weights come with a config.json of their own.
      texts: presentTextFiles(textDir(runDir)).filter((file) => file !== 'config.json'),
      stopTokens: codec.stopTokens,
    })
  }
  return completeOwnFolder(modelDir, readText(tokenizerFile(runDir)), config)
}

/** Adds our own tokenizer and chat template to a folder of weights. */
export function completeOwnFolder(
  modelDir: string,
  tokenizerJson: string,
  { evaluation }: Config,
): ReturnType<typeof completeModelFolder> {
  const tokenizer = loadTokenizer(parseJson(tokenizerJson, { file: 'tokenizer.json' }))
  return completeModelFolder(modelDir, {
    tokenizerJson,
    chatTemplate: compactChatTemplate,
    tokens: {
      bos: specialToken(tokenizer, '<|im_start|>'),
      eos: specialToken(tokenizer, '<|im_end|>'),
      pad: specialToken(tokenizer, '<|pad|>'),
    },
    maxNewTokens: evaluation.maxTokens,
  })
}

function specialToken(tokenizer: Tokenizer, content: string): SpecialToken {
  const id = tokenizer.idOf(content)
  if (id === undefined) throw new DataError(`the tokenizer has no ${content}`, { hint: 'run the pretrain stage again' })
  return { content, id }
}

/**
 * A two-hop question, or a held-out item, to show how the model is asked; the first by id, so that the same run gives the
 * same card.
 */
function exampleStem(runDir: string, { questions: { items }, dataSeed }: Config): string {
  if (items !== null) return exampleItem(runDir, dataSeed)
  const questions = readQuestions(join(runDir, 'questions'))
  const shown = questions.filter(({ hop }) => hop === 2).sort((a, b) => (a.id < b.id ? -1 : 1))
  return (shown[0] ?? questions[0]!).stem
}

function inputHashes(runDir: string, stages: readonly string[]): Record<string, string> {
  return Object.fromEntries(stages.map((stage) => [stage, readManifest(join(runDir, stage))!.hash]))
}
