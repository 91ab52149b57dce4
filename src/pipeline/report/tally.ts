/** How often each key comes up, keys in the order of `known` and then by name. */
export function tally(keys: Iterable<string>, known: readonly string[] = []): Record<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  const others = [...counts.keys()].filter((key) => !known.includes(key)).sort()
  const ordered = [...known.filter((key) => counts.has(key)), ...others]
  return Object.fromEntries(ordered.map((key) => [key, counts.get(key)!]))
}
