import { createRng } from '../../core/rng.ts'
import type { PackedGraph } from '../../graph/types.ts'
import type { Item } from '../types.ts'
import { type Assembly, assemblyOf } from './assemble.ts'
import { attemptItem } from './attempt.ts'
import type { ItemsConfig } from './config.ts'
import type { ShapeSource } from './draws.ts'
import {
  type Cell,
  cellName,
  checkPlanGraph,
  type GapWeights,
  type ItemPlan,
  planItems,
  planTopUp,
  sourcesOf,
} from './plan.ts'
import { readerOf } from './reader.ts'
import { createSeenKeys, duplicateKey, type SeenKeys } from './seen.ts'
import { mergeReports, type ShardReport } from './shard-report.ts'

export type ShardOptions = {
  /** Keys of all items of earlier shards and plans; this shard adds its own. */
  readonly seen: SeenKeys
  readonly gap?: GapWeights
}

/** Where a shard lies in the slots of its plan. */
export type Shard = { readonly index: number; readonly size: number }

/** How many shards of this size a plan has. */
export function shardCount(plan: ItemPlan, size: number): number {
  return Math.ceil(slotCount(plan) / size)
}

/** How many items a plan asks for. */
export function slotCount(plan: ItemPlan): number {
  return plan.cells.reduce((sum, { quota }) => sum + quota, 0)
}

/**
 * The items of one shard, in the order of its slots; each slot is drawn from a stream of its own, so neither the size
 * of shards nor an interruption changes an item. Shards are made in order, since each keeps out what earlier ones have:
 * to resume, feed `seen` with the {@link duplicateKey} of their items.
 *
 * @returns what was kept and dropped, by shape and reason
 * @throws {DataError} when the plan was made for another graph
 */
export function* generateShard(
  graph: PackedGraph,
  plan: ItemPlan,
  shard: Shard,
  { seen, gap = null }: ShardOptions,
): Generator<Item, ShardReport> {
  checkPlanGraph(plan, graph)
  const { config, seed } = plan
  const sources = sourcesOf(graph, config, gap)
  const assemblies = new Map<string, Assembly>()
  const assemblyFor = (cell: Cell): Assembly => {
    const key = `${cell.form} ${cell.language}`
    const assembly = assemblies.get(key) ?? assemblyOf(readerOf(graph), config, seed, cell)
    assemblies.set(key, assembly)
    return assembly
  }
  const kept = new Map<string, number>()
  const dropped = new Map<string, number>()
  const slots = new Map<string, number>()
  for (const { cell, index } of slotsOf(plan, shard)) {
    const name = cellName(cell)
    count(slots, name)
    const item = fillSlot(assemblyFor(cell), sources.get(cell.shape)!, { name, index, seen }, (reason) =>
      count(dropped, `${cell.shape}: ${reason}`),
    )
    if (item === null) continue
    count(kept, name)
    yield item
  }
  return { slots: sorted(slots), kept: sorted(kept), dropped: sorted(dropped) }
}

/** The item of one slot: the first of its draws that passes everything, or null when none does. */
function fillSlot(
  assembly: Assembly,
  source: ShapeSource,
  { name, index, seen }: { readonly name: string; readonly index: number; readonly seen: SeenKeys },
  drop: (reason: string) => void,
): Item | null {
  const { config, seed } = assembly
  const rng = createRng(seed, 'item', name, index)
  for (let attempt = 0; attempt < config.maxAttempts; attempt++) {
    const made = attemptItem(assembly, source, rng)
    if (made.kind === 'dropped') {
      drop(made.reason)
      continue
    }
    const key = duplicateKey(made.item)
    if (key !== null && seen.add(key)) return made.item
    drop('asked before')
  }
  drop('no item in all attempts')
  return null
}

/** The slots of a shard: cells take turns in proportion to their quotas, so that every part of the stream is mixed. */
function* slotsOf(
  { cells, ...plan }: ItemPlan,
  shard: Shard,
): Generator<{ readonly cell: Cell; readonly index: number }> {
  const order = slotOrder({ cells, ...plan })
  const end = Math.min(order.cells.length, (shard.index + 1) * shard.size)
  for (let slot = shard.index * shard.size; slot < end; slot++) {
    const cell = cells[order.cells[slot]!]!
    yield { cell, index: cell.from + order.places[slot]! }
  }
}

type SlotOrder = { readonly hash: string; readonly cells: Uint16Array; readonly places: Uint32Array }

let lastOrder: SlotOrder | null = null

/** Cell of each slot and its place in the cell; that of the last plan is remembered. */
function slotOrder(plan: ItemPlan): SlotOrder {
  if (lastOrder?.hash === plan.hash) return lastOrder
  const total = slotCount(plan)
  const keys = new Float64Array(total)
  let at = 0
  for (const [cell, { quota }] of plan.cells.entries()) {
    for (let place = 0; place < quota; place++) {
      // The middle of its share of the stream, in 2^-36, with the cell below it to break ties: exact in a double.
      keys[at++] = Math.floor(((place + 0.5) / quota) * 2 ** 36) * 2 ** 16 + cell
    }
  }
  keys.sort()
  const cells = Uint16Array.from(keys, (key) => key % 2 ** 16)
  const counts = new Uint32Array(plan.cells.length)
  const places = Uint32Array.from(cells, (cell) => counts[cell]!++)
  lastOrder = { hash: plan.hash, cells, places }
  return lastOrder
}

/** What was asked for and did not come, by name. */
export type Shortfall = { readonly cell: string; readonly wanted: number; readonly kept: number }

export type ItemsReport = ShardReport & {
  readonly wanted: number
  readonly total: number
  readonly plans: readonly ItemPlan[]
  /** Cells of all plans that gave less than they were asked for; `(unplanned)` where no shape had room. */
  readonly shortfalls: readonly Shortfall[]
}

/** Plans beyond the first at most; each asks only what gave well before. Chosen by us. */
const MAX_TOP_UPS = 4
const STREAM_SHARD = 10_000

/**
 * All items of a config as one stream: the plan, then plans for what was missing, until the count is exact or no shape
 * gives any more. Same graph, config, gap and seed: same items in the same order.
 *
 * @returns the report, with each shortfall by name
 * @throws {ConfigError} when the config is not valid
 */
export function* generateItems(
  graph: PackedGraph,
  config: ItemsConfig,
  seed: number,
  { gap = null }: { readonly gap?: GapWeights } = {},
): Generator<Item, ItemsReport> {
  const seen = createSeenKeys()
  const plans: ItemPlan[] = []
  const reports: ShardReport[] = []
  for (
    let plan: ItemPlan | null = planItems(graph, config, seed, gap);
    plan !== null;
    plan = nextPlan(plan, plans, reports)
  ) {
    plans.push(plan)
    for (let index = 0; index < shardCount(plan, STREAM_SHARD); index++) {
      reports.push(yield* generateShard(graph, plan, { index, size: STREAM_SHARD }, { seen, gap }))
    }
  }
  return reportItems(plans, reports)
}

/** The plan that goes on after these, or null when the count is reached or nothing more is to be had. */
export function nextPlan(plan: ItemPlan, plans: readonly ItemPlan[], reports: readonly ShardReport[]): ItemPlan | null {
  if (plans.length > MAX_TOP_UPS) return null
  const { kept, slots } = mergeReports(reports)
  return planTopUp(plan, new Map(Object.entries(kept)), new Map(Object.entries(slots)))
}

/** The report of all shards of all plans. */
export function reportItems(plans: readonly ItemPlan[], reports: readonly ShardReport[]): ItemsReport {
  const merged = mergeReports(reports)
  const total = Object.values(merged.kept).reduce((sum, number) => sum + number, 0)
  const wanted = plans[0]?.config.count ?? 0
  const cells = Object.entries(merged.slots).map(([cell, slots]) => ({
    cell,
    wanted: slots,
    kept: merged.kept[cell] ?? 0,
  }))
  const unplanned = (plans.at(-1)?.unplanned ?? []).map(({ form, language, count: missing }) => ({
    cell: `(unplanned)/${form}/${language}`,
    wanted: missing,
    kept: 0,
  }))
  const shortfalls = total >= wanted ? [] : [...cells.filter((cell) => cell.kept < cell.wanted), ...unplanned]
  return { ...merged, wanted, total, plans, shortfalls }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
