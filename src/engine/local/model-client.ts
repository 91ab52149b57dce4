import type { FrozenClient, ModelInfo, TokenUsage, TrainingClient } from '../types.ts'
import { type AdamState, adamwStep, createAdamState, resetAdamState } from './model/adamw.ts'
import { loadState, saveState } from './model/checkpoint.ts'
import { modelHash } from './model/hash.ts'
import { type Model, trainedParameters } from './model/model.ts'
import { loadWeights, type SaveOptions, saveWeights } from './model/weights.ts'
import type { Lane } from './queue.ts'
import type { Sampler } from './sampler/generate.ts'
import type { Trainer } from './trainer.ts'

/** What stands behind one client. */
export type Parts = {
  readonly model: Model
  readonly trainer: Trainer
  readonly sampler: Sampler
  readonly facts: ModelInfo['facts']
  /** Where the base comes from, for adapters that are saved. */
  readonly origin: Pick<SaveOptions, 'baseName' | 'baseRevision' | 'baseDir'>
}

/** Who processes a client's calls, and what happens when it has closed. */
export type ClientOptions = { readonly lane: Lane; readonly onClose: () => Promise<void> }

type Held = Parts & { usage: TokenUsage; readonly adam?: AdamState }

/** A client that only reads its model. Closing it lets go of everything it held. */
export function createFrozenClient(parts: Parts, options: ClientOptions): FrozenClient {
  return frozenCalls(hold(parts, options))
}

/** A client that trains its model; the optimizer starts fresh. Closing it lets go of everything it held. */
export function createTrainingClient(parts: Parts, options: ClientOptions): TrainingClient {
  const holder = hold({ ...parts, adam: createAdamState(trainedParameters(parts.model).flat.length) }, options)
  const { inOrder } = holder
  return {
    ...frozenCalls(holder),
    forwardBackward: (data, loss, config, call) =>
      inOrder(async (held, signal) => {
        const result = await held.trainer.forwardBackward(data, loss, config, { signal })
        count(held, { trained: countTokens(data.map(({ inputTokens }) => inputTokens)) })
        return result
      }, call?.signal),
    optimStep: (params) =>
      inOrder(({ model, trainer, adam }) => {
        const { specs, flat } = trainedParameters(model)
        const result = adamwStep(specs, flat, trainer.gradients, adam, params)
        trainer.clearGradients()
        return result
      }),
    saveState: (dir) => inOrder((held) => saveState(dir, held)),
    loadState: (dir, { optimizer }) =>
      inOrder((held) => {
        loadState(dir, held, optimizer)
        // What was accumulated belongs to the weights that are gone.
        held.trainer.clearGradients()
      }),
    saveWeights: (dir, { merged } = {}) =>
      inOrder(({ model, origin }) => saveWeights(dir, model, { merged, ...origin })),
    loadWeights: (dir) =>
      inOrder(({ model, adam, trainer }) => {
        loadWeights(dir, model)
        resetAdamState(adam)
        trainer.clearGradients()
      }),
    resetOptimizer: () => inOrder(({ adam }) => resetAdamState(adam)),
  }
}

type Holder<Content extends Parts> = {
  readonly inOrder: <Result>(
    work: (held: Content & Held, signal: AbortSignal) => Result | Promise<Result>,
    signal?: AbortSignal | undefined,
  ) => Promise<Result>
  readonly close: () => Promise<void>
}

/** Keeps the parts until the client is closed: whoever still has the client then has none of its memory. */
function hold<Content extends Parts>(parts: Content, { lane, onClose }: ClientOptions): Holder<Content> {
  const box: { held?: Content & Held } = {
    held: { ...parts, usage: { trained: 0, scored: 0, prefilled: 0, sampled: 0 } },
  }
  return {
    // The lane refuses work after closing, so the box is full whenever work runs.
    inOrder: (work, signal) => lane.run((running) => work(box.held!, running), signal),
    close: () =>
      lane.close(async () => {
        await box.held?.trainer.close()
        delete box.held
        await onClose()
      }),
  }
}

function frozenCalls<Content extends Parts>({ inOrder, close }: Holder<Content>): FrozenClient {
  return {
    sample: (requests, params, call) =>
      inOrder(async (held, signal) => {
        const sequences_RS = await held.sampler.sample(requests, params, { signal })
        count(held, {
          prefilled: countTokens(requests.map(({ promptTokens }) => promptTokens)),
          sampled: countTokens(sequences_RS.flat().map(({ tokens }) => tokens)),
        })
        return sequences_RS
      }, call?.signal),
    forward: (data, loss, config, call) =>
      inOrder(async (held, signal) => {
        const result = await held.trainer.forward(data, loss, config, { signal })
        count(held, { scored: countTokens(data.map(({ inputTokens }) => inputTokens)) })
        return result
      }, call?.signal),
    info: () => inOrder(describe),
    close,
  }
}

function describe({ model, facts, usage, adam }: Held): ModelInfo {
  const { base, adapter, config } = model
  const adapterSize = adapter?.parameters.flat.length ?? 0
  return {
    parameters: base.flat.length + adapterSize,
    trainableParameters: adam === undefined ? 0 : trainedParameters(model).flat.length,
    vocabSize: config.vocabSize,
    contextLength: config.maxPositions,
    weightsHash: modelHash(model),
    usage,
    facts,
  }
}

function count(held: Held, tokens: Partial<TokenUsage>): void {
  const { usage } = held
  held.usage = {
    trained: usage.trained + (tokens.trained ?? 0),
    scored: usage.scored + (tokens.scored ?? 0),
    prefilled: usage.prefilled + (tokens.prefilled ?? 0),
    sampled: usage.sampled + (tokens.sampled ?? 0),
  }
}

function countTokens(lists: readonly (readonly number[])[]): number {
  return lists.reduce((total, { length }) => total + length, 0)
}
