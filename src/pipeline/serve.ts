import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { ConfigError } from '../core/errors.ts'
import { localHost } from '../engine/local/index.ts'
import { createTinkerServer } from '../engine/tinker/server/index.ts'
import { openTextModel, openTokens } from '../text/text-model.ts'
import type { Tokenizer } from '../text/types.ts'
import { findModel, wireName } from './model-text.ts'

export type ServeOptions = {
  /** A Hugging Face folder or hf:owner/name@revision. */
  readonly model: string
  /** Name that clients ask for; the model as it was given unless told. */
  readonly name?: string | undefined
  readonly hostname: string
  /** 0 takes a free one. */
  readonly port: number
  /** Holds runs and checkpoints of the server. */
  readonly dir: string
  readonly threads?: number | undefined
  readonly maxTokensPerMicroBatch?: number | undefined
  readonly seed: number
  /** Takes progress and one line per request; without keys and tokens. */
  readonly log: (line: string) => void
}

export type Served = { readonly url: string; readonly name: string; close(): Promise<void> }

/** The variable that holds the key that clients must send. Never an option: command lines can be read by others. */
const KEY_VARIABLE = 'FLEMING_SERVER_KEY'

/**
 * The local engine behind the Tinker API.
 *
 * @throws {ConfigError} when it would listen beyond this computer without a key in FLEMING_SERVER_KEY
 */
export async function serveEngine(options: ServeOptions): Promise<Served> {
  const dir = await findModel(options.model, options.log)
  const { tokenizer, stopTokens } = openServedText(dir)
  const host = await localHost.create({
    model: dir,
    seed: options.seed,
    threads: options.threads ?? availableParallelism(),
    maxTokensPerMicroBatch: options.maxTokensPerMicroBatch,
  })
  try {
    const name = options.name ?? wireName(options.model)
    const server = await createTinkerServer({
      host,
      baseModel: name,
      tokenizerId: options.model.startsWith('hf:') ? wireName(options.model) : resolve(dir),
      dir: options.dir,
      apiKey: process.env[KEY_VARIABLE],
      listen: { hostname: options.hostname, port: options.port },
      detokenize: (tokens) => tokenizer.decode(tokens, { unknown: '\uFFFD' }),
      eosTokens: stopTokens,
      log: options.log,
    })
    return {
      url: server.url,
      name,
      close: async () => {
        await server.close()
        await host.close()
      },
    }
  } catch (cause) {
    await host.close()
    throw cause
  }
}

/** Tokenizer and stop tokens of a model; a base model without a chat template has those of its configuration alone. */
function openServedText(dir: string): { readonly tokenizer: Tokenizer; readonly stopTokens: readonly number[] } {
  try {
    const { tokenizer, codec } = openTextModel(dir)
    return { tokenizer, stopTokens: codec.stopTokens }
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    return openTokens(dir)
  }
}
