import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { removeDir } from '../core/store.ts'
import { starterSchema } from '../graph/schema.ts'
import { readTables } from '../graph/sources/tables.ts'
import { synthesise } from '../questions/synthesis.ts'
import { loadTokenizer } from '../text/tokenizer.ts'
import type { Config } from './config.ts'
import { starterTokenizer } from './model-text.ts'
import { selectGraph } from './stages/graph.ts'
import { completeOwnFolder } from './stages/release.ts'
import { openEngine } from './student.ts'

/**
 * Writes the student that a run of this configuration would start from, untrained, as a Hugging Face folder with the run's own
 * tokenizer: a base model for a Tinker server, so that the same recipe runs there.
 *
 * @returns number of weights and size of the vocabulary
 * @throws {ConfigError} when the configuration starts from a given model
 * @throws {DataError} when the folder is there and not empty
 */
export async function initBase(
  config: Config,
  dir: string,
): Promise<{ readonly parameters: number; readonly vocabSize: number }> {
  if (config.engine.kind !== 'local' || config.engine.model !== null || config.engine.lora !== null) {
    throw new ConfigError('this configuration does not start from a student from scratch', {
      hint: 'leave out engine.kind, engine.model and engine.lora: they are for the run that uses the base',
    })
  }
  if (existsSync(dir) && readdirSync(dir).length > 0)
    throw new DataError('is there already and not empty', { file: dir, hint: 'name a new folder' })
  const knowledge = readTables(config.graph.dir, starterSchema)
  const graph = selectGraph(config, knowledge)
  const { questions } = synthesise(graph, config.questions, config.dataSeed, knowledge)
  const tokenizerJson = starterTokenizer(config, graph, questions)
  const tokenizer = loadTokenizer(parseJson(tokenizerJson, { file: join(dir, 'tokenizer.json') }))
  const client = await openEngine(config, tokenizer.vocabSize)
  try {
    await client.saveWeights(dir)
    completeOwnFolder(dir, tokenizerJson, config)
    const { parameters, vocabSize } = await client.info()
    return { parameters: parameters ?? 0, vocabSize }
  } catch (cause) {
    // Half a folder would be refused by the next try.
    removeDir(dir)
    throw cause
  } finally {
    await client.close()
  }
}
