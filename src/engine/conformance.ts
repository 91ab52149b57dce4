/**
 * What every engine must do, as checks that run against any of them: in our tests, and for the engines of others. A check returns when the engine conforms and throws an EngineError that says what it did instead.
 */
import { join } from 'node:path'
import { FlemingError } from '../core/errors.ts'
import {
  distributionAfter,
  expectThat,
  fingerprint,
  lawDistance,
  nucleus,
  prompts,
  startTrained,
  tempered,
  train,
  twoData,
} from './conformance-kit.ts'
import type { Datum, SampleRequest, TrainingClient } from './types.ts'

/** An engine on trial. */
export type EngineUnderTest = {
  /** A fresh client of a tiny model, at least 12 tokens of vocabulary; every call gives the same initial state. */
  create(): Promise<TrainingClient>
  /** A directory the checks may fill. */
  readonly dir: string
  /** Largest difference between log-probabilities of sampler and trainer, nats; 1e-5 unless told. */
  readonly logprobTolerance?: number
}

export type ConformanceCheck = { readonly name: string; readonly run: (engine: EngineUnderTest) => Promise<void> }

/** Runs `use` with a fresh client and closes it. */
async function withClient<Result>(
  engine: EngineUnderTest,
  use: (client: TrainingClient) => Promise<Result>,
): Promise<Result> {
  const client = await engine.create()
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

const lossFalls = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    const before = (await client.forward(twoData, 'cross_entropy')).lossSum
    await train(client, 30)
    const after = (await client.forward(twoData, 'cross_entropy')).lossSum
    expectThat(after < before / 2, `the loss on two data went from ${before} to ${after} in 30 steps`)
  })

const logprobsAgree = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    await train(client, 5)
    const requests = prompts.map((promptTokens, index) => ({ promptTokens, numSamples: 3, key: `agree/${index}` }))
    const sequences_PG = await client.sample(requests, { maxTokens: 6 })
    const tolerance = engine.logprobTolerance ?? 1e-5
    for (const [index, { promptTokens }] of requests.entries()) {
      for (const { tokens, logprobs } of sequences_PG[index]!) {
        const all = [...promptTokens, ...tokens]
        const datum = { inputTokens: all.slice(0, -1), targetTokens: all.slice(1), weights: all.slice(1).map(() => 1) }
        const { logprobs_DT } = await client.forward([datum], 'cross_entropy')
        const ofCompletion = logprobs_DT[0]!.slice(promptTokens.length - 1)
        const worst = Math.max(...logprobs.map((logprob, i) => Math.abs(logprob - ofCompletion[i]!)))
        expectThat(worst <= tolerance, `sampler and trainer differ by ${worst} nats on prompt ${index}`)
      }
    }
  })

/** Draws one token many times and compares the frequencies with the law. */
async function checkLaw(
  client: TrainingClient,
  params: { readonly temperature?: number; readonly topP?: number; readonly topK?: number },
  law: (probabilities: readonly number[]) => readonly number[],
): Promise<void> {
  const promptTokens = prompts[0]
  const probabilities = await distributionAfter(client, promptTokens)
  const request: SampleRequest = { promptTokens, numSamples: 3000, key: 'law' }
  const [sequences = []] = await client.sample([request], { maxTokens: 1, ...params })
  const expected = law(probabilities)
  const counts = expected.map(() => 0)
  for (const { tokens, logprobs } of sequences) {
    const token = tokens[0]!
    counts[token]! += 1
    const difference = Math.abs(logprobs[0]! - Math.log(probabilities[token]!))
    expectThat(difference < 1e-4, `a log-probability is ${difference} nats off the untempered, unfiltered softmax`)
  }
  const outside = counts.findIndex((count, token) => count > 0 && expected[token] === 0)
  expectThat(outside < 0, `token ${outside} was drawn although ${describe(params)} excludes it`)
  const distance = lawDistance(counts, expected)
  expectThat(distance < 6, `the frequencies under ${describe(params)} are ${distance} deviations off the law`)
}

function describe(params: object): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

const temperatureLaw = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    await train(client, 5)
    for (const temperature of [1, 0.5, 2]) await checkLaw(client, { temperature }, (p) => tempered(p, temperature))
    await checkLaw(client, { temperature: 0 }, (p) =>
      p.map((value, token) => (token === argmax(p) && value > 0 ? 1 : 0)),
    )
  })

const filters = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    await train(client, 5)
    await checkLaw(client, { topK: 3 }, (p) => nucleus(p, { topK: 3, topP: 1 }))
    await checkLaw(client, { topP: 0.6 }, (p) => nucleus(p, { topK: p.length, topP: 0.6 }))
    await checkLaw(client, { topK: 5, topP: 0.5, temperature: 0.8 }, (p) =>
      nucleus(tempered(p, 0.8), { topK: 5, topP: 0.5 }),
    )
  })

function argmax(values: readonly number[]): number {
  return values.indexOf(Math.max(...values))
}

const stopTokens = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    const stop = [0, 1, 2, 3, 4, 5]
    const request = { promptTokens: prompts[0], numSamples: 40, key: 'stop' }
    const [sequences = []] = await client.sample([request], { maxTokens: 8, stopTokens: stop })
    for (const { tokens, logprobs, stopReason } of sequences) {
      const at = tokens.findIndex((token) => stop.includes(token))
      expectThat(tokens.length === logprobs.length, `${tokens.length} tokens came with ${logprobs.length} logprobs`)
      if (stopReason === 'stop') expectThat(at === tokens.length - 1, 'a stop token is not the last of its completion')
      else expectThat(at < 0 && tokens.length === 8, `a completion of ${tokens.length} tokens ended by length at 8`)
    }
    expectThat(new Set(sequences.map(({ stopReason }) => stopReason)).size === 2, 'of 40 completions all ended alike')
  })

const batchIndependence = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    await train(client, 5)
    const others = prompts.flatMap((promptTokens, index) => [
      { promptTokens, numSamples: 7, key: `other/${index}` },
      { promptTokens: [...promptTokens, 1, 2, 3], numSamples: 5, key: `longer/${index}` },
    ])
    const request = { promptTokens: prompts[1], numSamples: 3, key: 'mine' }
    const params = { maxTokens: 6, stopTokens: [2, 5] }
    const [alone = []] = await client.sample([request], params)
    const [amongOthers = []] = (await client.sample([...others, request], params)).slice(-1)
    expectThat(sameTokens(alone, amongOthers), 'a request drew other tokens in company than alone')
    const [renamed = []] = await client.sample([{ ...request, key: 'yours' }], params)
    expectThat(!sameTokens(alone, renamed), 'two keys drew the same tokens')
  })

type Sequences = readonly { readonly tokens: readonly number[] }[]

function sameTokens(a: Sequences, b: Sequences): boolean {
  return a.map(({ tokens }) => tokens.join()).join('/') === b.map(({ tokens }) => tokens.join()).join('/')
}

const saveAndLoad = async (engine: EngineUnderTest) => {
  const dir = join(engine.dir, 'saved')
  const uninterrupted = await withClient(engine, async (client) => {
    await train(client, 3)
    await client.saveState(dir)
    const saved = await fingerprint(client)
    await train(client, 3)
    return { saved, final: await fingerprint(client) }
  })
  await withClient(engine, async (client) => {
    await client.loadState(dir, { optimizer: true })
    expectThat((await fingerprint(client)) === uninterrupted.saved, 'loaded weights are not the saved ones')
    await train(client, 3)
    expectThat((await fingerprint(client)) === uninterrupted.final, 'training after a load took another course')
    await client.loadState(dir, { optimizer: false })
    const { step } = await client.optimStep({ learningRate: 0 })
    expectThat(step === 1, `the first step after a load without optimizer state was number ${step}`)
    await train(client, 2)
    await client.resetOptimizer()
    const reset = await client.optimStep({ learningRate: 0 })
    expectThat(reset.step === 1, `the first step after a reset of the optimizer was number ${reset.step}`)
  })
}

const sameSeed = async (engine: EngineUnderTest) => {
  const session = () =>
    withClient(engine, async (client) => {
      await train(client, 3)
      const sequences = await client.sample([{ promptTokens: prompts[0], numSamples: 4, key: 's' }], { maxTokens: 5 })
      return { sequences: sequences.flat(), hash: await fingerprint(client) }
    })
  const [first, second] = [await session(), await session()]
  expectThat(first.hash === second.hash, 'two fresh engines were trained alike and differ in their weights')
  expectThat(sameTokens(first.sequences, second.sequences), 'two fresh engines drew different tokens')
}

const accumulation = async (engine: EngineUnderTest) => {
  const measureAfter = (batches: readonly (readonly Datum[])[]) =>
    withClient(engine, async (client) => {
      for (const data of batches) await client.forwardBackward(data, 'cross_entropy')
      const { gradNorm } = await client.optimStep({ learningRate: 0.01 })
      // Not every server says the norm; where the update leads tells whether a call was forgotten, too.
      if (gradNorm === undefined) return (await client.forward(twoData, 'cross_entropy')).lossSum
      const idle = await client.optimStep({ learningRate: 0 })
      expectThat(idle.gradNorm === 0, `an optimizer step left a gradient of norm ${idle.gradNorm} behind`)
      return gradNorm
    })
  const apart = await measureAfter(twoData.map((datum) => [datum]))
  const together = await measureAfter([twoData])
  expectThat(Math.abs(apart / together - 1) < 1e-4, `gradients of two calls add up to ${apart}, of one to ${together}`)
}

const badDatum = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    const good = twoData[0]
    const { vocabSize } = await client.info()
    const before = await client.forward([good], 'cross_entropy')
    const bad: readonly (readonly [string, Datum])[] = [
      ['a token outside the vocabulary', { ...good, targetTokens: good.targetTokens.map(() => vocabSize) }],
      ['too few targets', { ...good, targetTokens: good.targetTokens.slice(1) }],
      ['a weight that is not a number', { ...good, weights: good.targetTokens.map(() => Number.NaN) }],
      ['no weights', { inputTokens: good.inputTokens, targetTokens: good.targetTokens }],
    ]
    for (const [what, datum] of bad) {
      const outcome = await outcomeOf(client.forwardBackward([good, datum], 'cross_entropy'))
      expectThat(outcome === 'E_DATA' || outcome === 'E_SHAPE', `a datum with ${what} gave ${outcome}`)
    }
    const cispo = await outcomeOf(client.forwardBackward([{ ...good, logprobs: [], advantages: [] }], 'cispo'))
    expectThat(cispo === 'E_CONFIG', `cispo without thresholds gave ${cispo}`)
    const { gradNorm } = await client.optimStep({ learningRate: 0 })
    expectThat(gradNorm === undefined || gradNorm === 0, 'a refused datum left a gradient behind')
    const after = await client.forward([good], 'cross_entropy')
    expectThat(after.lossSum === before.lossSum, 'a refused datum changed the model')
  })

async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'no error'
  } catch (error) {
    return error instanceof FlemingError ? error.code : `an untyped error: ${String(error)}`
  }
}

const order = (engine: EngineUnderTest) =>
  withClient(engine, async (client) => {
    const calls = [1, 2, 3].flatMap(() => [
      client.forwardBackward(twoData, 'cross_entropy'),
      client.optimStep({ learningRate: 0.01 }),
    ])
    const hash = fingerprint(client)
    await Promise.all(calls)
    const inOneGo = await hash
    const oneByOne = await startTrained(engine, 3)
    expectThat(inOneGo === oneByOne, 'calls made without waiting were not processed in their order')
  })

const closing = async (engine: EngineUnderTest) => {
  const client = await engine.create()
  await client.close()
  await client.close()
  const outcome = await outcomeOf(client.forward(twoData, 'cross_entropy'))
  expectThat(outcome === 'E_ENGINE', `a call after close gave ${outcome}`)
}

/** All checks; an engine conforms when every one returns. */
export const conformanceChecks: readonly ConformanceCheck[] = [
  { name: 'the loss falls on two data', run: lossFalls },
  { name: 'sampler and trainer agree on log-probabilities, ragged prompts included', run: logprobsAgree },
  { name: 'temperature raises the softmax to its inverse', run: temperatureLaw },
  { name: 'top-k and top-p keep the most probable tokens and renormalise', run: filters },
  { name: 'a stop token ends the completion and is part of it', run: stopTokens },
  { name: 'a request draws the same tokens alone and in company', run: batchIndependence },
  { name: 'a loaded state is the saved one and trains on as if never interrupted', run: saveAndLoad },
  { name: 'the same seed gives the same tokens and weights', run: sameSeed },
  { name: 'gradients of several calls add up until the optimizer step', run: accumulation },
  { name: 'a bad datum is a typed error and leaves no trace', run: badDatum },
  { name: 'calls are processed in the order they are made', run: order },
  { name: 'closing is final and may be repeated', run: closing },
]
