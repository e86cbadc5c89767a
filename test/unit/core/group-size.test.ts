import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { expectedDistance, GROUP_SIZE, GroupSize, sizeOfGraph } from '../../../src/core/mesh/group-size.ts'
import { Random } from '../../../src/core/random.ts'
import { distancesFrom, type Graph, randomGraph } from './graphs.ts'
import { peer, range } from './shapes.ts'

const MINUTE_MS = 60_000

/** With so many claimers at these distances, and a mean degree of 8. */
function withClaimers(distances: readonly number[], nowMs = 0): GroupSize {
  const size = new GroupSize()
  size.noteDegrees({ own: 8, mean: 8 })
  for (const [number, hops] of distances.entries()) size.noteHops(peer(number), hops, nowMs)
  return size
}

/** What each node makes of the claims of 8 others, in shares of the true size, ascending. */
function estimatesIn(graph: Graph, seed: number): number[] {
  const random = new Random(seed)
  const claimers = new Set<number>()
  while (claimers.size < Math.min(8, graph.length - 1)) claimers.add(random.below(graph.length))
  const distances = new Map([...claimers].map((claimer) => [claimer, distancesFrom(claimer, graph)]))
  return graph
    .map((others, node) => {
      const size = new GroupSize()
      size.noteDegrees({ own: others.length, mean: others.length })
      for (const [claimer, distanceOf] of distances)
        if (claimer !== node) size.noteHops(peer(claimer), distanceOf[node] ?? 0, 0)
      return size.estimate(0) / graph.length
    })
    .toSorted((a, b) => a - b)
}

function medianOf(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1] ?? Number.NaN
}

describe('the size of the swarm', () => {
  it.each([10, 30, 100, 300, 1000].flatMap((size) => [6, 8, 12, 16].map((degree) => ({ size, degree }))))(
    'of $size with $degree neighbours each is estimated within a half from 8 claims',
    ({ size, degree }) => {
      for (const seed of [1, 2, 3]) {
        const estimates = estimatesIn(randomGraph(size, degree, seed), seed)
        expect(medianOf(estimates)).toBeGreaterThan(0.67)
        expect(medianOf(estimates)).toBeLessThan(1.5)
        expect(estimates[Math.floor(0.05 * estimates.length)]).toBeGreaterThan(0.28)
        expect(estimates[Math.floor(0.95 * estimates.length)]).toBeLessThan(3.5)
      }
    },
  )

  it('of ten thousand is estimated within a half', () => {
    const median = medianOf(estimatesIn(randomGraph(10_000, 8, 4), 4))
    expect(median).toBeGreaterThan(0.67)
    expect(median).toBeLessThan(1.5)
  })

  it('is one while nobody was heard of', () => {
    expect(new GroupSize().estimate(0)).toBe(1)
  })

  it('by the most hops is Slurpie’s power of the degree, whatever the server counts', () => {
    const size = new GroupSize('maxHop')
    size.noteServerCount(1000, 0)
    expect(size.estimate(0)).toBe(1)
    size.noteDegrees({ own: 8, mean: 4 })
    expect(size.estimate(0)).toBe(9)
    for (const [number, hops] of [1, 2, 4].entries()) size.noteHops(peer(number), hops, 0)
    expect(size.estimate(0)).toBe(3 ** 4)
    size.noteHops(peer(9), 30, 0)
    expect(size.estimate(0)).toBe(GROUP_SIZE.maxEstimate)
    expect(size.estimate(2 * MINUTE_MS)).toBe(9)
  })

  it('by the server is its last count, however old', () => {
    const size = new GroupSize('server')
    size.noteDegrees({ own: 8, mean: 8 })
    expect(size.estimate(0)).toBe(9)
    size.noteServerCount(77, 0)
    for (const [number, hops] of [4, 4, 4, 4, 4].entries()) size.noteHops(peer(number), hops, 0)
    expect(size.estimate(60 * MINUTE_MS)).toBe(77)
  })

  it('is what the server counted, for five minutes', () => {
    const size = withClaimers([4, 4, 4, 4, 4])
    size.noteServerCount(77, 0)
    expect(size.estimate(5 * MINUTE_MS)).toBe(77)
    for (const number of range(0, 5)) size.noteHops(peer(number), 4, 5 * MINUTE_MS)
    const later = size.estimate(5 * MINUTE_MS + 1)
    expect(later).toBeGreaterThan(1000)
    expect(later).toBeLessThan(5000)
    size.noteServerCount(88, 6 * MINUTE_MS)
    expect(size.estimate(6 * MINUTE_MS)).toBe(88)
  })

  it('may have doubled within half a minute of that, as far as claims show, and stands from then on', () => {
    const size = withClaimers([6, 6, 6, 6])
    size.noteServerCount(77, 0)
    expect(size.estimate(3000)).toBe(77)
    expect(size.estimate(30_000)).toBe(154)
    expect(size.estimate(30_001)).toBe(77)
  })

  it('is the old count of the server where fewer than three claimers are known', () => {
    const size = withClaimers([])
    size.noteServerCount(77, 0)
    size.noteHops(peer(1), 4, 10 * MINUTE_MS)
    size.noteHops(peer(2), 4, 10 * MINUTE_MS)
    expect(size.estimate(10 * MINUTE_MS)).toBe(77)
    size.noteHops(peer(3), 4, 10 * MINUTE_MS)
    expect(size.estimate(10 * MINUTE_MS)).toBeGreaterThan(1000)
  })

  it('is never smaller than what we see ourselves', () => {
    const size = new GroupSize()
    size.noteServerCount(3, 0)
    size.noteDegrees({ own: 12, mean: 8 })
    expect(size.estimate(0)).toBe(13)
    expect(withClaimers([1, 1, 1]).estimate(0)).toBe(9)
  })

  it('forgets claimers 70 s after their last claim', () => {
    const size = withClaimers([4, 4, 4])
    expect(size.estimate(70_000)).toBeGreaterThan(1000)
    expect(size.estimate(70_001)).toBe(9)
    expect(size.report(70_001).meanHop).toBeNull()
  })

  it('remembers 64 claimers, and forgets the longest known for another', () => {
    const size = withClaimers(range(0, 64).map(() => 3))
    size.noteHops(peer(64), 3, 1)
    expect(size.hopsTo(peer(0))).toBeNull()
    expect(size.hopsTo(peer(1))).toBe(3)
    expect(size.hopsTo(peer(64))).toBe(3)
  })

  it('is a whole number within bounds, whatever is said', () => {
    const any = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.double({ min: 0, max: 300, noNaN: true }))
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 80 }), any, fc.nat(16), (hops, mean, own) => {
        const size = withClaimers(hops)
        size.noteDegrees({ own, mean })
        const estimate = size.estimate(0)
        expect(Number.isInteger(estimate)).toBe(true)
        expect(estimate).toBeGreaterThan(own)
        expect(estimate).toBeLessThanOrEqual(GROUP_SIZE.maxEstimate)
      }),
    )
  })

  it('follows the mean degree and the distances as they change', () => {
    const size = withClaimers([3, 3, 3])
    const sparse = size.estimate(0)
    size.noteDegrees({ own: 8, mean: 12 })
    const dense = size.estimate(0)
    expect(dense).toBeGreaterThan(2 * sparse)
    for (const number of range(0, 3)) size.noteHops(peer(number), 2, 1)
    expect(size.estimate(1)).toBeLessThan(dense / 5)
  })

  it('is not moved far by a few who lie about their distance', () => {
    const honest = range(0, 12).map(() => 4)
    const [plain, far, near] = [honest, [...honest, 16, 16], [...honest, 0, 0]].map((distances) =>
      withClaimers(distances).estimate(0),
    )
    expect((far ?? 0) / (plain ?? 0)).toBeLessThan(2)
    expect((near ?? 0) / (plain ?? 0)).toBeGreaterThan(0.5)
  })

  it('is reported in every way there is', () => {
    const size = withClaimers([2, 3, 4])
    size.noteServerCount(50, 1000)
    const report = size.report(4000)
    expect(report).toMatchObject({ serverCount: 50, serverAgeMs: 3000 })
    expect(report.powerOfMeanHop).toBeCloseTo(1 + 7 ** 3)
    expect(report.powerOfMaxHop).toBeCloseTo(7 ** 4)
    expect(report.meanHop).toBeCloseTo(sizeOfGraph(3, 8))
    expect(new GroupSize().report(0)).toEqual({
      serverCount: null,
      serverAgeMs: null,
      meanHop: null,
      powerOfMeanHop: null,
      powerOfMaxHop: null,
    })
  })
})

describe('the distance to a claimer', () => {
  it('is the least of all copies that came within half a minute to twice that', () => {
    const size = new GroupSize()
    size.noteHops(peer(1), 6, 0)
    size.noteHops(peer(1), 4, 1000)
    size.noteHops(peer(1), 5, 2000)
    expect(size.hopsTo(peer(1))).toBe(4)
    size.noteHops(peer(1), 5, 34_000)
    expect(size.hopsTo(peer(1))).toBe(4)
    size.noteHops(peer(1), 6, 67_000)
    expect(size.hopsTo(peer(1))).toBe(5)
    size.noteHops(peer(1), 7, 140_000)
    expect(size.hopsTo(peer(1))).toBe(7)
  })

  it('is no less than one link and no more than a claim may travel', () => {
    const size = withClaimers([0, 200])
    expect(size.hopsTo(peer(0))).toBe(1)
    expect(size.hopsTo(peer(1))).toBe(16)
  })

  it('is the true one by the third claim, however different the delays of links are', () => {
    const graph = randomGraph(300, 8, 9)
    const random = new Random(9)
    const delays = graph.map((others) => new Map(others.map((other) => [other, random.between(5, 150)])))
    const sizes = graph.map(() => new GroupSize())
    const far = range(0, 3).map((round) => {
      flood(graph, delays, sizes, round * 2000)
      return distancesFrom(0, graph).filter((hops, node) => node > 0 && sizes[node]?.hopsTo(peer(0)) !== hops)
        .length
    })
    expect(far[0]).toBeGreaterThan(50)
    expect(far[2]).toBeLessThan(10)
  })
})

/** Node 0 claims: everybody notes every copy, and passes the first on with one hop more than the least it knows. */
function flood(
  graph: Graph,
  delays: readonly ReadonlyMap<number, number>[],
  sizes: readonly GroupSize[],
  startMs: number,
): void {
  const copies = (node: number, hops: number, atMs: number): { to: number; hops: number; atMs: number }[] =>
    (graph[node] ?? []).map((to) => ({ to, hops, atMs: atMs + (delays[node]?.get(to) ?? 0) }))
  const reached = new Set([0])
  const underWay = copies(0, 1, startMs)
  while (underWay.length > 0) {
    underWay.sort((a, b) => b.atMs - a.atMs)
    const copy = underWay.pop()
    const size = sizes[copy?.to ?? 0]
    if (copy === undefined || size === undefined || copy.to === 0) continue
    size.noteHops(peer(0), copy.hops, copy.atMs)
    if (reached.has(copy.to)) continue
    reached.add(copy.to)
    underWay.push(...copies(copy.to, (size.hopsTo(peer(0)) ?? 0) + 1, copy.atMs))
  }
}

describe('the expected distance in a random graph', () => {
  it('is one where everybody is a neighbour', () => {
    expect(expectedDistance(9, 8)).toBe(1)
    expect(expectedDistance(5, 8)).toBe(1)
  })

  it('is right for a graph of distance two: the rest is one link further', () => {
    expect(expectedDistance(12, 8)).toBeCloseTo(1 + 3 / 11, 2)
  })

  it('rises with the size and falls with the degree', () => {
    const size = fc.integer({ min: 20, max: 1_000_000 })
    const degree = fc.integer({ min: 3, max: 16 })
    fc.assert(
      fc.property(size, degree, (nodes, edges) => {
        expect(expectedDistance(nodes * 1.1, edges)).toBeGreaterThan(expectedDistance(nodes, edges))
        expect(expectedDistance(nodes, edges + 1)).toBeLessThan(expectedDistance(nodes, edges))
      }),
    )
  })

  it('leads back to the size', () => {
    const size = fc.integer({ min: 20, max: 5_000_000 })
    fc.assert(
      fc.property(size, fc.integer({ min: 3, max: 16 }), (nodes, degree) => {
        const found = sizeOfGraph(expectedDistance(nodes, degree), degree)
        expect(found / nodes).toBeGreaterThan(0.998)
        expect(found / nodes).toBeLessThan(1.002)
      }),
    )
  })
})
