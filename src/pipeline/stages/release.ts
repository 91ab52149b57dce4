import { dirname, join } from 'node:path'
import { DataError } from '../../core/errors.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { putAtomic, readManifest, sealStage } from '../../core/store.ts'
import { renderCard } from '../../release/card.ts'
import { completeModelFolder, type SpecialToken } from '../../release/export.ts'
import { collectProvenance } from '../../release/provenance.ts'
import { readScores } from '../../release/scores.ts'
import { compactChatTemplate } from '../../text/chat.ts'
import { loadTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import type { Config } from '../config.ts'
import { type StudentSource, tokenizerFile } from '../student.ts'
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
  await student.client.saveWeights(modelDir)
  const { parameters, weightsHash } = await student.client.info()
  const tokenizerJson = readText(tokenizerFile(runDir))
  const tokenizer = loadTokenizer(parseJson(tokenizerJson, { file: tokenizerFile(runDir) }))
  const { files, config: modelConfig } = completeModelFolder(modelDir, {
    tokenizerJson,
    chatTemplate: compactChatTemplate,
    tokens: {
      bos: specialToken(tokenizer, '<|im_start|>'),
      eos: specialToken(tokenizer, '<|im_end|>'),
      pad: specialToken(tokenizer, '<|pad|>'),
    },
    maxNewTokens: config.evaluation.maxTokens,
  })
  const scoresFile = join(runDir, 'evaluation', 'scores.json')
  const stages = [...trainingStages.slice(0, trainingStages.indexOf(stage) + 1), 'evaluation']
  const { name, seed, dataSeed } = config
  const provenance = collectProvenance(runDir, stages, { name, seed, dataSeed, released: stage })
  const card = renderCard({
    provenance,
    scores: readScores(scoresFile),
    config: modelConfig,
    parameters,
    weightsHash,
    exampleStem: exampleStem(runDir),
    maxNewTokens: config.evaluation.maxTokens,
  })
  putAtomic(join(modelDir, 'scores.json'), readText(scoresFile))
  putAtomic(join(modelDir, 'provenance.json'), `${formatJson(provenance, { pretty: true })}\n`)
  putAtomic(join(modelDir, 'README.md'), card)
  const outputs = [...files, 'scores.json', 'provenance.json', 'README.md']
  sealStage(modelDir, { stage: 'model', inputs: inputHashes(runDir, stages), outputs, seed })
  return [...outputs, 'manifest.json'].map((file) => `model/${file}`)
}

function specialToken(tokenizer: Tokenizer, content: string): SpecialToken {
  const id = tokenizer.idOf(content)
  if (id === undefined) throw new DataError(`the tokenizer has no ${content}`, { hint: 'run the pretrain stage again' })
  return { content, id }
}

/** A two-hop question to show how the model is asked; the first by id, so that the same run gives the same card. */
function exampleStem(runDir: string): string {
  const questions = readQuestions(join(runDir, 'questions'))
  const shown = questions.filter(({ hop }) => hop === 2).sort((a, b) => (a.id < b.id ? -1 : 1))
  return (shown[0] ?? questions[0]!).stem
}

function inputHashes(runDir: string, stages: readonly string[]): Record<string, string> {
  return Object.fromEntries(stages.map((stage) => [stage, readManifest(join(runDir, stage))!.hash]))
}
