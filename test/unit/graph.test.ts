import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  adjacencyOf,
  components,
  degreeHistogram,
  distancesFrom,
  pathLengths,
  type Adjacency,
} from '../../simulator/graph.ts'
import { Random } from '../../src/core/random.ts'

/** 0 – 1 – 2 – … */
function path(length: number): Adjacency {
  return adjacencyOf(
    Array.from({ length }, (_, index) => index),
    (node) => (node + 1 < length ? [node + 1] : []),
  )
}

function ring(length: number): Adjacency {
  return adjacencyOf(
    Array.from({ length }, (_, index) => index),
    (node) => [(node + 1) % length],
  )
}

const graphs = fc
  .integer({ min: 1, max: 30 })
  .chain((count) =>
    fc
      .array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 60 })
      .map((edges) =>
        adjacencyOf([...Array(count).keys()], (node) =>
          edges.filter(([from]) => from === node).map(([, to]) => to),
        ),
      ),
  )

function componentSizes(graph: Adjacency): number[] {
  return components(graph).map(({ length }) => length)
}

describe('the mesh as a graph', () => {
  it('has an edge where either end says so, and none to itself or to strangers', () => {
    const says: Record<string, string[]> = { a: ['b', 'b', 'a', 'gone'], b: [], c: ['a'] }
    expect(adjacencyOf(['a', 'b', 'c'], (name) => says[name] ?? [])).toStrictEqual([[1, 2], [0], [0]])
  })

  it('counts nodes by their neighbours', () => {
    expect(degreeHistogram(path(4))).toStrictEqual([0, 2, 2])
    expect(degreeHistogram([[], [2], [1]])).toStrictEqual([1, 2])
    expect(degreeHistogram([])).toStrictEqual([])
  })

  it('falls into components', () => {
    expect(componentSizes([...path(3), []])).toStrictEqual([3, 1])
    expect(componentSizes(ring(5))).toStrictEqual([5])
    expect(componentSizes([])).toStrictEqual([])
  })

  it('has a longest and a mean shortest path', () => {
    expect(pathLengths(path(4), 100, new Random(1))).toStrictEqual({ longest: 3, mean: 20 / 12, sources: 4 })
    expect(pathLengths(ring(8), 100, new Random(1))).toMatchObject({ longest: 4, mean: 16 / 7 })
    expect(pathLengths([[], []], 100, new Random(1))).toStrictEqual({ longest: 0, mean: 0, sources: 2 })
  })

  it('is measured from no more nodes than asked for, the same ones for the same seed', () => {
    const graph = path(50)
    const measured = pathLengths(graph, 3, new Random(7))
    expect(measured.sources).toBe(3)
    expect(measured.longest).toBeGreaterThanOrEqual(25)
    expect(pathLengths(graph, 3, new Random(7))).toStrictEqual(measured)
  })

  it('says -1 where there is no way', () => {
    expect([...distancesFrom([[1], [0], []], 0)]).toStrictEqual([0, 1, -1])
  })

  it('is the same graph whichever way it is looked at', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const degrees = degreeHistogram(graph)
        expect(degrees.reduce((total, count) => total + count, 0)).toBe(graph.length)
        expect(componentSizes(graph).reduce((total, size) => total + size, 0)).toBe(graph.length)
        // Who is reached from a node makes up its component, and the ways back are as long.
        const from = distancesFrom(graph, 0)
        const reached = [...from.keys()].filter((node) => (from[node] ?? -1) >= 0)
        expect(componentSizes(graph)).toContain(reached.length)
        for (const node of reached) expect(distancesFrom(graph, node)[0]).toBe(from[node])
      }),
    )
  })
})
