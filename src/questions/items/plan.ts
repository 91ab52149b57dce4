import { DataError } from '../../core/errors.ts'
import { sha256Hex } from '../../core/hash.ts'
import { canonicalJson } from '../../core/json.ts'
import type { PackedGraph } from '../../graph/types.ts'
import type { ItemForm, Language } from '../types.ts'
import { isBarren } from './attempt.ts'
import { type ItemsConfig, readItemsConfig } from './config.ts'
import { openShape, type ShapeSource } from './draws.ts'
import { readerOf } from './reader.ts'
import { type Shape, shapes } from './shapes.ts'
import { startWeights } from './weights.ts'

/** Items of one shape, form and language that a plan wants. */
export type Cell = {
  readonly shape: string
  readonly form: ItemForm
  readonly language: Language
  /** Number of the first item of this cell in this plan: a plan that tops up another goes on where that one ended. */
  readonly from: number
  readonly quota: number
}

type CellKey = Pick<Cell, 'shape' | 'form' | 'language'>

/** How much of a shape the graph holds. */
export type Capacity = { readonly shape: string; readonly starts: number; readonly capacity: number }

/** What is to be made, as plain data: the same plan makes the same items, in shards of any size. */
export type ItemPlan = {
  readonly graph: string
  readonly seed: number
  readonly config: ItemsConfig
  readonly cells: readonly Cell[]
  readonly capacities: readonly Capacity[]
  /** Cells that gave nothing in a pilot and were not asked, by {@link cellName}. */
  readonly barren: readonly string[]
  /** Items wanted but not planned, by form and language, because no shape has room for them. */
  readonly unplanned: readonly { readonly form: ItemForm; readonly language: Language; readonly count: number }[]
  /** Content hash of the plan. */
  readonly hash: string
}

/** How seldom curated questions mention each entity, [entity]; null where none were counted. */
export type GapWeights = Float64Array | null

type ShapeKey = { readonly config: ItemsConfig; readonly gap: GapWeights }
type Opened = ShapeKey & { readonly sources: ReadonlyMap<string, ShapeSource> }

const opened = new WeakMap<PackedGraph, Opened>()

/** The shapes of a config laid over a graph; those of the last config are remembered for the next shard. */
export function sourcesOf(graph: PackedGraph, config: ItemsConfig, gap: GapWeights): ReadonlyMap<string, ShapeSource> {
  const known = opened.get(graph)
  if (known !== undefined && known.gap === gap && canonicalJson(known.config) === canonicalJson(config)) {
    return known.sources
  }
  const weights = startWeights(graph, gap)
  const options = { weights, maskRate: config.maskRate, maxFocus: config.maxFocus, maxAccepted: config.maxAccepted }
  const wanted = shapes.filter((shape) => shape.hop <= config.maxDepth && shareOf(config, shape) !== null)
  const sources = new Map(wanted.map((shape) => [shape.name, openShape(readerOf(graph), shape, options)]))
  opened.set(graph, { config, gap, sources })
  return sources
}

/**
 * The quota of every shape, form and language: shares as the config gives them, inside a group of shapes in proportion
 * to the square root of what each can give, none above what it can give; what one shape cannot give, others do.
 *
 * @throws {ConfigError} when the config is not valid
 */
export function planItems(graph: PackedGraph, config: ItemsConfig, seed: number, gap: GapWeights = null): ItemPlan {
  const checked = readItemsConfig(config)
  const sources = sourcesOf(graph, checked, gap)
  const capacities = [...sources.values()].map(({ shape, starts, capacity }) => ({
    shape: shape.name,
    starts,
    capacity,
  }))
  const wanted = formQuotas(checked)
  const isCellBarren = (cell: CellKey): boolean => isBarren(graph, checked, seed, cell, sources.get(cell.shape)!)
  return makePlan({ graph: graph.hash, seed, config: checked, capacities, wanted, from: () => 0, isCellBarren })
}

/** Which share of its slots a shape must have filled to be asked for more. */
const WORTH_ASKING = 0.25

/**
 * A plan for what an earlier one did not give, from the shapes that gave most of what they were asked for; null when
 * none did, and the shortfall stands.
 *
 * @param kept items kept of each cell of all earlier plans together, by {@link cellName}
 * @param planned slots of each cell of all earlier plans together
 */
export function planTopUp(
  plan: ItemPlan,
  kept: ReadonlyMap<string, number>,
  planned: ReadonlyMap<string, number>,
): ItemPlan | null {
  const wanted = formQuotas(plan.config)
    .map((quota) => ({ ...quota, count: quota.count - keptOf(quota, kept) }))
    .filter(({ count }) => count > 0)
  if (wanted.length === 0) return null
  const next = makePlan({
    ...plan,
    wanted,
    from: (cell) => planned.get(cellName(cell)) ?? 0,
    isOpen: (cell) => {
      const slots = planned.get(cellName(cell)) ?? 0
      return slots > 0 && (kept.get(cellName(cell)) ?? 0) >= WORTH_ASKING * slots
    },
  })
  return next.cells.length === 0 ? null : next
}

/** The name of a cell, for counting: "finding-disease-drug/single/en". */
export function cellName({ shape, form, language }: CellKey): string {
  return `${shape}/${form}/${language}`
}

type FormQuota = { readonly form: ItemForm; readonly language: Language; readonly count: number }

function keptOf({ form, language }: FormQuota, kept: ReadonlyMap<string, number>): number {
  let count = 0
  for (const [name, number] of kept) if (name.endsWith(`/${form}/${language}`)) count += number
  return count
}

type PlanParts = {
  readonly graph: string
  readonly seed: number
  readonly config: ItemsConfig
  readonly capacities: readonly Capacity[]
  readonly wanted: readonly FormQuota[]
  readonly from: (cell: CellKey) => number
  readonly isOpen?: (cell: CellKey) => boolean
  readonly isCellBarren?: (cell: CellKey) => boolean
}

/** A cell that is asked for more than this is tried first. Chosen by us. */
const TRIED_FROM = 50

function makePlan(parts: PlanParts): ItemPlan {
  const { graph, seed, config, capacities } = parts
  const cells: Cell[] = []
  const barren: string[] = []
  const unplanned: FormQuota[] = []
  for (const wanted of parts.wanted) {
    const { form, language, count } = wanted
    const planned = planForm(parts, wanted, barren)
    cells.push(...planned)
    const missing = count - planned.reduce((sum, { quota }) => sum + quota, 0)
    if (missing > 0) unplanned.push({ form, language, count: missing })
  }
  const body = { graph, seed, config, cells, capacities, barren, unplanned }
  return { ...body, hash: sha256Hex(canonicalJson(body)) }
}

/**
 * How many different items a shape can give in a form, at most. An open question along a chain accepts all that the chain
 * reaches, so each start gives one, however many walks leave it.
 */
function roomOf({ kind, name }: Shape, form: ItemForm, capacities: ReadonlyMap<string, Capacity>): number {
  const known = capacities.get(name)
  if (known === undefined) return 0
  return form === 'open' && kind === 'walk' ? Math.min(known.starts, known.capacity) : known.capacity
}

/** The cells of a form and language; what a barren one was asked for goes to the others. */
function planForm(
  { config, capacities, from, isOpen = () => true, isCellBarren = () => false }: PlanParts,
  { form, language, count }: FormQuota,
  barren: string[],
): Cell[] {
  const tried = new Set<string>()
  const known = new Map(capacities.map((capacity) => [capacity.shape, capacity]))
  const room = new Map(shapes.map((shape) => [shape.name, roomOf(shape, form, known)]))
  let open = shapes.filter(
    (shape) => shape.forms.includes(form) && room.get(shape.name)! > 0 && isOpen({ shape: shape.name, form, language }),
  )
  for (;;) {
    const left = open.map((shape) => {
      const key = { shape: shape.name, form, language }
      return Math.max(0, room.get(shape.name)! - from(key))
    })
    const quotas = pourInto(shapeWeights(config, open, room), left, count)
    const cells = open.map(({ name }, index): Cell => {
      const key = { shape: name, form, language }
      return { ...key, from: from(key), quota: quotas[index]! }
    })
    const found = cells.filter((cell) => {
      if (cell.quota <= TRIED_FROM || tried.has(cell.shape)) return false
      tried.add(cell.shape)
      return isCellBarren({ shape: cell.shape, form, language })
    })
    if (found.length === 0) return cells.filter(({ quota }) => quota > 0)
    barren.push(...found.map(cellName))
    open = open.filter(({ name }) => !found.some(({ shape }) => shape === name))
  }
}

/** The count of each form and language; the largest remainders get what rounding leaves. */
function formQuotas(config: ItemsConfig): FormQuota[] {
  const forms: readonly ItemForm[] = ['single', 'multiple', 'open']
  const languages: readonly Language[] = ['en', 'zh']
  const pairs = forms.flatMap((form) => languages.map((language) => ({ form, language })))
  const weights = pairs.map(({ form, language }) => config.forms[form] * config.languages[language])
  const counts = pourInto(
    weights,
    weights.map(() => config.count),
    config.count,
  )
  return pairs.map((pair, index) => ({ ...pair, count: counts[index]! })).filter(({ count }) => count > 0)
}

/** The share of a shape by its own name or that of its group; null where the config leaves it out. */
function shareOf(
  config: ItemsConfig,
  { name, group }: Shape,
): { readonly share: number; readonly isOwn: boolean } | null {
  const own = config.shapes[name]
  const share = own ?? config.shapes[group] ?? 0
  return share > 0 ? { share, isOwn: own !== undefined } : null
}

/** Weights of shapes: a group's share is split by the square root of capacity, so that large ones do not drown small ones. */
function shapeWeights(config: ItemsConfig, open: readonly Shape[], room: ReadonlyMap<string, number>): number[] {
  const groupSums = new Map<string, number>()
  const root = (shape: Shape): number => Math.sqrt(room.get(shape.name) ?? 0)
  for (const shape of open) {
    if (shareOf(config, shape)?.isOwn === false) {
      groupSums.set(shape.group, (groupSums.get(shape.group) ?? 0) + root(shape))
    }
  }
  return open.map((shape) => {
    const given = shareOf(config, shape)
    if (given === null) return 0
    return given.isOwn ? given.share : (given.share * root(shape)) / groupSums.get(shape.group)!
  })
}

/**
 * Whole amounts in proportion to weights, none above its limit, together `total` or as much as the limits allow: what
 * a full one cannot take goes to the others.
 */
export function pourInto(weights: readonly number[], limits: readonly number[], total: number): number[] {
  const amounts = weights.map(() => 0)
  let left = total
  while (left > 0) {
    const open = weights.flatMap((weight, index) => (weight > 0 && amounts[index]! < limits[index]! ? [index] : []))
    const sum = open.reduce((all, index) => all + weights[index]!, 0)
    if (open.length === 0) break
    const exact = open.map((index) => (left * weights[index]!) / sum)
    const whole = exact.map((amount, place) =>
      Math.min(Math.floor(amount), limits[open[place]!]! - amounts[open[place]!]!),
    )
    const poured = whole.reduce((all, amount) => all + amount, 0)
    for (const [place, index] of open.entries()) amounts[index]! += whole[place]!
    left -= poured
    if (poured > 0 && whole.some((amount, place) => amount < Math.floor(exact[place]!))) continue
    // Only fractions are left: one each, the largest fraction first, then the first in order.
    const byFraction = open
      .map((index, place) => ({ index, fraction: exact[place]! - Math.floor(exact[place]!) }))
      .sort((a, b) => b.fraction - a.fraction || a.index - b.index)
    for (const { index } of byFraction) {
      if (left === 0) break
      if (amounts[index]! >= limits[index]!) continue
      amounts[index]! += 1
      left -= 1
    }
  }
  return amounts
}

/** @throws {DataError} when the plan was made for another graph */
export function checkPlanGraph(plan: ItemPlan, graph: PackedGraph): void {
  if (plan.graph !== graph.hash) {
    throw new DataError(`the plan is for graph ${plan.graph}, not for ${graph.hash}`, { hint: 'plan again' })
  }
}
