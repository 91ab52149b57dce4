import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { putAtomic } from '../core/store.ts'
import type { DownloadProgress } from '../engine/local/hf/download.ts'
import type { Graph } from '../graph/graph.ts'
import { reasoningWords } from '../graph/schema.ts'
import type { Question } from '../questions/types.ts'
import { stemFrames } from '../questions/wording.ts'
import { trainTokenizer } from '../text/tokenizer-trainer.ts'
import type { Config } from './config.ts'

export const TOKENIZER_FILE = 'tokenizer.json'

/**
 * What turns text into the tokens of a model, beside its weights: all there is of these is kept with a run. `config.json` is
 * one of them, because older models say only there what they stop with.
 */
const textFiles = [
  TOKENIZER_FILE,
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'config.json',
] as const

/**
 * The `tokenizer.json` of a student from scratch. Entities, statements and phrases are single tokens; the words between
 * them are byte pairs learnt from the stems of the training questions.
 */
export function starterTokenizer(config: Config, graph: Graph, questions: readonly Question[]): string {
  const names = graph.entities.map(({ label }) => ` ${label}`)
  const words = graph.schema.steps.flatMap(({ statement, phrase }) => [statement, phrase])
  const { json } = trainTokenizer({
    corpus: questions.filter(({ split }) => split === 'train').map(({ stem }) => stem),
    merges: config.pretrain.bpeMerges,
    frames: [...stemFrames, 'The% is so.'],
    addedTokens: [...new Set([...names, ...words, ...Object.values(reasoningWords)])],
  })
  return formatJson(json)
}

/**
 * Copies tokenizer, chat template and stop tokens of a model folder.
 *
 * @returns the names of the files that there were
 * @throws {DataError} when there is no `tokenizer.json`
 */
export function copyTextFiles(modelDir: string, dir: string): string[] {
  if (!existsSync(join(modelDir, TOKENIZER_FILE))) {
    throw new DataError('has no tokenizer.json', {
      file: modelDir,
      hint: 'older models have only tokenizer.model or vocab.json: load and save the tokenizer once with a fast tokenizer of transformers',
    })
  }
  const present = presentTextFiles(modelDir)
  for (const file of present) putAtomic(join(dir, file), readText(join(modelDir, file)))
  return present
}

/** Names of the files of a folder that turn text into tokens. */
export const presentTextFiles = (dir: string): string[] => textFiles.filter((file) => existsSync(join(dir, file)))

/** The name that a server and its clients give a model: `owner/name` for one of the hub, else the folder as it was given. */
export function wireName(model: string): string {
  return model.startsWith('hf:') ? model.slice('hf:'.length).replace(/@[^@/]*$/, '') : model
}

/**
 * The folder of `engine.model`; what `hf:` names is downloaded first, or found where an earlier run put it.
 *
 * @param note told how far a download is, in one line at a time
 */
export async function findModel(model: string, note: (text: string) => void = () => {}): Promise<string> {
  const { resolveModelDir } = await import('../engine/local/hf/download.ts')
  return resolveModelDir(model, { onProgress: progressNotes(note) })
}

/** The same without the weights, for a model that is trained somewhere else. */
export async function findTextModel(model: string, note: (text: string) => void = () => {}): Promise<string> {
  const { resolveModelDir } = await import('../engine/local/hf/download.ts')
  return resolveModelDir(model, { onProgress: progressNotes(note), weights: false })
}

/** A line at the first report and after every tenth of the bytes. */
function progressNotes(note: (text: string) => void): (progress: DownloadProgress) => void {
  let told = -1
  return ({ file, doneBytes, totalBytes }) => {
    const tenth = Math.floor((10 * doneBytes) / Math.max(1, totalBytes))
    if (tenth === told) return
    told = tenth
    note(`downloading ${file}: ${(doneBytes / 1e6).toFixed(0)} of ${(totalBytes / 1e6).toFixed(0)} MB`)
  }
}
