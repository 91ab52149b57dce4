import type { Distractor } from './distractors.ts'
import type { GraphReader } from './reader.ts'

/** One sentence for a reader: why an option is wrong, in which world, and how it was found. */
export function reasonOf(reader: GraphReader, { refuted, claim, why }: Distractor): string {
  const { graph } = reader
  const [head, tail] = claim.hop.backward ? [claim.to, claim.from] : [claim.from, claim.to]
  const said = sentence(reader, head, claim.hop.number, tail)
  if (refuted.world === 'closed') return `${refuted.source ?? ''} lists all and not that ${said} (${why})`
  if (refuted.world === 'open') return `no source says that ${said} (${why})`
  const [triple] = refuted.triples
  if (triple === undefined) return `a source denies that ${said} (${why})`
  return `${sentence(reader, graph.headOf(triple), graph.relationAt(triple), graph.tailOf(triple))} (${why})`
}

function sentence({ graph }: GraphReader, head: number, relation: number, tail: number): string {
  return `${graph.labelOf(head)}${graph.schema.relations[relation]?.statement ?? ''} ${graph.labelOf(tail)}`
}
