import { createRng, type Rng } from '../src/core/rng.ts'
import type { BuildReport } from '../src/graph/build.ts'
import { buildGraph } from '../src/graph/build.ts'
import { clinicalSchema } from '../src/graph/clinical.ts'
import type { EntityType, KnowledgeSource, PackedGraph, Rarity, SourceRecord } from '../src/graph/types.ts'

/** How large a generated graph is. */
export type GraphSize = { readonly entities: number; readonly triples: number; readonly seed: number }

/** Shares of entity types, about as in PrimeKG and UMLS (chosen by us); what is left over are diseases. */
const typeShares: readonly (readonly [EntityType, number])[] = [
  ['finding', 0.18],
  ['drug', 0.12],
  ['gene', 0.15],
  ['protein', 0.04],
  ['anatomy', 0.05],
  ['group', 0.03],
  ['test', 0.03],
  ['procedure', 0.03],
  ['organism', 0.04],
  ['exposure', 0.02],
  ['drug-class', 0.01],
  ['effect', 0.03],
  ['factor', 0.02],
  ['mechanism', 0.01],
  ['enzyme', 0.005],
  ['inheritance', 0.0001],
]

/** Shares of relations; what is left over is `has_finding`. */
const relationShares: readonly (readonly [string, number])[] = [
  ['is_a', 0.12],
  ['treated_by', 0.1],
  ['associated_gene', 0.12],
  ['has_adverse_effect', 0.1],
  ['affects', 0.05],
  ['confirmed_by', 0.03],
  ['diagnosed_by', 0.03],
  ['has_risk_factor', 0.04],
  ['complicated_by', 0.04],
  ['contraindicated_in', 0.03],
  ['caused_by_organism', 0.03],
  ['mimicked_by', 0.03],
  ['targets', 0.04],
  ['acts_by', 0.01],
  ['in_class', 0.01],
  ['interacts_with', 0.03],
  ['not_treated_by', 0.005],
]

const syllables = (
  'ab ac al an ar bel bor cal car chi con cor da del do el em en fa fer gan gel go hal hem hi il in jo ka kel la lar len ' +
  'li lor ma mel mi mor na ne nor o or os pa pel phe po qua ra ren ri ros sa sel si sor ta tel thy tor u ul va ven vo xa ' +
  'yr za zel'
).split(' ')

/**
 * A graph of any size over the clinical schema, as a source gives it: entities with labels of syllables, some synonyms
 * and Chinese labels, diseases with rarity; triples whose ends have the types that their relation takes, a few entities
 * in many of them and most in few. The same size and seed give the same records.
 */
export async function* generateRecords(size: GraphSize): AsyncGenerator<SourceRecord> {
  const file = 'generated'
  const rng = createRng(size.seed, 'generated-graph')
  const types = drawTypes(size, rng)
  for (const [index, type] of types.entries()) {
    const label = labelOf(index, type)
    const rarity = type === 'disease' ? rarityOf(rng) : undefined
    yield {
      kind: 'entity',
      file,
      line: index + 1,
      key: `GEN:${index}`,
      label,
      type,
      synonyms: index % 3 === 0 ? [`${label} variant`] : [],
      xrefs: index % 2 === 0 ? [`XREF:C${index}`] : [],
      ...(index % 5 === 0 ? { labelZh: `生成实体${index}` } : {}),
      ...(rarity === undefined ? {} : { rarity }),
    }
  }
  yield* generateTriples(size, types, rng)
}

/** The generated records built into a packed graph, as any source is. */
export async function buildGenerated(
  size: GraphSize,
): Promise<{ readonly graph: PackedGraph; readonly report: BuildReport }> {
  const source: KnowledgeSource = {
    name: 'generated',
    title: 'Generated graph',
    files: [],
    license: 'CC0-1.0',
    isPublishable: true,
    closedRelations: [],
    testedOn: 'written samples',
    read: () => generateRecords(size),
  }
  const revision = `${size.entities}-${size.triples}-${size.seed}`
  return buildGraph([{ source, name: 'generated', revision, license: null, input: { files: [] } }])
}

function drawTypes({ entities }: GraphSize, rng: Rng): EntityType[] {
  const types: EntityType[] = []
  for (const [type, share] of typeShares) {
    const count = Math.max(2, Math.round(share * entities))
    for (let index = 0; index < count && types.length < entities; index++) types.push(type)
  }
  while (types.length < entities) types.push('disease')
  return rng.shuffle(types)
}

/** Digits of the index in the syllables as base, so that no two labels are the same. */
function labelOf(index: number, type: EntityType): string {
  let rest = index
  let name = ''
  do {
    name = syllables[rest % syllables.length]! + name
    rest = Math.floor(rest / syllables.length)
  } while (rest > 0)
  return `${name}ia ${type}`
}

function rarityOf(rng: Rng): Rarity | undefined {
  const draw = rng.uniform()
  if (draw < 0.5) return 'rare'
  if (draw < 0.7) return 'uncommon'
  return draw < 0.85 ? 'common' : undefined
}

async function* generateTriples(
  { triples }: GraphSize,
  types: readonly EntityType[],
  rng: Rng,
): AsyncGenerator<SourceRecord> {
  const byType = new Map<EntityType, number[]>()
  for (const [index, type] of types.entries()) {
    const known = byType.get(type)
    if (known === undefined) byType.set(type, [index])
    else known.push(index)
  }
  const ends = new Map(
    clinicalSchema.relations.map(({ name, domain, range }) => [
      name,
      {
        heads: domain.flatMap((type) => byType.get(type) ?? []),
        tails: range.flatMap((type) => byType.get(type) ?? []),
      },
    ]),
  )
  const met = new Set<number>()
  for (let line = 1; met.size < triples; line++) {
    const relation = drawRelation(rng)
    const { heads, tails } = ends.get(relation)!
    // A hierarchy stays inside one type, and points from later to earlier entities: it has no cycle.
    const head = drawEnd(heads, rng, 1.5)
    const tail = relation === 'is_a' ? drawParent(head, types, byType, rng) : drawEnd(tails, rng, 3)
    const number =
      (head * types.length + tail) * 64 + clinicalSchema.relations.findIndex(({ name }) => name === relation)
    if (head === tail || tail === -1 || met.has(number)) continue
    met.add(number)
    const qualifiers = relation === 'has_finding' && line % 4 === 0 ? { frequency: `${line % 100} %` } : undefined
    yield {
      kind: 'triple',
      file: 'generated',
      line,
      head: `GEN:${head}`,
      relation,
      tail: `GEN:${tail}`,
      ...(qualifiers === undefined ? {} : { qualifiers }),
    }
  }
}

function drawRelation(rng: Rng): string {
  let draw = rng.uniform()
  for (const [name, share] of relationShares) {
    draw -= share
    if (draw < 0) return name
  }
  return 'has_finding'
}

/** The larger the skew, the more triples the first ends have: the density falls as rank^(1/skew - 1). */
function drawEnd(ends: readonly number[], rng: Rng, skew: number): number {
  return ends[Math.floor(rng.uniform() ** skew * ends.length)]!
}

function drawParent(
  head: number,
  types: readonly EntityType[],
  byType: ReadonlyMap<EntityType, readonly number[]>,
  rng: Rng,
): number {
  const parent = drawEnd(byType.get(types[head]!)!, rng, 2)
  return parent < head ? parent : -1
}
