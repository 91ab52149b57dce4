/**
 * Trains every golden model a little, once whole and once by adapter, and exports it in every form. Beside each export
 * lies `expected.json`: what the engine computes after loading that very export. `check_exports.py` compares.
 *
 *     npx tsx interop/transformers/export_all.ts <folder>
 */
import { join } from 'node:path'
import { formatJson } from '../../src/core/json.ts'
import { ensureDir, putAtomic, removeDir } from '../../src/core/store.ts'
import {
  adaptedModelOf,
  dataFor,
  type Golden,
  goldenNames,
  greedyRequests,
  modelOf,
  readGolden,
  writeModelFolder,
} from '../../src/engine/local/fixtures/golden-kit.ts'
import { createHost } from '../../src/engine/local/host.ts'
import { adamwStep, createAdamState } from '../../src/engine/local/model/adamw.ts'
import { type Model, trainedParameters } from '../../src/engine/local/model/model.ts'
import { type SaveOptions, saveWeights } from '../../src/engine/local/model/weights.ts'
import { createTrainer } from '../../src/engine/local/trainer.ts'
import type { FrozenClient } from '../../src/engine/types.ts'

const STEPS = 3
const LEARNING_RATE = 0.01
/** Small enough that every tiny model falls into several files. */
const SHARD_BYTES = 8192

const wholeForms: { readonly [form: string]: SaveOptions } = {
  full: {},
  sharded: { maxShardBytes: SHARD_BYTES },
  bfloat16: { dtype: 'bfloat16' },
  float16: { dtype: 'float16', maxShardBytes: SHARD_BYTES },
}

/** Moves every weight that training changes, so that an export cannot pass by holding what was there before. */
async function train(model: Model, golden: Golden): Promise<void> {
  const trainer = createTrainer(model, { threads: 2, maxTokensPerMicroBatch: 4096 })
  const { specs, flat } = trainedParameters(model)
  const adam = createAdamState(flat.length)
  for (let step = 0; step < STEPS; step++) {
    await trainer.forwardBackward(dataFor('cross_entropy', golden), 'cross_entropy')
    adamwStep(specs, flat, trainer.gradients, adam, { learningRate: LEARNING_RATE })
    trainer.clearGradients()
  }
  await trainer.close()
}

/** Log-probability of every token after every position of the golden sequences, and the greedy completions. */
async function expectedOf(client: FrozenClient, golden: Golden): Promise<unknown> {
  const { vocabSize } = await client.info()
  const sequences = []
  for (const { inputTokens } of golden.data) {
    const everyToken = Array.from({ length: vocabSize }, (_, token) => ({
      inputTokens,
      targetTokens: inputTokens.map(() => token),
      weights: inputTokens.map(() => 1),
    }))
    const { logprobs_DT } = await client.forward(everyToken, 'cross_entropy')
    sequences.push({ inputTokens, logprobs: inputTokens.map((_, at) => logprobs_DT.map((logprobs) => logprobs[at]!)) })
  }
  const maxTokens = golden.greedy[0]!.tokens.length
  const completions = await client.sample(greedyRequests(golden.greedy), { maxTokens, temperature: 0 })
  const greedy = completions.map(([found], index) => ({ ...found!, promptTokens: golden.greedy[index]!.promptTokens }))
  return { sequences, greedy }
}

async function exportWhole(dir: string, model: Model, options: SaveOptions, golden: Golden): Promise<void> {
  saveWeights(dir, model, options)
  const host = await createHost({ model: dir, seed: 1, threads: 2 })
  putAtomic(join(dir, 'expected.json'), formatJson(await expectedOf(host.base, golden)))
  await host.close()
}

async function exportAdapter(dir: string, base: string, model: Model, golden: Golden): Promise<void> {
  saveWeights(dir, model, { baseName: base })
  const host = await createHost({ model: base, seed: 1, threads: 2 })
  putAtomic(join(dir, 'expected.json'), formatJson(await expectedOf(await host.openSnapshot(dir), golden)))
  await host.close()
}

const [root] = process.argv.slice(2)
if (root === undefined) {
  process.stderr.write('usage: npx tsx interop/transformers/export_all.ts <folder>\n')
  process.exit(2)
}
removeDir(join(root, 'exports'))
let count = 0
for (const name of goldenNames) {
  const golden = readGolden(name)
  const dir = join(root, 'exports', name)
  ensureDir(dir)
  const base = join(dir, 'base')
  writeModelFolder(base, golden)
  const whole = modelOf(golden)
  await train(whole, golden)
  for (const [form, options] of Object.entries(wholeForms)) await exportWhole(join(dir, form), whole, options, golden)
  for (const [key, adapter] of Object.entries(golden.adapters)) {
    const model = adaptedModelOf(golden, adapter)
    await train(model, golden)
    await exportAdapter(join(dir, `adapter-${key}`), base, model, golden)
    await exportWhole(join(dir, `merged-${key}`), model, { merged: true }, golden)
    count += 2
  }
  count += Object.keys(wholeForms).length
}
process.stdout.write(`${count} exports of ${goldenNames.length} models in ${join(root, 'exports')}\n`)
