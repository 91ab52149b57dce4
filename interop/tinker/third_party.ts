/**
 * Our client against a Tinker server that nobody here wrote. `run.py` starts the server; by hand:
 *
 *     npx tsx interop/tinker/third_party.ts <url> <folder of the server's base model> <json | protobuf>
 *
 * Prints one line per claim, `ok - …` or `not ok - …`.
 */
import { join } from 'node:path'
import { createRng } from '../../src/core/rng.ts'
import { ensureDir, removeDir } from '../../src/core/store.ts'
import { readDecoder } from '../../src/engine/local/hf/folder.ts'
import { createHost } from '../../src/engine/local/host.ts'
import { type TinkerConfig, tinkerEngine } from '../../src/engine/tinker/client/index.ts'
import type { Datum, LossName, TrainingClient } from '../../src/engine/types.ts'
import { groupAdvantages } from '../../src/policy/advantage.ts'
import { rolloutDatum, supervisedDatum } from '../../src/policy/datum.ts'
import { scaleWeights, supervisedStep } from '../../src/policy/sft.ts'

const STOP = 1
const RANK = 8
/** What SkyRL gives every adapter. */
const ALPHA = 32
const PROMPTS = Array.from({ length: 8 }, (_, i) => [
  4 + ((7 * i) % 56),
  4 + ((11 * i + 3) % 56),
  4 + ((5 * i + 20) % 56),
])
/** Adam with an eps far above the gradient is plain descent: rate · gradient / eps. */
const DESCENT = { learningRate: 20, beta1: 0, beta2: 0, eps: 1e6, weightDecay: 0 } as const

function check(claim: string, holds: boolean, measured = ''): void {
  process.stdout.write(`${holds ? 'ok' : 'not ok'} - ${claim}${measured === '' ? '' : ` (${measured})`}\n`)
}

const taught = (prompt: readonly number[]): Datum => supervisedDatum(prompt, [...prompt.toReversed(), STOP], 1)
const short = taught(PROMPTS[0]!)
const long = supervisedDatum(PROMPTS[1]!, PROMPTS.slice(2).flat(), 1)
const heavy = { ...short, weights: short.weights!.map((weight) => 2 * weight) }
const texts = [short, long].map((datum) => ({ ...datum, weights: datum.inputTokens.map(() => 1) }))

async function scored(client: TrainingClient): Promise<readonly number[]> {
  return (await client.forward(texts, 'cross_entropy')).logprobs_DT.flat()
}

/** How far one descent step on a batch moves every log-probability. */
async function move(client: TrainingClient, data: readonly Datum[], loss: LossName): Promise<readonly number[]> {
  const before = await scored(client)
  await client.forwardBackward(data, loss)
  await client.optimStep(DESCENT)
  const after = await scored(client)
  return after.map((value, index) => value - before[index]!)
}

const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs))
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value - b[i]!)

async function checkScale(config: TinkerConfig, base: string, dir: string): Promise<void> {
  const withFresh = async <Result>(use: (client: TrainingClient) => Promise<Result>): Promise<Result> => {
    const client = await tinkerEngine.create(config)
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }
  const host = await createHost({ model: base, seed: 1, threads: 2 })
  const targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const
  const ours = await host.createModel({ lora: { rank: RANK, alpha: ALPHA, targets }, seed: 1 })
  const theirs = await withFresh(async (client) => {
    await client.saveWeights(dir)
    await ours.loadWeights(dir)
    const gap = largest(minus(await scored(client), await scored(ours)))
    check(
      'its adapter, downloaded, computes the same in the embedded engine',
      gap < 1e-4,
      `${gap.toExponential(1)} nats`,
    )
    return move(client, [short, long], 'cross_entropy')
  })
  const own = await move(ours, [short, long], 'cross_entropy')
  await host.close()
  const share = largest(minus(theirs, own)) / largest(own)
  const size = `${largest(own).toExponential(1)} nats, apart by ${(100 * share).toFixed(2)} %`
  check('a descent step on two sequences moves as in the embedded engine: the summed loss', share < 0.02, size)

  const [one, other, twice] = [
    await withFresh((client) => move(client, [short], 'cross_entropy')),
    await withFresh((client) => move(client, [long], 'cross_entropy')),
    await withFresh((client) => move(client, [heavy], 'cross_entropy')),
  ]
  const pair = largest(minus(minus(theirs, one), other)) / largest(theirs)
  check('the step on two sequences is the sum of the steps on each', pair < 0.02, `${(100 * pair).toFixed(2)} %`)
  const doubled =
    largest(
      minus(
        twice,
        one.map((value) => 2 * value),
      ),
    ) / largest(twice)
  check('doubled weights double the step', doubled < 0.02, `${(100 * doubled).toFixed(2)} %`)
}

async function checkSupervised(client: TrainingClient): Promise<void> {
  const data = scaleWeights(PROMPTS.map(taught))
  const steps = 60
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const { metrics } = await supervisedStep(client, data, step, {
      steps,
      learningRate: 1e-2,
      warmup: 0,
      finalShare: 1,
    })
    losses.push(metrics['train/loss']!)
  }
  const measured = `${losses[0]!.toFixed(2)} to ${losses.at(-1)!.toFixed(4)} nats a token in ${steps} steps`
  check('supervised fine-tuning brings the loss below 0.1', losses.at(-1)! < 0.1, measured)
  const requests = PROMPTS.map((promptTokens, index) => ({ promptTokens, numSamples: 1, key: `recite ${index}` }))
  const answers = await client.sample(requests, { maxTokens: 6, temperature: 0, stopTokens: [STOP] })
  const right = answers.filter(
    ([found], i) => found!.tokens.join() === [...PROMPTS[i]!.toReversed(), STOP].join() && found!.stopReason === 'stop',
  ).length
  check('what it samples then is what was taught', right === PROMPTS.length, `${right} of ${PROMPTS.length}`)
}

async function checkResume(client: TrainingClient, dir: string): Promise<void> {
  await client.saveState(dir)
  const saved = await scored(client)
  const step = async (): Promise<readonly number[]> => {
    await client.forwardBackward(PROMPTS.slice(0, 3).map(taught), 'cross_entropy')
    await client.optimStep({ learningRate: 1e-2 })
    return scored(client)
  }
  const stepped = await step()
  await client.loadState(dir, { optimizer: true })
  const gap = largest(minus(await scored(client), saved))
  const next = largest(minus(await step(), stepped))
  check('a saved state loads, and its next step is the same', gap < 1e-4 && next < 1e-4, `${gap}, ${next} nats`)
}

async function checkPolicy(client: TrainingClient): Promise<void> {
  const steps = 12
  const [groupSize, maxTokens] = [8, 4]
  const means: number[] = []
  let gap = 0
  for (let step = 0; step < steps; step++) {
    const requests = PROMPTS.slice(0, 6).map((promptTokens, i) => {
      return { promptTokens, numSamples: groupSize, key: `step ${step} ${i}` }
    })
    const groups = await client.sample(requests, { maxTokens })
    const rewards_PG = groups.map((group) =>
      group.map(({ tokens }) => tokens.filter((t) => t % 4 === 0).length / maxTokens),
    )
    const data = groups.flatMap((group, i) => {
      const advantages_G = groupAdvantages(rewards_PG[i]!)
      return group.map((rollout, j) => rolloutDatum(PROMPTS[i]!, rollout, advantages_G[j]! / groupSize))
    })
    const { logprobs_DT } = await client.forwardBackward(data, 'importance_sampling')
    data.forEach(({ advantages, logprobs }, d) => {
      advantages!.forEach((advantage, t) => {
        if (advantage !== 0) gap = Math.max(gap, Math.abs(logprobs![t]! - logprobs_DT[d]![t]!))
      })
    })
    await client.optimStep({ learningRate: 1e-2 })
    means.push(rewards_PG.flat().reduce((sum, reward) => sum + reward, 0) / (6 * groupSize))
  }
  const late = means.slice(-3).reduce((sum, mean) => sum + mean, 0) / 3
  check('the reward of a GRPO loop rises', late > means[0]! + 0.25, `${means.map((mean) => mean.toFixed(2)).join(' ')}`)
  check('sampler and trainer agree on every trained token', gap < 1e-3, `${gap.toExponential(1)} nats at most`)
}

async function main(url: string, base: string, encoding: string): Promise<void> {
  const dir = join(process.env.FLEMING_TINKER_WORK ?? '/tmp', `third-party-${createRng(url).uint32()}`)
  removeDir(dir)
  ensureDir(dir)
  const { vocabSize, maxPositions } = readDecoder(base)
  const config: TinkerConfig = {
    baseUrl: url,
    baseModel: base,
    lora: { rank: RANK },
    seed: 1,
    // Told where detection cannot work: see README.md, "What our client has to know".
    ...(encoding === 'json' && { server: 'skyrl-jax' as const }),
    vocabSize,
    contextLength: maxPositions,
    encoding: encoding === 'json' ? 'json' : 'protobuf',
    timing: { deadlineMs: 300_000 },
  }
  const client = await tinkerEngine.create(config)
  const { facts } = await client.info()
  const known = facts.serverKind === 'skyrl-jax'
  if (config.server === undefined) check('it finds out whose server it is', known, `snapshots ${facts.snapshots}`)
  await checkSupervised(client)
  await checkResume(client, join(dir, 'state'))
  await client.close()
  const policy = await tinkerEngine.create({ ...config, seed: 2 })
  await checkPolicy(policy)
  await policy.close()
  await checkScale(config, base, join(dir, 'adapter'))
}

const [url, base, encoding] = process.argv.slice(2)
if (url === undefined || base === undefined || encoding === undefined) {
  process.stderr.write('usage: npx tsx interop/tinker/third_party.ts <url> <base model folder> <json | protobuf>\n')
  process.exit(2)
}
await main(url, base, encoding)
