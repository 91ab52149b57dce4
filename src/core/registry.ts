import { ConfigError } from './errors.ts'

/** An explicit list of named things that a config may choose from. */
export type Registry<T> = {
  readonly kind: string
  readonly names: readonly string[]
  readonly all: readonly T[]
  /** @throws {ConfigError} when no item has this name; the hint lists the known ones and the nearest */
  get(name: string): T
}

/**
 * The registry of these items, in the order given.
 *
 * @param kind what an item is, in the singular, for messages: `reward`
 * @throws {ConfigError} when two items have one name
 */
export function defineRegistry<T extends { readonly name: string }>(kind: string, items: readonly T[]): Registry<T> {
  const byName = new Map<string, T>()
  for (const item of items) {
    if (byName.has(item.name)) throw new ConfigError(`two entries of the ${kind} registry are named "${item.name}"`)
    byName.set(item.name, item)
  }
  const names = [...byName.keys()]
  return {
    kind,
    names,
    all: [...items],
    get: (name) => {
      const item = byName.get(name)
      if (item === undefined) throw new ConfigError(`unknown ${kind} "${name}"`, { hint: formatHint(name, names) })
      return item
    },
  }
}

/** The nearest known name, if any is near, and all of them: the hint of an unknown-name error. */
export function formatHint(name: string, names: readonly string[]): string {
  const known = `known: ${names.join(', ')}`
  const nearest = nearestName(name, names)
  return nearest === null ? known : `did you mean "${nearest}"? ${known}`
}

/** The name that is fewest edits away, or null when even that one shares less than half of its letters. */
function nearestName(name: string, names: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance && distance <= Math.max(name.length, candidate.length) / 2) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[b.length]!
}
