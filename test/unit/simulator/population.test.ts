import { describe, expect, it } from 'vitest'

import { arrivalTimes, newcomer, population } from '../../../simulator/population.ts'
import type { Arrivals, Scenario } from '../../../simulator/scenario.ts'
import { Random } from '../../../src/core/random.ts'

const COUNT = 4000

const TOWN: Scenario = {
  name: 'town',
  seed: 1,
  peers: 1000,
  sizeBytes: 1,
  origin: { upBytesPerSec: 1 },
  links: [
    { name: 'fibre', share: 1, upBytesPerSec: 3, downBytesPerSec: 3 },
    { name: 'cable', share: 2, upBytesPerSec: 2, downBytesPerSec: 2 },
    { name: 'dsl', share: 5, upBytesPerSec: 1, downBytesPerSec: 1 },
  ],
  latency: { rttMs: [1, 1] },
  arrivals: { kind: 'poisson', meanMs: 10 },
  departure: { kind: 'stay' },
  trouble: { withoutPeersShare: 0.1, withoutTopologyShare: 0.2, pollutersShare: 0.3 },
}

function times(arrivals: Arrivals, seed = 1): number[] {
  return arrivalTimes(arrivals, COUNT, new Random(seed))
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0) / numbers.length
}

/** Share of the numbers below this one. */
function below(numbers: readonly number[], bound: number): number {
  return numbers.filter((number) => number < bound).length / numbers.length
}

describe('arrivals', () => {
  it.each([
    { kind: 'atOnce' },
    { kind: 'staggered', everyMs: 3 },
    { kind: 'poisson', meanMs: 20 },
    { kind: 'flash', share: 0.75, withinMs: 60_000, restMeanMs: 100 },
    { kind: 'decaying', meanMs: 30_000 },
    { kind: 'phases', phases: [{ forMs: 1e9, everyMeanMs: 20 }] },
  ] satisfies Arrivals[])(
    '$kind are as many as asked for, in order, the same for the same seed',
    (arrivals) => {
      const drawn = times(arrivals)
      expect(drawn).toHaveLength(COUNT)
      expect(drawn).toEqual(drawn.toSorted((a, b) => a - b))
      expect(times(arrivals)).toEqual(drawn)
      const isRandom = arrivals.kind !== 'atOnce' && arrivals.kind !== 'staggered'
      expect(times(arrivals, 2).join() === drawn.join()).toBe(!isRandom)
    },
  )

  it('at once and staggered come when they say', () => {
    expect(times({ kind: 'atOnce' }).at(-1)).toBe(0)
    expect(times({ kind: 'staggered', everyMs: 3 }).slice(0, 3)).toEqual([0, 3, 6])
  })

  it('by Poisson have exponential gaps of the mean', () => {
    const drawn = times({ kind: 'poisson', meanMs: 20 })
    const gaps = drawn.map((atMs, index) => atMs - (drawn[index - 1] ?? 0))
    expect(mean(gaps) / 20).toBeCloseTo(1, 1)
    expect(below(gaps, 20)).toBeCloseTo(1 - 1 / Math.E, 1)
  })

  it('in a flash are spread evenly over it, the rest Poisson after it', () => {
    const drawn = times({ kind: 'flash', share: 0.75, withinMs: 60_000, restMeanMs: 100 })
    const first = drawn.slice(0, 3000)
    const rest = drawn.slice(3000)
    expect(Math.max(...first)).toBeLessThan(60_000)
    expect(below(first, 15_000)).toBeCloseTo(0.25, 1)
    expect(rest[0]).toBeGreaterThan(60_000)
    expect(((rest.at(-1) ?? 0) - 60_000) / 1000 / 100).toBeCloseTo(1, 1)
  })

  it('that decay have their mean, and most come before it', () => {
    const drawn = times({ kind: 'decaying', meanMs: 30_000 })
    expect(mean(drawn) / 30_000).toBeCloseTo(1, 1)
    expect(below(drawn, 30_000)).toBeCloseTo(1 - 1 / Math.E, 1)
  })
})

describe('arrivals by phases', () => {
  const phases = [
    { forMs: 100_000, everyMeanMs: 1000 },
    { forMs: 50_000, everyMeanMs: 50 },
    { forMs: 100_000, everyMeanMs: 1000 },
  ]

  it('come at the rate of each phase, and as many as come', () => {
    const drawn = times({ kind: 'phases', phases })
    const within = (fromMs: number, untilMs: number): number =>
      drawn.filter((atMs) => atMs >= fromMs && atMs < untilMs).length
    expect(drawn).toEqual(drawn.toSorted((a, b) => a - b))
    expect(Math.abs(within(0, 100_000) - 100)).toBeLessThan(40)
    expect(Math.abs(within(100_000, 150_000) - 1000)).toBeLessThan(130)
    expect(Math.abs(within(150_000, 250_000) - 100)).toBeLessThan(40)
    expect(drawn.at(-1)).toBeLessThan(250_000)
  })

  it('have exponential gaps within a phase', () => {
    const drawn = times({ kind: 'phases', phases: [{ forMs: 1e9, everyMeanMs: 20 }] })
    const gaps = drawn.map((atMs, index) => atMs - (drawn[index - 1] ?? 0))
    expect(mean(gaps) / 20).toBeCloseTo(1, 1)
    expect(below(gaps, 20)).toBeCloseTo(1 - 1 / Math.E, 1)
  })

  it('make a population of those who come, with links by their shares', () => {
    const scenario: Scenario = { ...TOWN, peers: 5000, arrivals: { kind: 'phases', phases } }
    const people = population(scenario, new Random(3))
    expect(people.length).toBeGreaterThan(1000)
    expect(people.length).toBeLessThan(1500)
    const fibre = people.filter(({ link }) => link.name === 'fibre').length
    expect(Math.abs(fibre / people.length - 0.125)).toBeLessThan(0.001)
    expect(people.filter(({ isAlone }) => isAlone)).toHaveLength(Math.round(people.length * 0.1))
  })

  it('never bring more than there are', () => {
    expect(
      population({ ...TOWN, peers: 50, arrivals: { kind: 'phases', phases } }, new Random(3)),
    ).toHaveLength(50)
  })
})

describe('a population', () => {
  const people = population(TOWN, new Random(3))

  it('has each link and each weakness as often as its share says', () => {
    const count = (name: string): number => people.filter(({ link }) => link.name === name).length
    expect(['fibre', 'cable', 'dsl'].map(count)).toEqual([125, 250, 625])
    expect(people.filter(({ isAlone }) => isAlone)).toHaveLength(100)
    expect(people.filter(({ lacksTopology }) => lacksTopology)).toHaveLength(200)
    expect(people.filter(({ isPolluter }) => isPolluter)).toHaveLength(300)
  })

  it('loses nobody where shares do not divide it', () => {
    const few = population({ ...TOWN, peers: 3 }, new Random(3))
    expect(few.map(({ link }) => link.name).sort()).toEqual(['cable', 'dsl', 'dsl'])
  })

  it('deals links by chance, not by arrival', () => {
    const early = people.slice(0, 500).filter(({ link }) => link.name === 'dsl').length
    expect(early).toBeGreaterThan(250)
    expect(early).toBeLessThan(375)
  })

  it('is the same for the same seed, and another for another', () => {
    expect(population(TOWN, new Random(3))).toEqual(people)
    expect(population(TOWN, new Random(4))).not.toEqual(people)
  })

  it('is replaced by newcomers of the same kinds', () => {
    const random = new Random(5)
    const newcomers = Array.from({ length: COUNT }, (_, index) => newcomer(TOWN, index, 7, random))
    const share = (is: (visitor: (typeof newcomers)[number]) => boolean): number =>
      newcomers.filter(is).length / COUNT
    expect(share(({ link }) => link.name === 'fibre')).toBeCloseTo(0.125, 1)
    expect(share(({ link }) => link.name === 'dsl')).toBeCloseTo(0.625, 1)
    expect(share(({ isPolluter }) => isPolluter)).toBeCloseTo(0.3, 1)
    expect(share(({ arrivesMs }) => arrivesMs === 7)).toBe(1)
  })
})
