/** What is kept of a run's course, and of those who came when. */

import { describe, expect, it } from 'vitest'

import { byPhase, byTimeOfArrival, type ArrivalGroup } from '../../../simulator/by-arrival.ts'
import { MAX_COURSE_POINTS } from '../../../simulator/course.ts'
import { busyToSteady, doublingToTransfer } from '../../../simulator/expectations.ts'
import { rateOver, sentBytes } from '../../../simulator/report/course-lines.ts'
import { summarise } from '../../../simulator/run-summary.ts'
import { simulate } from '../../../simulator/simulation.ts'
import { SMALL } from './small-scenario.ts'

describe('the course of a run', () => {
  const without = simulate(SMALL)
  const result = simulate({ ...SMALL, courseEveryMs: 100 })
  const course = result.course ?? []

  it('is kept only where the scenario asks for it, and changes nothing', () => {
    expect(without.course).toBeUndefined()
    expect(result.trace).toBe(without.trace)
    expect({ ...result, course: undefined, events: 0 }).toEqual({ ...without, course: undefined, events: 0 })
  })

  it('goes from nothing to all that was sent', () => {
    expect(course[0]).toMatchObject({ atMs: 0, completed: 0, originBytes: 0, seedBytes: 0, leecherBytes: 0 })
    const last = course.at(-1)
    expect(last).toMatchObject({ present: 4, seeds: 4, completed: 4 })
    expect(last?.originBytes).toBe(Math.round(result.originCopies * SMALL.sizeBytes))
    expect((last?.seedBytes ?? 0) + (last?.leecherBytes ?? 0)).toBe(
      result.peers.reduce((total, { bytesToPeers }) => total + bytesToPeers, 0),
    )
    for (const point of course) expect(point.seeds).toBeLessThanOrEqual(point.completed)
  })

  it('tells who has the whole file from who has not', () => {
    // One comes alone, stays, and serves the one who comes when it is done.
    const late = simulate({
      ...SMALL,
      peers: 2,
      arrivals: { kind: 'staggered', everyMs: 5000 },
      courseEveryMs: 1000,
    })
    const last = late.course?.at(-1)
    expect(last?.seedBytes).toBeGreaterThan(0)
    expect(last?.leecherBytes).toBe(0)
  })

  it('stays small however long the run is, at even distances', () => {
    const { course: long = [] } = simulate({ ...SMALL, courseEveryMs: 1, untilMs: 10_000 })
    expect(long.length).toBeLessThanOrEqual(MAX_COURSE_POINTS)
    expect(long.length).toBeGreaterThan(MAX_COURSE_POINTS / 2 - 2)
    const gaps = long.slice(1, -1).map(({ atMs }, place) => atMs - (long[place]?.atMs ?? 0))
    expect(new Set(gaps).size).toBe(1)
  })

  it('gives rates that add up to what was sent', () => {
    const run = { ...summarise(SMALL, result), key: '', commit: null, wallSec: 0, memoryMb: 0 }
    let sent = 0
    for (const [place, [, rate]] of rateOver(run, sentBytes).entries())
      sent += (rate * ((course[place + 1]?.atMs ?? 0) - (course[place]?.atMs ?? 0))) / 1000
    const last = course.at(-1)
    expect(sent).toBeCloseTo(last === undefined ? 0 : sentBytes(last), 0)
  })
})

describe('those who came', () => {
  const came = [
    { arrivedMs: 0, tookMs: 10 },
    { arrivedMs: 999, tookMs: 30 },
    { arrivedMs: 1000, tookMs: null },
    { arrivedMs: 4500, tookMs: 7 },
  ]

  it('are put together by steps, without empty ones', () => {
    expect(byTimeOfArrival(came, 1000)).toStrictEqual([
      { fromMs: 0, untilMs: 1000, peers: 2, completed: 2, meanMs: 20, medianMs: 20, lastMs: 30 },
      { fromMs: 1000, untilMs: 2000, peers: 1, completed: 0, meanMs: null, medianMs: null, lastMs: null },
      { fromMs: 4000, untilMs: 5000, peers: 1, completed: 1, meanMs: 7, medianMs: 7, lastMs: 7 },
    ])
    expect(byTimeOfArrival([], 1000)).toStrictEqual([])
  })

  it('are in as few steps as are kept, however long it took', () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ arrivedMs: index * 10, tookMs: 1 }))
    const groups = byTimeOfArrival(many, 1)
    expect(groups.length).toBeLessThanOrEqual(MAX_COURSE_POINTS)
    expect(groups.reduce((total, { peers }) => total + peers, 0)).toBe(5000)
  })

  it('are put together by phases, also where nobody came', () => {
    const phases = [1000, 2000, 5000].map((forMs) => ({ forMs, everyMeanMs: 1 }))
    const groups = byPhase(came, { kind: 'phases', phases })
    expect(groups.map(({ fromMs, untilMs, peers }) => [fromMs, untilMs, peers])).toStrictEqual([
      [0, 1000, 2],
      [1000, 3000, 1],
      [3000, 8000, 1],
    ])
    expect(byPhase(came, { kind: 'atOnce' })).toStrictEqual([])
  })
})

function phase(fromMs: number, peers: number, meanMs: number | null): ArrivalGroup {
  return {
    fromMs,
    untilMs: fromMs + 1000,
    peers,
    completed: peers,
    meanMs,
    medianMs: meanMs,
    lastMs: meanMs,
  }
}

describe('what is expected of experiments', () => {
  const run = summarise(SMALL, simulate(SMALL))

  it('compares the phase of most arrivals with the first', () => {
    expect(busyToSteady({ ...run, phases: [phase(0, 5, 10), phase(1000, 50, 15), phase(2000, 5, 90)] })).toBe(
      1.5,
    )
    expect(busyToSteady({ ...run, phases: [phase(0, 5, 10), phase(1000, 50, null)] })).toBeNull()
    expect(busyToSteady(run)).toBeNull()
  })

  it('finds a doubling time of T where 2^(t/T) have the file', () => {
    const tookMs = { mean: 0, median: 4000 * Math.log2(64.5), p90: 0, p99: 0, last: 0 }
    const floor = { ...run.floor, originMs: 4000 }
    expect(doublingToTransfer({ ...run, peers: 127, tookMs, floor })).toBeCloseTo(1, 9)
    expect(doublingToTransfer({ ...run, tookMs: null })).toBeNull()
  })
})
