/** The questions that a run of any size is kept clean of: some that it makes itself, some like them, most unlike them. */
import { join } from 'node:path'
import { createRng, type Rng } from '../src/core/rng.ts'
import { openJsonlWriter } from '../src/core/store.ts'
import { buildGraph } from '../src/graph/build.ts'
import type { PackedGraph } from '../src/graph/types.ts'
import { sourcePlans } from '../src/pipeline/data/graph.ts'
import { generateShard, shardCount } from '../src/questions/items/generate.ts'
import { planItems } from '../src/questions/items/plan.ts'
import { createSeenKeys } from '../src/questions/items/seen.ts'
import type { Item } from '../src/questions/types.ts'
import { optionLetters } from '../src/text/options.ts'
import { benchmarkFile, type ScaleSize, scaleConfig } from './scale-inputs.ts'

/** The rows of a benchmark, by what they are. */
export type BenchmarkRows = {
  /** Word for word a question that the run makes: each of them must be found. */
  readonly planted: number
  /** Made from the same graph with another seed. */
  readonly sameGraph: number
  /** Long cases of made-up words, which have nothing to do with the graph. */
  readonly vignettes: number
}

/** Chosen by us; what is left over are vignettes. */
const PLANTED_SHARE = 0.05
const SAME_GRAPH_SHARE = 0.2
/**
 * Words of a question that is taken into the benchmark at least, about as in licensing exams. Half of a shorter one is
 * wording of its template: the ledger would find it in every question of that template.
 */
const MIN_WORDS = 32
/** Slots of a shard of the plan that rows are taken from: neither decides what an item is. */
const SHARD_SLOTS = 1000

/** Writes the benchmark for the graph whose tables are in `dir`. */
export async function writeBenchmark(dir: string, size: ScaleSize): Promise<BenchmarkRows> {
  const { graph } = await buildGraph(sourcePlans(scaleConfig(dir, size)))
  const writer = openJsonlWriter(join(dir, benchmarkFile))
  try {
    const wanted = { planted: PLANTED_SHARE * size.benchmarks, sameGraph: SAME_GRAPH_SHARE * size.benchmarks }
    let planted = 0
    // Every other one, so that neighbours of what is taken out stay.
    for (const item of singlesOf(graph, dir, size, 2, wanted.planted)) {
      writer.write(rowOf(item, 'planted', planted))
      planted += 1
    }
    let sameGraph = 0
    for (const item of singlesOf(graph, dir, { ...size, seed: size.seed + 1000 }, 1, wanted.sameGraph)) {
      writer.write(rowOf(item, 'same-graph', sameGraph))
      sameGraph += 1
    }
    const vignettes = size.benchmarks - planted - sameGraph
    for (let index = 0; index < vignettes; index++)
      writer.write(vignette(createRng(size.seed, 'vignette', index), index))
    writer.finish()
    return { planted, sameGraph, vignettes }
  } finally {
    writer.close()
  }
}

/** Every n-th long question with one right option that a run of this size and seed makes, from its beginning. */
function* singlesOf(graph: PackedGraph, dir: string, size: ScaleSize, every: number, limit: number): Generator<Item> {
  const { gapWeight: _, shardSize: __, writer: ___, ...config } = scaleConfig(dir, size).synthesis
  const plan = planItems(graph, config, size.seed)
  const seen = createSeenKeys()
  let met = 0
  let taken = 0
  for (let index = 0; index < shardCount(plan, SHARD_SLOTS); index++) {
    for (const item of generateShard(graph, plan, { index, size: SHARD_SLOTS }, { seen })) {
      if (taken >= limit) return
      if (item.form !== 'single' || item.stem.split(' ').length < MIN_WORDS || met++ % every !== 0) continue
      taken += 1
      yield item
    }
  }
}

function rowOf({ stem, options, golds, answers }: Item, kind: string, index: number) {
  const letter = optionLetters[golds[0]!]!
  return {
    id: `${kind}-${index}`,
    question: stem,
    options: Object.fromEntries(options.map((option, at) => [optionLetters[at], option])),
    answer_idx: letter,
    answer: answers[0],
  }
}

const sounds = 'ba bri ca cle da dor e fa gri ha i jo ka lem ma nu o pri qua ri sta ti u vo wex y zan'.split(' ')

function word(rng: Rng): string {
  let text = ''
  for (let left = 2 + rng.int(3); left > 0; left--) text += rng.pick(sounds)
  return text
}

/** A case in the form of a licensing exam, about as long as those of MedQA. */
function vignette(rng: Rng, index: number) {
  const words = (count: number): string => Array.from({ length: count }, () => word(rng)).join(' ')
  const findings = Array.from({ length: 5 }, () => `${words(3)} of the ${word(rng)}`).join(', ')
  const question = [
    `A ${18 + rng.int(70)}-year-old ${rng.pick(['man', 'woman'])} comes to the physician because of a ${1 + rng.int(30)}-day history of ${words(4)}.`,
    `Examination shows ${findings}.`,
    `Laboratory studies show ${words(12)}; ${words(10)} is ${rng.int(400)} mg/dL.`,
    `The patient is given ${words(2)}, and ${words(16)} after ${2 + rng.int(20)} hours.`,
    'Which of the following is the most likely diagnosis?',
  ].join(' ')
  const options = Array.from({ length: 4 }, (_, at) => `${words(2)} ${'abcd'[at]}`)
  const gold = rng.int(4)
  return {
    id: `vignette-${index}`,
    question,
    options: Object.fromEntries(options.map((option, at) => [optionLetters[at], option])),
    answer_idx: optionLetters[gold],
    answer: options[gold],
  }
}
