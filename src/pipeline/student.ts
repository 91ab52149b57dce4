import { join } from 'node:path'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { localEngine } from '../engine/local/index.ts'
import type { DecoderConfig, TrainingClient } from '../engine/types.ts'
import { type Codec, createCodec } from '../text/codec.ts'
import { loadTokenizer } from '../text/tokenizer.ts'
import type { Config } from './config.ts'

/** The model of a run and what turns text into its tokens; made when the first stage needs it, shared by the rest. */
export type Student = { readonly client: TrainingClient; readonly codec: Codec }

export type StudentSource = { get(): Promise<Student>; close(): Promise<void> }

export const tokenizerFile = (runDir: string): string => join(runDir, 'pretrain', 'tokenizer.json')

/** The student of a run, created on first use from the run's tokenizer and seed. */
export function studentOf(runDir: string, config: Config): StudentSource {
  let pending: Promise<Student> | undefined
  const open = async (): Promise<Student> => {
    const file = tokenizerFile(runDir)
    const tokenizer = loadTokenizer(parseJson(readText(file), { file }))
    const client = await localEngine.create({
      decoder: decoderConfig(config, tokenizer.vocabSize),
      seed: config.seed,
      threads: config.engine.threads,
      maxTokensPerMicroBatch: config.engine.maxTokensPerMicroBatch,
    })
    return { client, codec: createCodec(tokenizer) }
  }
  return {
    get: () => {
      pending ??= open()
      return pending
    },
    close: async () => {
      if (pending !== undefined) await (await pending).client.close()
    },
  }
}

/** The decoder that a configuration describes, for a vocabulary. */
export function decoderConfig(config: Config, vocabSize: number): DecoderConfig {
  const { engine } = config
  return {
    vocabSize,
    hiddenSize: engine.hiddenSize,
    numLayers: engine.layers,
    numHeads: engine.heads,
    numKeyValueHeads: engine.keyValueHeads,
    headDim: engine.headDim,
    intermediateSize: engine.intermediateSize,
    maxPositions: engine.contextLength,
    ropeTheta: engine.ropeTheta,
    rmsNormEps: 1e-6,
    tieEmbeddings: true,
    qkNorm: true,
  }
}
