import { ConfigError } from '../../../core/errors.ts'
import type { EngineFactory, TrainingClient } from '../../types.ts'
import { type Connection, type ConnectionConfig, connect } from './connection.ts'
import { type Dialect, detectServer, dialects, type ServerKind } from './dialect.ts'
import { createRemoteModel } from './model.ts'
import type { Encoding } from './pass.ts'
import type { CrossEntropy } from './scaling.ts'
import { createTrainingClient } from './training-client.ts'

export type TinkerConfig = ConnectionConfig & {
  /** The base's name at the server. */
  readonly baseModel: string
  /** The adapter; absent: all weights, where the server can train them. Alpha is the server's. */
  readonly lora?:
    | {
        readonly rank: number
        readonly trainAttn?: boolean | undefined
        readonly trainMlp?: boolean | undefined
        readonly trainUnembed?: boolean | undefined
      }
    | undefined
  /** Names the adapter's first weights and all draws. */
  readonly seed: number
  /** Whose habits the server has; `auto` finds out. */
  readonly server?: ServerKind | 'auto' | undefined
  /** Of the tokenizer. Servers do not say it, ours excepted. */
  readonly vocabSize?: number | undefined
  /** Of the model, where the server does not say it. */
  readonly contextLength?: number | undefined
  /** Sampling requests under way at a time; 64 unless told. */
  readonly maxConcurrentSamples?: number | undefined
  readonly crossEntropy?: CrossEntropy | undefined
  /** How passes are sent; protobuf unless told. */
  readonly encoding?: Encoding | undefined
}

const DEFAULT_CONCURRENT_SAMPLES = 64

/** Any server that speaks the Tinker protocol: SkyRL on a cluster, TuFT, hosted Tinker, or `fleming engine serve`. */
export const tinkerEngine: EngineFactory<TinkerConfig> = { name: 'tinker', create: createTinkerClient }

async function createTinkerClient(config: TinkerConfig): Promise<TrainingClient> {
  if (config.lora && !(Number.isInteger(config.lora.rank) && config.lora.rank > 0)) {
    throw new ConfigError(`lora.rank must be a positive integer, found ${config.lora.rank}`)
  }
  const connection = await connect(config)
  try {
    const dialect = await chooseDialect(connection, config)
    return await createTrainingClient({
      connection,
      dialect,
      kindIsTold: config.server !== undefined && config.server !== 'auto',
      baseModel: config.baseModel,
      lora: loraBody(config),
      sizes: sizesOf(connection, config),
      seed: config.seed,
      maxConcurrentSamples: config.maxConcurrentSamples ?? DEFAULT_CONCURRENT_SAMPLES,
      crossEntropy: config.crossEntropy ?? 'exact',
      encoding: config.encoding ?? 'protobuf',
      userMetadata: config.userMetadata,
    })
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** The adapter as the wire has it: rank 0 stands for all weights. */
export function loraBody({ lora, seed }: Pick<TinkerConfig, 'lora' | 'seed'>) {
  return {
    rank: lora?.rank ?? 0,
    // Some servers hold 31 bits.
    seed: Math.abs(seed) % 2 ** 31,
    train_attn: lora?.trainAttn ?? true,
    train_mlp: lora?.trainMlp ?? true,
    train_unembed: lora?.trainUnembed ?? false,
  }
}

function sizesOf({ capabilities }: Connection, { baseModel, vocabSize, contextLength }: TinkerConfig) {
  const model = capabilities.supported_models.find(({ model_name }) => model_name === baseModel)
  const sizes = {
    vocabSize: vocabSize ?? model?.vocab_size,
    contextLength: contextLength ?? model?.max_context_length,
  }
  const { vocabSize: vocab, contextLength: context } = sizes
  if (!vocab || !context) {
    throw new ConfigError(`the server does not say the ${vocab ? 'context length' : 'vocabulary'} of ${baseModel}`, {
      hint: 'set it in the configuration of the engine',
    })
  }
  return { vocabSize: vocab, contextLength: context }
}

/** The dialect of a server, as it is told or as it shows. */
export async function chooseDialect(
  connection: Connection,
  config: Pick<TinkerConfig, 'server' | 'baseModel' | 'lora' | 'seed'>,
): Promise<Dialect> {
  if (config.server !== undefined && config.server !== 'auto') return dialects[config.server]
  const found = await detectServer(connection)
  if (found !== 'skyrl') return dialects[found]
  return dialects[await tellBackend(connection, config)]
}

/**
 * Which of SkyRL's backends a server runs: its API does not say, but the JAX one answers a forward pass without metrics and
 * with the loss of every token.
 */
async function tellBackend(
  connection: Connection,
  config: Pick<TinkerConfig, 'baseModel' | 'lora' | 'seed'>,
): Promise<ServerKind> {
  const model = await createRemoteModel(connection, { baseModel: config.baseModel, lora: loraBody(config) })
  const list = (dtype: 'int64' | 'float32', data: number[]) => ({ dtype, shape: [data.length], data })
  const datum = {
    modelInput: [{ type: 'encoded_text' as const, tokens: [0, 1] }],
    lossInputs: { target_tokens: list('int64', [1, 0]), weights: list('float32', [1, 1]) },
  }
  const pass = { data: [datum], lossFn: 'cross_entropy', lossConfig: {}, forwardOnly: true }
  const accepted = await model.line.enqueue((reserve) => model.submitPass(reserve, pass, {}))
  const { outputs } = await accepted.result()
  await model.unload()
  return outputs[0]?.elementwise_loss === undefined ? 'skyrl-train' : 'skyrl-jax'
}
