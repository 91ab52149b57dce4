/**
 * Compares the loss and the gradient of every parameter with what TRL computed, case by case and update by update.
 *
 *     npx tsx interop/trl/compare.ts DIR        after prepare.ts and losses.py
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { formatTable } from '../../bench/engine/table.ts'
import { DataError } from '../../src/core/errors.ts'
import { parseJson } from '../../src/core/json.ts'
import { readText } from '../../src/core/read.ts'
import { modelOf, readGolden, relativeDistance } from '../../src/engine/local/fixtures/golden-kit.ts'
import { loadBase } from '../../src/engine/local/hf/folder.ts'
import type { Model } from '../../src/engine/local/model/model.ts'
import { decodeSafetensors, type Tensor } from '../../src/engine/local/safetensors.ts'
import { createTrainer } from '../../src/engine/local/trainer.ts'
import { overlongPenalty } from '../../src/policy/overlong.ts'
import { type Factor, type LossCase, lossCases, maxTokens } from './cases.ts'
import { createRecorder, stepOf } from './ours.ts'
import { eosToken, type FixedGroup, fixedGroup, modelNames, overlongCache, slugOf } from './shared.ts'

const TOLERANCE = 1e-4
/** Losses near 0 are compared with this instead of themselves: on policy, a loss of centred advantages is 0. */
const SMALLEST_LOSS = 0.01

const trlLosses = z.object({ losses: z.array(z.number()) })
const penalties = z.object({ overlong: z.array(z.number()) })

type Tally = { passed: number; failed: number }

/** A line of the table, and whether the numbers agree. */
type Line = { readonly cells: readonly string[]; readonly agrees: boolean }

function readJson<T>(file: string, schema: z.ZodType<T>): T {
  return schema.parse(parseJson(readText(file), { file }))
}

/** The tensors of a kind, laid out like the weights of the model. */
function flatOf(model: Model, tensors: ReadonlyMap<string, Tensor>, kind: 'gradient' | 'weight'): Float32Array {
  const flat = new Float32Array(model.base.flat.length)
  for (const { name, offset } of model.base.specs) {
    const tensor = tensors.get(`${kind}.${name}`)
    if (tensor === undefined) throw new DataError(`TRL wrote no ${kind} of ${name}`)
    flat.set(tensor.values, offset)
  }
  return flat
}

function factorOf(factor: Factor, groups: readonly FixedGroup[]): number {
  const rollouts = groups.flatMap(({ completions }) => completions)
  switch (factor) {
    case 'same':
      return 1
    case 'one over max tokens':
      return 1 / maxTokens
    case 'rollouts with tokens over rollouts':
      return rollouts.filter((tokens) => tokens.at(-1) === eosToken).length / rollouts.length
  }
}

/** The largest distance of a tensor's gradient, by its own norm. */
function worstTensor(model: Model, found: Float32Array, expected: Float32Array): number {
  return Math.max(
    ...model.base.specs.map(({ offset, size }) =>
      relativeDistance(found.subarray(offset, offset + size), expected.subarray(offset, offset + size)),
    ),
  )
}

async function compareCase(dir: string, name: (typeof modelNames)[number], lossCase: LossCase): Promise<Line[]> {
  const golden = readGolden(name)
  const model = modelOf(golden)
  const file = join(dir, name, 'trl', slugOf(lossCase.name))
  const updates = Array.from({ length: lossCase.updates }, (_, index) => {
    const path = `${file}-${index + 1}.safetensors`
    const { tensors } = decodeSafetensors(readFileSync(path), path)
    return { gradient: flatOf(model, tensors, 'gradient'), weights: flatOf(model, tensors, 'weight') }
  })
  const { losses } = readJson(`${file}.json`, trlLosses)
  const groups = readJson(join(dir, name, 'rollouts.json'), z.array(fixedGroup))
  const { decoder, parameters } = loadBase(join(dir, `${name}-reference`))
  const reference = createTrainer({ config: decoder, base: parameters }, { threads: 1, maxTokensPerMicroBatch: 4096 })
  const recorder = createRecorder(
    model,
    updates.map(({ weights }) => weights),
  )
  const result = await stepOf(recorder, groups, lossCase, async (data) => {
    return (await reference.forward(data, 'importance_sampling')).logprobs_DT
  })
  await recorder.close()
  await reference.close()
  const factor = factorOf(lossCase.factor ?? 'same', groups)
  const clipped = (result.clipLowShare ?? 0) + (result.clipHighShare ?? 0)
  return updates.map(({ gradient }, index) => {
    const found = recorder.gradients[index]!.map((value) => value * factor)
    const loss = result.losses_U![index]! * factor
    const trlLoss = losses[index]!
    const lossDistance = Math.abs(loss - trlLoss) / Math.max(Math.abs(trlLoss), SMALLEST_LOSS)
    const hasLoss = lossCase.hasOtherValue === true || lossDistance <= TOLERANCE
    const distance = relativeDistance(found, gradient)
    const worst = worstTensor(model, found, gradient)
    // The share is over all updates, and the first clips nothing: between 0 and 1 / updates.
    const clips = lossCase.clips !== true || (clipped > 0 && clipped < 0.9 / lossCase.updates)
    return {
      agrees: hasLoss && worst <= TOLERANCE && clips,
      cells: [
        `${lossCase.name}${lossCase.updates === 1 ? '' : `, update ${index + 1}`}`,
        name,
        trlLoss.toFixed(6),
        lossCase.hasOtherValue === true ? '–' : lossDistance.toExponential(1),
        distance.toExponential(1),
        worst.toExponential(1),
        index === 0 || result.clipLowShare === undefined ? '–' : `${(100 * lossCase.updates * clipped).toFixed(0)} %`,
        lossCase.factor === undefined ? '1' : factor.toFixed(4),
      ],
    }
  })
}

/** DAPO's penalty for long completions: every length up to beyond the limit. */
function compareOverlong(dir: string, tally: Tally): void {
  const { overlong } = readJson(join(dir, 'penalties.json'), penalties)
  const found = overlong.map((_, tokens) => overlongPenalty(tokens, { maxTokens, cacheTokens: overlongCache }))
  const isEqual = found.every((value, tokens) => Math.abs(value - overlong[tokens]!) < 1e-12)
  tally[isEqual ? 'passed' : 'failed'] += 1
  console.log(`${isEqual ? 'passed' : 'FAILED'}  soft overlong penalty of ${found.length} lengths`)
}

const dir = process.argv[2]!
const tally: Tally = { passed: 0, failed: 0 }
const lines: Line[] = []
for (const name of modelNames) for (const lossCase of lossCases) lines.push(...(await compareCase(dir, name, lossCase)))
for (const { agrees } of lines) tally[agrees ? 'passed' : 'failed'] += 1
console.log(
  formatTable(
    ['case', 'model', 'TRL loss', 'loss off', 'gradient off', 'worst tensor off', 'clipped', 'factor', 'agrees'],
    lines.map(({ cells, agrees }) => [...cells, agrees ? 'yes' : 'NO']),
  ),
)
compareOverlong(dir, tally)
console.log(`${tally.passed} passed, ${tally.failed} failed`)
process.exitCode = tally.failed > 0 ? 1 : 0
