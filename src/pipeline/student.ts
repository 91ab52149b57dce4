import { join } from 'node:path'
import { clock } from '../core/clock.ts'
import { ConfigError, DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { openLog } from '../core/store.ts'
import { readDecoder } from '../engine/local/hf/folder.ts'
import { loraParts } from '../engine/lora.ts'
import type { TinkerConfig } from '../engine/tinker/client/index.ts'
import type { Progress } from '../engine/tinker/client/operation.ts'
import type { DecoderConfig, LoraTarget, ModelInfo, TrainingClient } from '../engine/types.ts'
import { type Codec, createCodec } from '../text/codec.ts'
import { openTextModel } from '../text/text-model.ts'
import { loadTokenizer } from '../text/tokenizer.ts'
import type { Tokenizer } from '../text/types.ts'
import type { Config, EngineConfig } from './config.ts'
import { findModel, findTextModel, TOKENIZER_FILE, wireName } from './model-text.ts'

/** The model of a run and what turns text into its tokens; made when the first stage needs it, shared by the rest. */
export type Student = { readonly client: TrainingClient; readonly codec: Codec }

export type StudentSource = { get(): Promise<Student>; close(): Promise<void> }

/** Folder of the files that turn text into tokens. */
export const textDir = (runDir: string): string => join(runDir, 'pretrain')

export const tokenizerFile = (runDir: string): string => join(textDir(runDir), TOKENIZER_FILE)

/** Tokenizer and codec of a run: a given model's own chat template, or the compact one of a student from scratch. */
export function openText(runDir: string, { engine }: Config): { readonly tokenizer: Tokenizer; readonly codec: Codec } {
  if (engine.model !== null) return openTextModel(textDir(runDir))
  const file = tokenizerFile(runDir)
  const tokenizer = loadTokenizer(parseJson(readText(file), { file }))
  return { tokenizer, codec: createCodec(tokenizer) }
}

/**
 * The student of a run, created on first use from the run's tokenizer, engine and seed.
 *
 * @param note told what a server ignores of what it is asked for
 */
export function studentOf(runDir: string, config: Config, note: (text: string) => void = () => {}): StudentSource {
  let pending: Promise<Student> | undefined
  const open = async (): Promise<Student> => {
    const { tokenizer, codec } = openText(runDir, config)
    const client = await openEngine(config, tokenizer.vocabSize, note)
    const facts = await record(runDir, 'opened', client)
    for (const [name, text] of Object.entries(facts))
      if (/ignored|only/.test(String(text))) note(`this server differs: ${name}: ${text}`)
    return { client, codec }
  }
  return {
    get: () => {
      pending ??= open()
      return pending
    },
    close: async () => {
      if (pending === undefined) return
      const { client } = await pending
      try {
        await record(runDir, 'closed', client)
      } finally {
        await client.close()
      }
    },
  }
}

/**
 * What the engine said of itself, and the tokens it worked through since it was opened; in `engine.jsonl`, which no manifest
 * lists: addresses and token counts of a resumed run are not those of an uninterrupted one.
 */
async function record(runDir: string, event: 'opened' | 'closed', client: TrainingClient): Promise<ModelInfo['facts']> {
  const { facts, usage, parameters, trainableParameters } = await client.info()
  const log = openLog(join(runDir, 'engine.jsonl'))
  log.append([{ event, at: clock.now().toISOString(), facts, usage, parameters, trainableParameters }])
  log.close()
  return facts
}

/** A client of the engine that the configuration names. Each engine is imported only when it is used. */
export async function openEngine(
  config: Config,
  vocabSize: number,
  note: (text: string) => void = () => {},
): Promise<TrainingClient> {
  const { engine, seed } = config
  if (engine.kind === 'tinker') {
    const { tinkerEngine } = await import('../engine/tinker/client/index.ts')
    const settings = await tinkerConfig(config, vocabSize)
    return tinkerEngine.create({ ...settings, onProgress: waitingNotes(engine.tinker.url, note) })
  }
  const { localEngine } = await import('../engine/local/index.ts')
  const { lora, threads, maxTokensPerMicroBatch } = engine
  const common = { seed, threads, maxTokensPerMicroBatch, lora: lora ?? undefined }
  if (engine.model === null) return localEngine.create({ ...common, decoder: decoderConfig(config, vocabSize) })
  const dir = await findModel(engine.model)
  checkVocabulary(readDecoder(dir), vocabSize, dir)
  return localEngine.create({ ...common, model: dir })
}

const WAIT_TOLD_MS = 30_000

/** A line at the first report of a wait, and then every half minute: a silent tool looks like a dead one. */
function waitingNotes(url: string, note: (text: string) => void): (progress: Progress) => void {
  let toldMs = Number.NEGATIVE_INFINITY
  return ({ operation, elapsedMs, queueState, queueReason, lastEvent }) => {
    if (clock.monotonicMs() - toldMs < WAIT_TOLD_MS) return
    toldMs = clock.monotonicMs()
    const why = [queueState, queueReason, lastEvent].filter((part) => part !== undefined).join(', ')
    note(`waiting for ${url}: ${operation}, ${Math.round(elapsedMs / 1000)} s${why === '' ? '' : ` (${why})`}`)
  }
}

/** A model may be padded beyond its tokenizer, but never the other way round. */
function checkVocabulary(decoder: DecoderConfig, vocabSize: number, dir: string): void {
  if (decoder.vocabSize >= vocabSize) return
  throw new DataError(`the tokenizer has ${vocabSize} tokens, the model ${decoder.vocabSize}`, {
    file: dir,
    hint: 'tokenizer.json and config.json are of different models',
  })
}

/**
 * How a configuration names a server, its base and its adapter.
 *
 * @throws {ConfigError} when it names no model whose tokenizer could be read
 */
export async function tinkerConfig({ engine, seed, name }: Config, vocabSize: number): Promise<TinkerConfig> {
  const { tinker, lora, model } = engine
  if (model === null) {
    throw new ConfigError(
      'engine.kind tinker needs engine.model: the tokenizer and the context length are read from it',
      {
        hint: 'name the Hugging Face folder or hf:owner/name of the base that the server has',
      },
    )
  }
  const dir = await findTextModel(model)
  const decoder = readDecoder(dir)
  checkVocabulary(decoder, vocabSize, dir)
  return {
    baseUrl: tinker.url,
    baseModel: tinker.baseModel ?? wireName(model),
    seed,
    server: tinker.server,
    encoding: tinker.encoding,
    vocabSize: decoder.vocabSize,
    contextLength: decoder.maxPositions,
    maxConcurrentSamples: tinker.concurrency,
    timing: { deadlineMs: tinker.deadlineMinutes * 60_000 },
    userMetadata: { fleming: name },
    lora:
      lora === null
        ? undefined
        : {
            rank: lora.rank,
            trainAttn: allOrNone(lora.targets, loraParts.attention),
            trainMlp: allOrNone(lora.targets, loraParts.mlp),
            trainUnembed: allOrNone(lora.targets, loraParts.unembed),
          },
  }
}

/** The wire names groups of layers, not layers: a part of a group cannot be asked for. */
function allOrNone(targets: readonly LoraTarget[], group: readonly LoraTarget[]): boolean {
  const asked = group.filter((target) => targets.includes(target))
  if (asked.length > 0 && asked.length < group.length) {
    throw new ConfigError(
      `engine.lora.targets has ${asked.join(', ')}, but a server takes all of ${group.join(', ')}`,
      {
        hint: 'name the whole group, or none of it',
      },
    )
  }
  return asked.length > 0
}

/** Settings of the engine that what is learnt depends on; where and how fast it is learnt are left out. */
export function decisiveSettings({ tinker, threads: _, ...engine }: EngineConfig): unknown {
  return engine.kind === 'tinker' ? { ...engine, baseModel: tinker.baseModel, server: tinker.server } : engine
}

/** The decoder that a configuration describes, for a vocabulary. */
export function decoderConfig({ engine }: Config, vocabSize: number): DecoderConfig {
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
