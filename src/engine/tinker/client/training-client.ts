import type { TrainingClient } from '../../types.ts'
import type { LoraConfigBody } from '../wire/requests.ts'
import type { Connection } from './connection.ts'
import { type Dialect, factsOf } from './dialect.ts'
import { createEraser } from './eraser.ts'
import { createHandle } from './handle.ts'
import { abortedError } from './http.ts'
import type { Sizes } from './losses.ts'
import type { Encoding } from './pass.ts'
import { createRollouts } from './rollouts.ts'
import {
  forgetRemoteState,
  loadRemoteState,
  loadRemoteWeights,
  resetRemoteOptimizer,
  saveRemoteState,
  saveRemoteWeights,
} from './saving.ts'
import { type CrossEntropy, createScaler } from './scaling.ts'
import { runPass, runStep } from './training.ts'

/** What a model at a server is made of. */
export type ModelOptions = {
  readonly connection: Connection
  readonly dialect: Dialect
  /** Whether the dialect is told by the configuration. */
  readonly kindIsTold: boolean
  readonly baseModel: string
  readonly lora: LoraConfigBody
  readonly sizes: Sizes
  readonly seed: number
  readonly maxConcurrentSamples: number
  readonly crossEntropy: CrossEntropy
  readonly encoding: Encoding
  readonly userMetadata: Readonly<Record<string, string>> | undefined
}

/**
 * A training client over a model at a server.
 *
 * Calls are ordered by when they are made. Whenever it is not known whether the server carried a call out, the client says
 * so and refuses to train on until a saved state is loaded: nothing is applied twice, and nothing half.
 */
export async function createTrainingClient(options: ModelOptions): Promise<TrainingClient> {
  const { connection, dialect, sizes, baseModel, lora } = options
  const handle = await createHandle(options)
  const { track, count } = handle
  const scaler = createScaler(dialect, options.crossEntropy, (tokens) => count('scored', tokens))
  const eraser = createEraser(connection)
  const rollouts = createRollouts({ ...options, count, eraser })
  const training = { handle, dialect, sizes, scaler, rollouts }
  const saving = { connection, dialect, handle, rollouts, scaler, eraser, baseModel, rank: lora.rank }
  return {
    forward: (data, loss, config, call) => track(() => runPass(training, 'forward', data, loss, config, call)),
    forwardBackward: (data, loss, config, call) =>
      track(() => runPass(training, 'forwardBackward', data, loss, config, call)),
    optimStep: (params) => track(() => runStep(training, params)),
    sample: (requests, params, call) =>
      track(async () => {
        rollouts.check(requests, params)
        if (call?.signal?.aborted) throw abortedError('sample')
        handle.assertSound(false)
        return rollouts.sample(handle.current(), requests, params, call?.signal, () => handle.assertSound(false))
      }),
    saveState: (dir) => track(() => saveRemoteState(saving, dir)),
    forgetState: (dir) => track(() => forgetRemoteState(saving, dir)),
    loadState: (dir, { optimizer }) => loadRemoteState(saving, dir, optimizer),
    resetOptimizer: () => resetRemoteOptimizer(saving),
    saveWeights: (dir, weights) => track(() => saveRemoteWeights(saving, dir, weights?.merged ?? false)),
    loadWeights: (dir) => loadRemoteWeights(saving, dir),
    async info() {
      handle.assertOpen()
      const trouble = connection.trouble()
      const { messages } = connection
      const left = eraser.fact()
      return {
        ...sizes,
        usage: handle.usage(),
        facts: {
          ...factsOf(connection, dialect, options.kindIsTold),
          crossEntropy: scaler.fact,
          ...(left !== undefined && { leftAtServer: left }),
          ...(trouble !== undefined && { heartbeat: trouble }),
          ...(messages.length > 0 && { serverMessages: messages.join(' · ').slice(0, 1000) }),
        },
      }
    },
    close: () => handle.close(),
  }
}
