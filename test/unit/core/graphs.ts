/** Random graphs, as meshes are like, and distances in them. */

import { Random } from '../../../src/core/random.ts'

/** The neighbours of each node. */
export type Graph = readonly (readonly number[])[]

/**
 * A random graph in which every node has `degree` neighbours: one of few steps made random by swapping the ends of
 * many pairs of edges. `size` × `degree` must be even. With too few nodes for that degree, all are neighbours.
 */
export function randomGraph(size: number, degree: number, seed: number): Graph {
  if (size <= degree + 1)
    return numbersBelow(size).map((node) => numbersBelow(size).filter((other) => other !== node))
  const random = new Random(seed)
  const sets = ring(size, degree)
  const edges = sets.flatMap((others, node) =>
    [...others].filter((other) => other > node).map((other) => [node, other] as [number, number]),
  )
  for (let swaps = 0; swaps < 10 * edges.length; swaps++) {
    const one = edges[random.below(edges.length)]
    const two = edges[random.below(edges.length)]
    if (one !== undefined && two !== undefined) swapEnds(sets, one, two, random.below(2) === 0)
  }
  return sets.map((others) => [...others])
}

/** Links from this node to each. */
export function distancesFrom(source: number, graph: Graph): number[] {
  const distances = graph.map(() => Infinity)
  distances[source] = 0
  const queue = [source]
  for (const node of queue)
    for (const other of graph[node] ?? []) {
      if (distances[other] !== Infinity) continue
      distances[other] = (distances[node] ?? 0) + 1
      queue.push(other)
    }
  return distances
}

/** Every node with those next to it; for an odd degree also with the one opposite. */
function ring(size: number, degree: number): Set<number>[] {
  const sets = numbersBelow(size).map(() => new Set<number>())
  const join = (node: number, step: number): void => {
    const other = (node + step) % size
    sets[node]?.add(other)
    sets[other]?.add(node)
  }
  for (const node of numbersBelow(size)) {
    for (let step = 1; step <= degree >> 1; step++) join(node, step)
    if (degree % 2 === 1 && node < size / 2) join(node, size / 2)
  }
  return sets
}

/** Edges a–b, c–d become a–d, c–b (or a–c, b–d), unless that joins a node to itself or doubles an edge. */
function swapEnds(
  sets: readonly Set<number>[],
  one: [number, number],
  two: [number, number],
  isTurned: boolean,
): void {
  const [a, b] = one
  const [c, d] = isTurned ? [two[1], two[0]] : two
  if (a === c || a === d || b === c || b === d || sets[a]?.has(d) === true || sets[c]?.has(b) === true) return
  for (const [from, old, fresh] of [
    [a, b, d],
    [b, a, c],
    [c, d, b],
    [d, c, a],
  ] as const) {
    sets[from]?.delete(old)
    sets[from]?.add(fresh)
  }
  one[1] = d
  two[0] = c
  two[1] = b
}

function numbersBelow(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number)
}
