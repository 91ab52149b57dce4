/**
 * LoRA training of SmolLM2-135M-Instruct on sentences of the starter graph, its loss measured on sentences of facts that
 * are never trained. The adapter is saved for `check_adapter.py`, which measures the same loss with PEFT.
 *
 *     npx tsx interop/smollm/train.ts [folder] [steps]
 */
import { join } from 'node:path'
import { clock } from '../../src/core/clock.ts'
import { formatJson } from '../../src/core/json.ts'
import { createRng } from '../../src/core/rng.ts'
import { putAtomic } from '../../src/core/store.ts'
import { createHost } from '../../src/engine/local/host.ts'
import { defaultLoraTargets } from '../../src/engine/lora.ts'
import type { Datum, FrozenClient } from '../../src/engine/types.ts'
import { starterSchema } from '../../src/graph/schema.ts'
import { readTables } from '../../src/graph/sources/tables.ts'
import { drawSentences, type Fact, factsOf } from '../../src/questions/facts.ts'
import type { Tokenizer } from '../../src/text/tokenizer.ts'
import { modelDir, peakMemory, readTokenizer } from './model.ts'

const SEED = 20_251
const LENGTH = 256
const SEQUENCES_PER_STEP = 2
const HELD_OUT_SEQUENCES = 8
const HELD_OUT_SHARE = 0.1
const LEARNING_RATE = 1e-3
const DEFAULT_STEPS = 30
/** A sentence has 10 tokens and more. */
const SENTENCES_PER_SEQUENCE = 26

const graph = readTables(join(import.meta.dirname, '../../data/starter'), starterSchema)

/** Sequence `index` of a stream of sentences about the facts. */
function sequence(tokenizer: Tokenizer, facts: readonly Fact[], stream: string, index: number): Datum {
  const position = index * SENTENCES_PER_SEQUENCE
  const sentences = drawSentences(graph, facts, { seed: `${SEED} ${stream}`, position, count: SENTENCES_PER_SEQUENCE })
  const text = sentences.map((parts) => parts.map((part) => part.text).join('')).join('\n')
  const tokens = tokenizer.encode(text).slice(0, LENGTH + 1)
  const targetTokens = tokens.slice(1)
  return { inputTokens: tokens.slice(0, -1), targetTokens, weights: targetTokens.map(() => 1) }
}

/** Mean loss of a token, nats. */
async function meanLoss(client: FrozenClient, data: readonly Datum[]): Promise<number> {
  const { lossSum } = await client.forward(data, 'cross_entropy')
  return lossSum / countTokens(data)
}

function countTokens(data: readonly Datum[]): number {
  return data.reduce((sum, { inputTokens }) => sum + inputTokens.length, 0)
}

const dir = modelDir()
const steps = Number(process.argv[3] ?? DEFAULT_STEPS)
const tokenizer = readTokenizer(dir)
const shuffled = createRng(SEED, 'held-out').shuffle(factsOf(graph))
const heldOutCount = Math.round(HELD_OUT_SHARE * shuffled.length)
const [heldOutFacts, trainFacts] = [shuffled.slice(0, heldOutCount), shuffled.slice(heldOutCount)]
const heldOut = Array.from({ length: HELD_OUT_SEQUENCES }, (_, at) => sequence(tokenizer, heldOutFacts, 'test', at))
const host = await createHost({ model: dir, seed: SEED, maxTokensPerMicroBatch: SEQUENCES_PER_STEP * LENGTH })
const client = await host.createModel({ lora: { rank: 16, alpha: 32, targets: defaultLoraTargets }, seed: SEED })
const before = await meanLoss(client, heldOut)
process.stdout.write(
  `${trainFacts.length} facts to train, ${heldOutFacts.length} held out (${countTokens(heldOut)} tokens); held-out loss ${before.toFixed(4)} nats a token before\n`,
)
const start = clock.monotonicMs()
let tokens = 0
for (let step = 0; step < steps; step++) {
  const data = Array.from({ length: SEQUENCES_PER_STEP }, (_, at) =>
    sequence(tokenizer, trainFacts, 'train', step * SEQUENCES_PER_STEP + at),
  )
  const count = countTokens(data)
  const scaled = data.map((datum) => ({ ...datum, weights: datum.targetTokens.map(() => 1 / count) }))
  const { lossSum } = await client.forwardBackward(scaled, 'cross_entropy')
  await client.optimStep({ learningRate: LEARNING_RATE, gradClipNorm: 1 })
  tokens += count
  if (step % 5 === 0 || step === steps - 1)
    process.stdout.write(`step ${step + 1} of ${steps}: loss ${lossSum.toFixed(4)}\n`)
}
const seconds = (clock.monotonicMs() - start) / 1000
const after = await meanLoss(client, heldOut)
const adapterDir = join(dir, 'lora-facts')
await client.saveWeights(adapterDir)
const data = heldOut.map(({ inputTokens, targetTokens }) => ({ inputTokens, targetTokens }))
putAtomic(join(adapterDir, 'held-out.json'), formatJson({ before, after, data }))
const { trainableParameters, parameters } = await client.info()
await host.close()
process.stdout.write(
  [
    `held-out loss ${before.toFixed(4)} → ${after.toFixed(4)} nats a token after ${steps} steps`,
    `${trainableParameters} of ${parameters} weights trained; ${tokens} tokens in ${seconds.toFixed(1)} s (${(tokens / seconds).toFixed(1)} tokens/s, ${(seconds / steps).toFixed(2)} s a step); peak ${peakMemory().toFixed(2)} GB`,
    `adapter in ${adapterDir}`,
    '',
  ].join('\n'),
)
process.exitCode = after < before ? 0 : 1
