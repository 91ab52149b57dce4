/** What became of the slots of a shard: plain data, to be kept beside its file and added up later. */
export type ShardReport = {
  /** Slots asked for, by "shape/form/language". */
  readonly slots: Readonly<Record<string, number>>
  /** Items kept, by the same names. */
  readonly kept: Readonly<Record<string, number>>
  /** Draws that became nothing, by "shape: reason"; a slot may have several. */
  readonly dropped: Readonly<Record<string, number>>
}

/** The counts of several shards added up, names in order. */
export function mergeReports(reports: readonly ShardReport[]): ShardReport {
  return {
    slots: add(reports.map(({ slots }) => slots)),
    kept: add(reports.map(({ kept }) => kept)),
    dropped: add(reports.map(({ dropped }) => dropped)),
  }
}

/** Draws dropped for each reason, over all shapes, the commonest first. */
export function droppedByReason({ dropped }: ShardReport): { readonly reason: string; readonly count: number }[] {
  const counts = new Map<string, number>()
  for (const [name, count] of Object.entries(dropped)) {
    const reason = name.slice(name.indexOf(': ') + 2)
    counts.set(reason, (counts.get(reason) ?? 0) + count)
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
}

function add(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums = new Map<string, number>()
  for (const one of counts)
    for (const [name, number] of Object.entries(one)) sums.set(name, (sums.get(name) ?? 0) + number)
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
}
