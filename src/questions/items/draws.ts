import type { Rng } from '../../core/rng.ts'
import type { ItemForm } from '../types.ts'
import type { DraftResult } from './draft.ts'
import { drawCase, drawCommon, featuresOf, MIN_FEATURES } from './draw-case.ts'
import { drawComparison, drawContrast } from './draw-comparison.ts'
import type { GraphReader, Hop } from './reader.ts'
import type { Shape } from './shapes.ts'
import { countWalks, drawWalk, type WalkCounts } from './walks.ts'
import { weightedDraw } from './weights.ts'

/** A shape laid over one graph: how much it can give, and what it gives. */
export type ShapeSource = {
  readonly shape: Shape
  /** Entities that a draft can start from. */
  readonly starts: number
  /** About how many different drafts there are, at most: walks, or sets of features. Many are dropped later. */
  readonly capacity: number
  /** @param form asks for few right answers, or for two at least: starts that cannot give that are passed over */
  draw(rng: Rng, form: ItemForm): DraftResult
}

export type DrawOptions = {
  readonly weights: Float64Array
  /** Share of a case's features that are withheld, in [0, 1]. */
  readonly maskRate: number
  readonly maxFocus: number
  readonly maxAccepted: number
}

/** How often a start is drawn again because it has too many or too few answers for the form. Chosen by us. */
const REDRAWS = 8

/** Sets of features counted for one disease at most: the capacity is to compare shapes by, and binomials explode. */
const MAX_SETS = 50
const MAX_WALKS = 50

/** The shape over the graph; `starts` is 0 where the graph lacks its relations. */
export function openShape(reader: GraphReader, shape: Shape, options: DrawOptions): ShapeSource {
  return shape.kind === 'walk' ? openWalk(reader, shape, options) : openSubgraph(reader, shape, options)
}

function openWalk(
  reader: GraphReader,
  shape: Shape & { readonly kind: 'walk' },
  { weights, maxFocus, maxAccepted }: DrawOptions,
): ShapeSource {
  const hops = shape.steps.map((step) => reader.hop(step))
  const walks = countWalks(reader, hops)
  const [first] = hops
  const total = walks.counts[0]
  let capacity = 0
  const starts = weightedDraw(reader.graph.entityCount, (entity) => {
    const count = total?.[entity] ?? 0
    if (count === 0 || first === undefined) return 0
    if (!reader.isSpecific(entity) || !staysNarrow(reader, entity, hops, maxFocus)) return 0
    // One finding leads on to a treatment or a cause only where it belongs to one disease, and is none itself.
    const isFinding = hops.length > 1 && first.name === '~has_finding'
    if (isFinding && (reader.targets(entity, first).length > 1 || reader.isNamedLikeDisease(entity))) return 0
    capacity += count
    return weights[entity]!
  })
  return {
    shape,
    starts: starts.size,
    capacity,
    draw: (rng, form) => {
      const fits = (entity: number): boolean => {
        const ways = total?.[entity] ?? 0
        if (form === 'multiple') return ways >= 2
        // Several ways may lead to one answer, except by a single step.
        return form === 'single' || hops.length > 1 || ways <= maxAccepted
      }
      let start = starts.draw(rng)
      for (let again = 0; again < REDRAWS && !fits(start); again++) start = starts.draw(rng)
      const walk = drawWalk(reader, walks, start, rng)
      if (walk === null || first === undefined) {
        return { kind: 'failed', reason: 'the walk came back to where it had been' }
      }
      const { entities, triples } = walk
      return {
        kind: 'draft',
        draft: {
          shape,
          given: [{ entity: start, hop: first }],
          pair: null,
          hidden: entities.slice(0, -1),
          gold: entities.at(-1)!,
          path: entities.slice(0, -1),
          triples,
          proof: triples,
          last: hops.at(-1)!,
          anchor: entities.at(-2) ?? start,
        },
      }
    },
  }
}

/** False where more entities than may stand at one place of the chain stand there: every draft would be dropped. */
function staysNarrow(reader: GraphReader, start: number, hops: readonly Hop[], maxFocus: number): boolean {
  let focus: readonly number[] = [start]
  for (const hop of hops.slice(0, -1)) {
    const next = new Set<number>()
    for (const entity of focus) {
      for (const target of reader.targets(entity, hop)) {
        next.add(target)
        if (next.size > maxFocus) return false
      }
    }
    focus = [...next]
  }
  return true
}

type SubgraphShape = Exclude<Shape, { readonly kind: 'walk' }>

function openSubgraph(reader: GraphReader, shape: SubgraphShape, options: DrawOptions): ShapeSource {
  const onward =
    'onward' in shape
      ? countWalks(
          reader,
          shape.onward.map((step) => reader.hop(step)),
        )
      : null
  const features = featureHops(reader, shape)
  const least = shape.kind === 'case' ? MIN_FEATURES : 2
  let capacity = 0
  const centers = weightedDraw(reader.graph.entityCount, (center) => {
    const ways = thenCount(onward, center)
    if (ways === 0) return 0
    if (shape.kind !== 'common' && reader.graph.typeOf(center) !== 'disease') return 0
    const count = featuresOf(reader, center, features)
    if (count < least) return 0
    capacity += Math.min(MAX_SETS, (count * (count - 1)) / 2) * Math.min(MAX_WALKS, ways)
    return options.weights[center]!
  })
  const draw = (rng: Rng): DraftResult => {
    const center = centers.draw(rng)
    if (shape.kind === 'common') return drawCommon(reader, shape, onward, center, rng)
    if (shape.kind === 'case')
      return drawCase(reader, shape, onward, center, { features, maskRate: options.maskRate }, rng)
    if (shape.kind === 'comparison') return drawComparison(reader, shape, onward, center, rng)
    return drawContrast(reader, shape, center, rng)
  }
  return { shape, starts: centers.size, capacity, draw }
}

function thenCount(onward: WalkCounts | null, center: number): number {
  const first = onward?.counts[0]
  return first === undefined ? 1 : first[center]!
}

function featureHops(reader: GraphReader, shape: SubgraphShape): readonly Hop[] {
  if (shape.kind === 'contrast') return [reader.hop(shape.shared)]
  if (shape.kind === 'common') return [reader.hop(shape.given)]
  const steps = shape.kind === 'case' ? shape.given : shape.features
  return steps.map((step) => reader.hop(step)).filter(({ number }) => number >= 0)
}
