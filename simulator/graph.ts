/**
 * Measures of the mesh as a graph: who has how many neighbours, whether everybody can be reached, and how far apart the
 * furthest are. A graph is given by its adjacency: for each node, the nodes that it is joined to.
 */

import type { Random } from '../src/core/random.ts'

export type Adjacency = readonly (readonly number[])[]

/** From names to indices. An edge counts where either end says so; loops and ends that are no nodes are dropped. */
export function adjacencyOf<Name>(
  nodes: readonly Name[],
  neighboursOf: (node: Name) => Iterable<Name>,
): Adjacency {
  const indices = new Map(nodes.map((name, index) => [name, index]))
  const sets = nodes.map(() => new Set<number>())
  for (const [index, name] of nodes.entries())
    for (const neighbour of neighboursOf(name)) {
      const other = indices.get(neighbour)
      if (other === undefined || other === index) continue
      sets[index]?.add(other)
      sets[other]?.add(index)
    }
  return sets.map((set) => [...set])
}

/** How many nodes have 0, 1, 2, … neighbours. */
export function degreeHistogram(graph: Adjacency): readonly number[] {
  const counts: number[] = []
  for (const { length } of graph) {
    while (counts.length <= length) counts.push(0)
    counts[length] = (counts[length] ?? 0) + 1
  }
  return counts
}

/** The connected components, the largest first: the nodes of each. */
export function components(graph: Adjacency): readonly (readonly number[])[] {
  const isSeen = new Uint8Array(graph.length)
  const found: (readonly number[])[] = []
  for (let node = 0; node < graph.length; node++) {
    if (isSeen[node] === 1) continue
    const reached = [node]
    isSeen[node] = 1
    for (let place = 0; place < reached.length; place++)
      for (const neighbour of graph[reached[place] ?? 0] ?? [])
        if (isSeen[neighbour] === 0) {
          isSeen[neighbour] = 1
          reached.push(neighbour)
        }
    found.push(reached)
  }
  return found.sort((a, b) => b.length - a.length)
}

export interface PathLengths {
  /** The longest of all shortest paths found: the diameter where every node was a source, else a lower bound of it. */
  readonly longest: number
  /** Mean length of the shortest paths between two different nodes that can reach each other. */
  readonly mean: number
  /** Nodes that the paths were measured from. */
  readonly sources: number
}

/** Shortest paths from at most `maxSources` nodes, drawn at random where there are more. */
export function pathLengths(graph: Adjacency, maxSources: number, random: Random): PathLengths {
  const sources = sample(graph.length, maxSources, random)
  let [longest, total, paths] = [0, 0, 0]
  for (const source of sources)
    for (const distance of distancesFrom(graph, source)) {
      if (distance <= 0) continue
      longest = Math.max(longest, distance)
      total += distance
      paths++
    }
  return { longest, mean: paths === 0 ? 0 : total / paths, sources: sources.length }
}

/** Hops from one node to each, by breadth-first search; -1 where there is no way. */
export function distancesFrom(graph: Adjacency, source: number): Int32Array {
  const distances = new Int32Array(graph.length).fill(-1)
  const queue = new Int32Array(graph.length)
  let [head, tail] = [0, 0]
  distances[source] = 0
  queue[tail++] = source
  while (head < tail) {
    const node = queue[head++] ?? 0
    const next = (distances[node] ?? 0) + 1
    for (const neighbour of graph[node] ?? [])
      if (distances[neighbour] === -1) {
        distances[neighbour] = next
        queue[tail++] = neighbour
      }
  }
  return distances
}

/** So many different numbers below `count`, or all of them. */
function sample(count: number, most: number, random: Random): readonly number[] {
  const numbers = Array.from({ length: count }, (_, index) => index)
  if (count <= most) return numbers
  for (let place = 0; place < most; place++) {
    const other = place + random.below(count - place)
    const drawn = numbers[other] ?? 0
    numbers[other] = numbers[place] ?? 0
    numbers[place] = drawn
  }
  return numbers.slice(0, most)
}
