import type { PackedGraph } from '../../graph/types.ts'

/** Names that are offered; chosen by us. */
const MAX_NAMES = 5
/** Most letters that may differ; chosen by us, as is the share of a name that they may be. */
const MAX_EDITS = 4
const EDIT_SHARE = 0.34
/** What a name that only begins like the one asked for, or has it among its words, counts as: more than one wrong letter. */
const PART_SCORE = 1.5
/** Longer names are cut: what nobody typed by hand has no near name. */
const MAX_LENGTH = 80

/** What nobody can type, and a terminal may obey. */
const unprintable = /[\p{Cc}\p{Cf}]/u

type Near = { readonly name: string; readonly score: number }

/**
 * The names of a graph that are nearest to one that it does not have: those a few letters away, and those that begin with
 * it or have it among their words. A look at every name, each in time bounded by its length.
 */
export function nearestNames(graph: PackedGraph, asked: string): string[] {
  const wanted = asked.trim().toLowerCase().slice(0, MAX_LENGTH)
  if (wanted === '') return []
  const maxEdits = Math.min(MAX_EDITS, Math.floor(wanted.length * EDIT_SHARE))
  const best = new Map<string, Near>()
  let worst: Near | null = null
  for (let entity = 0; entity < graph.entityCount; entity++) {
    for (const name of [graph.labelOf(entity), ...graph.synonymsOf(entity)]) {
      const score = scoreOf(name.toLowerCase(), wanted, maxEdits)
      if (score === null || unprintable.test(name)) continue
      const near = { name, score }
      if (best.size === MAX_NAMES && worst !== null && !isBefore(near, worst)) continue
      const known = best.get(name.toLowerCase())
      if (known === undefined || isBefore(near, known)) best.set(name.toLowerCase(), near)
      if (best.size > MAX_NAMES && worst !== null) best.delete(worst.name.toLowerCase())
      worst = [...best.values()].reduce((a, b) => (isBefore(a, b) ? b : a))
    }
  }
  return [...best.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1)).map(({ name }) => name)
}

const isBefore = (a: Near, b: Near): boolean => {
  if (a.score !== b.score) return a.score < b.score
  return a.name.length === b.name.length ? a.name < b.name : a.name.length < b.name.length
}

function scoreOf(name: string, wanted: string, maxEdits: number): number | null {
  const edits = editsWithin(name, wanted, maxEdits)
  if (edits !== null && edits <= PART_SCORE) return edits
  const isPart = wanted.length > 2 && (name.startsWith(wanted) || name.includes(` ${wanted}`))
  return isPart ? PART_SCORE : edits
}

/** Letters to change, add or take away between two words, or null when they are more than `max`. */
function editsWithin(a: string, b: string, max: number): number | null {
  if (Math.abs(a.length - b.length) > max) return null
  const none = max + 1
  let previous: number[] = Array.from({ length: b.length + 1 }, (_, column) => Math.min(column, none))
  for (let row = 1; row <= a.length; row++) {
    const next: number[] = new Array<number>(b.length + 1).fill(none)
    if (row <= max) next[0] = row
    let least = next[0]!
    // Only a band of the table can be within the limit.
    for (let column = Math.max(1, row - max); column <= Math.min(b.length, row + max); column++) {
      const change = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      const edits = Math.min(change, previous[column]! + 1, next[column - 1]! + 1)
      next[column] = edits
      least = Math.min(least, edits)
    }
    if (least > max) return null
    previous = next
  }
  const edits = previous[b.length]!
  return edits > max ? null : edits
}
