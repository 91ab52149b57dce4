/**
 * Writes what both sides start from: two tiny models with a reference policy each, the rollouts with their rewards, and the
 * cases. `losses.py` trains on it with TRL, `compare.ts` with ours.
 *
 *     npx tsx interop/trl/prepare.ts DIR
 */
import { join } from 'node:path'
import { formatJson } from '../../src/core/json.ts'
import { createRng, type Rng } from '../../src/core/rng.ts'
import { ensureDir, putAtomic } from '../../src/core/store.ts'
import { type Golden, modelOf, readGolden, writeModelFolder } from '../../src/engine/local/fixtures/golden-kit.ts'
import { createTrainer } from '../../src/engine/local/trainer.ts'
import { rolloutDatum } from '../../src/policy/datum.ts'
import { lossCases, maxTokens } from './cases.ts'
import { eosToken, type FixedGroup, modelNames, overlongCache, padToken, slugOf } from './shared.ts'

const VOCABULARY = 32
const GROUP_SIZE = 4
/** One group has no signal, one a reward of format alone. */
const rewards_PG = [
  [1, 0, 0, 1],
  [0, 0.1, 1, 0],
  [0.1, 0.1, 0.1, 0.1],
  [0, 0, 1, 0],
] as const
const promptLengths = [3, 5, 4, 6] as const
/** How far the log-probabilities of the other sampler are from the trainer's: standard deviation, nats. */
const MISMATCH = 0.35
/** How far the weights of the reference policy are from the policy's: standard deviation. */
const REFERENCE_SHIFT = 0.03

/** A third of the completions is cut off: they end without the stop token, some before the limit. */
function drawCompletion(rng: Rng): number[] {
  const length = 3 + rng.int(maxTokens - 2)
  const tokens = Array.from({ length }, () => drawToken(rng))
  return rng.int(3) === 0 ? tokens : [...tokens.slice(0, -1), eosToken]
}

const drawToken = (rng: Rng): number => eosToken + 1 + rng.int(VOCABULARY - eosToken - 1)

/** Sum of twelve uniform numbers: near enough to a normal one. */
const drawNormal = (rng: Rng): number =>
  Array.from({ length: 12 }, () => rng.int(1 << 20) / (1 << 20)).reduce((sum, value) => sum + value, -6)

/** The groups with the log-probabilities of the model and those of a sampler that differs. */
async function drawGroups(golden: Golden): Promise<FixedGroup[]> {
  const trainer = createTrainer(modelOf(golden), { threads: 2, maxTokensPerMicroBatch: 4096 })
  const rng = createRng(1, 'interop', 'trl', 'rollouts')
  const groups: FixedGroup[] = []
  for (const [index, rewards] of rewards_PG.entries()) {
    const promptTokens = Array.from({ length: promptLengths[index]! }, () => drawToken(rng))
    const completions = Array.from({ length: GROUP_SIZE }, () => drawCompletion(rng))
    const data = completions.map((tokens) => rolloutDatum(promptTokens, { tokens, logprobs: tokens.map(() => 0) }, 1))
    const { logprobs_DT } = await trainer.forward(data, 'importance_sampling')
    const logprobs = completions.map((tokens, member) => logprobs_DT[member]!.slice(-tokens.length))
    const mismatched = logprobs.map((values) => values.map((value) => value + MISMATCH * drawNormal(rng)))
    groups.push({ promptTokens, completions, rewards: [...rewards], logprobs, mismatched })
  }
  await trainer.close()
  return groups
}

const dir = process.argv[2]!
const cases = lossCases.map((lossCase) => ({ ...lossCase, slug: slugOf(lossCase.name) }))
putAtomic(
  join(ensured(dir), 'cases.json'),
  formatJson({ maxTokens, overlongCache, padToken, eosToken, models: modelNames, cases }, { pretty: true }),
)
for (const name of modelNames) {
  const golden = readGolden(name)
  writeModelFolder(join(dir, name), golden)
  putAtomic(join(dir, name, 'rollouts.json'), formatJson(await drawGroups(golden)))
  const rng = createRng(1, 'interop', 'trl', 'reference')
  const shifted = [...golden.weights].map(([tensor, { shape, values }]) => {
    const moved = values.map((value) => value + REFERENCE_SHIFT * drawNormal(rng))
    return [tensor, { shape, values: moved }] as const
  })
  writeModelFolder(join(dir, `${name}-reference`), { config: golden.config, weights: new Map(shifted) })
}

function ensured(folder: string): string {
  ensureDir(folder)
  return folder
}
