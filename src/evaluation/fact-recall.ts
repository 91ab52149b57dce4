import type { SamplingClient } from '../engine/types.ts'
import type { Graph } from '../graph/graph.ts'
import { type Fact, factForms } from '../questions/facts.ts'
import type { Codec } from '../text/codec.ts'
import { wilsonInterval } from './metrics.ts'
import type { Interval } from './types.ts'

export type FactRecall = {
  readonly n: number
  readonly recalled: number
  readonly rate: number
  readonly interval: Interval
}

/**
 * The share of (entity, relation) pairs for which the greedy object is a triple of the graph: what the policy still
 * knows by heart, asked in the wording that reasoning uses.
 */
export async function factRecall(
  client: SamplingClient,
  codec: Codec,
  graph: Graph,
  facts: readonly Fact[],
): Promise<FactRecall> {
  const openings = facts.map((fact) => factForms[0]!(graph, fact, fact.tails[0]!)[0]!.text)
  const requests = openings.map((opening, index) => ({
    promptTokens: [...codec.startTokens, ...codec.encode(opening)],
    numSamples: 1,
    key: `fact ${index}`,
  }))
  // One token where names are tokens, as in a student from scratch.
  const maxTokens = Math.max(...graph.entities.map(({ label }) => codec.encode(` ${label}`).length))
  const samples = await client.sample(requests, { maxTokens, temperature: 0, stopTokens: codec.stopTokens })
  const labels = graph.entities.map(({ label }) => label.toLowerCase()).sort((a, b) => b.length - a.length)
  const recalled = facts.filter((fact, index) => {
    const said = codec.completionText(samples[index]![0]!.tokens).trim().toLowerCase()
    const label = labels.find((known) => said.startsWith(known) && !/^[\p{L}\p{N}]/u.test(said.slice(known.length)))
    const named = label === undefined ? undefined : graph.find(label)
    return named !== undefined && fact.tails.includes(named.id)
  }).length
  return { n: facts.length, recalled, rate: recalled / facts.length, interval: wilsonInterval(recalled, facts.length) }
}
