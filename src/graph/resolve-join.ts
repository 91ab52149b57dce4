/** Which nodes are one entity: groups that share something are joined unless that would join two identifiers. */

import { countUp } from './packed/columns.ts'

/** How two records came to be one entity, strongest first. */
export type MergeRule = 'same key' | 'spelling of a key' | 'alternative key' | 'cross-reference' | 'label' | 'name'

/** Nodes that share a name or an identifier, and so may be one thing. */
export type Group = { readonly shared: string; readonly nodes: readonly number[] }

/** A group that was not joined, because two of its nodes have different identifiers of one space. */
export type Refusal = { readonly rule: MergeRule; readonly group: Group }

/** Joined nodes. */
export type Clusters = {
  /** The node that stands for all nodes it is joined with. */
  rootOf(node: number): number
  /** Joins two nodes whatever identifiers they have. Returns whether they were apart. */
  join(a: number, b: number): boolean
  /**
   * Joins the nodes of each group, all groups at once: groups that hang together are one candidate, and a candidate in
   * which an identifier space comes twice is given up whole, so the order of groups and nodes changes nothing.
   *
   * @returns how many joins were made, and the groups given up
   */
  joinGroups(
    rule: MergeRule,
    groups: readonly Group[],
  ): { readonly joins: number; readonly refusals: readonly Refusal[] }
}

/**
 * Every node for itself.
 *
 * @param spaceOf the identifier space of each node's key: "DOID" of "DOID:1205", as any number
 */
export function createClusters(count: number, spaceOf: (node: number) => number): Clusters {
  const parents = countUp(count)
  /** Spaces of a root with more than its own. */
  const spaces = new Map<number, readonly number[]>()
  const spacesOf = (root: number): readonly number[] => spaces.get(root) ?? [spaceOf(root)]
  const rootOf = (node: number): number => findRoot(parents, node)
  const join = (a: number, b: number): boolean => {
    const [rootA, rootB] = [rootOf(a), rootOf(b)]
    if (rootA === rootB) return false
    // The older node stands for both: it was read first.
    const [root, child] = rootA < rootB ? [rootA, rootB] : [rootB, rootA]
    spaces.set(root, [...new Set([...spacesOf(root), ...spacesOf(child)])])
    spaces.delete(child)
    parents[child] = root
    return true
  }
  const joinGroups: Clusters['joinGroups'] = (rule, groups) => {
    const candidates = candidatesOf(groups, rootOf)
    const broken = new Set<number>()
    for (const [candidate, roots] of candidates.rootsOf) {
      const met = new Set<number>()
      let size = 0
      for (const root of roots) {
        for (const space of spacesOf(root)) {
          met.add(space)
          size += 1
        }
      }
      if (met.size < size) broken.add(candidate)
    }
    let joins = 0
    const refusals: Refusal[] = []
    for (const group of groups) {
      const [first] = group.nodes
      if (first === undefined || !broken.has(candidates.candidateOf(first))) continue
      if (group.nodes.some((node) => rootOf(node) !== rootOf(first))) refusals.push({ rule, group })
    }
    for (const [candidate, roots] of candidates.rootsOf) {
      if (broken.has(candidate)) continue
      for (const root of roots) if (join(roots[0]!, root)) joins += 1
    }
    return { joins, refusals }
  }
  return { rootOf, join, joinGroups }
}

/** Roots that hang together by groups; those of one root alone are no candidates. */
function candidatesOf(groups: readonly Group[], rootOf: (node: number) => number) {
  const numbers = new Map<number, number>()
  const roots: number[] = []
  const parents: number[] = []
  const numberOf = (node: number): number => {
    const root = rootOf(node)
    let number = numbers.get(root)
    if (number === undefined) {
      number = roots.length
      numbers.set(root, number)
      roots.push(root)
      parents.push(number)
    }
    return number
  }
  for (const { nodes } of groups) {
    for (const node of nodes) {
      const [a, b] = [findRoot(parents, numberOf(nodes[0]!)), findRoot(parents, numberOf(node))]
      parents[Math.max(a, b)] = Math.min(a, b)
    }
  }
  const rootsOf = new Map<number, number[]>()
  roots.forEach((root, number) => {
    const candidate = findRoot(parents, number)
    const others = rootsOf.get(candidate)
    if (others === undefined) rootsOf.set(candidate, [root])
    else others.push(root)
  })
  return { rootsOf, candidateOf: (node: number): number => findRoot(parents, numberOf(node)) }
}

function findRoot(parents: Int32Array | number[], node: number): number {
  let root = node
  while (parents[root] !== root) root = parents[root]!
  // Path compression: the next question about any node on the way is answered at once.
  for (let at = node; parents[at] !== root; ) {
    const next = parents[at]!
    parents[at] = root
    at = next
  }
  return root
}
