import { countUp } from './packed/columns.ts'
import type { PackedGraph } from './types.ts'

/**
 * The cycles of a relation as groups of entities that reach each other by it, smallest entity first; none in a
 * hierarchy that is one. Tarjan's algorithm without recursion, so a chain of any length fits.
 */
export function findCycles(graph: PackedGraph, relation: number): readonly (readonly number[])[] {
  const count = graph.entityCount
  const indices = new Int32Array(count).fill(-1)
  const lows = new Int32Array(count)
  const isOpen = new Uint8Array(count)
  const open: number[] = []
  const cycles: number[][] = []
  let next = 0
  const enter = (entity: number): void => {
    indices[entity] = next
    lows[entity] = next
    next += 1
    open.push(entity)
    isOpen[entity] = 1
  }
  const leave = (entity: number): void => {
    if (lows[entity] !== indices[entity]) return
    const group: number[] = []
    for (let member = -1; member !== entity; ) {
      member = open.pop()!
      isOpen[member] = 0
      group.push(member)
    }
    if (group.length > 1) cycles.push(group.sort((a, b) => a - b))
  }
  const trail: { readonly entity: number; readonly row: Int32Array; at: number }[] = []
  const visit = (entity: number): void => {
    enter(entity)
    trail.push({ entity, row: graph.neighbours(entity, relation, false), at: 0 })
  }
  for (const root of countUp(count)) {
    if (indices[root] !== -1) continue
    visit(root)
    for (let frame = trail.at(-1); frame !== undefined; frame = trail.at(-1)) {
      const { entity, row } = frame
      if (frame.at < row.length) {
        const neighbour = row[frame.at]!
        frame.at += 1
        if (indices[neighbour] === -1) visit(neighbour)
        else if (isOpen[neighbour] === 1) lows[entity] = Math.min(lows[entity]!, indices[neighbour]!)
        continue
      }
      leave(entity)
      trail.pop()
      const parent = trail.at(-1)
      if (parent !== undefined) lows[parent.entity] = Math.min(lows[parent.entity]!, lows[entity]!)
    }
  }
  return cycles.sort((a, b) => a[0]! - b[0]!)
}
