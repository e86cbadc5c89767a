/** The arithmetic of the side-by-side bench: floors, goals, medians, runs and their page. */

import { describe, expect, it } from 'vitest'

import { median } from '../../bench/figures.ts'
import { floorS } from '../../bench/floor.ts'
import * as goals from '../../bench/goals.ts'
import { jobsOf } from '../../bench/jobs.ts'
import { resultsPage, spread } from '../../bench/results-page.ts'
import { allRight, visitsOf } from '../../bench/runs.ts'
import { type Scenario, SCENARIOS } from '../../bench/scenarios.ts'
import { figureOf, repeatsOf, spreadOf } from '../../bench/summary.ts'
import type { AccessLine } from '../../testbed/wan-ends.ts'
import type { VisitorResult } from '../../testbed/visitors.ts'
import { CROWD, record, visits } from './bench-run.ts'

function downlink(rateBitsPerSec: number): AccessLine {
  return { up: null, down: { bufferMs: 300, delayMs: 10, rateBitsPerSec } }
}

describe('the floor', () => {
  it('is the origin’s time for one copy, where nothing else is slower', () => {
    expect(floorS(CROWD, null)).toBe(4)
    expect(floorS(CROWD, 100)).toBe(4)
  })

  it('is the time of the slowest downlink, where that is longer', () => {
    const hosts = [downlink(50e6), downlink(5e6), { up: null, down: null }]
    expect(floorS({ ...CROWD, hosts }, null)).toBe(8)
  })

  it('is what all but one copy take on the ring, where that is longest', () => {
    expect(floorS(CROWD, 1.5)).toBe(10)
  })

  it('is nothing, where nothing bounds', () => {
    expect(floorS({ ...CROWD, originBitsPerSec: null }, null)).toBe(0)
  })
})

describe('a spread', () => {
  it('has the middle, the least and the most of what is known', () => {
    expect(spreadOf([3, null, 1, undefined, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 })
    expect(spreadOf([null])).toBeNull()
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })

  it('is written with brackets, where there is more than one run', () => {
    expect(spread({ median: 2, min: 1, max: 3.25, runs: 3 }, 1)).toBe('2.0 (1.0–3.3)')
    expect(spread({ median: 2, min: 2, max: 2, runs: 1 }, 2)).toBe('2.00')
    expect(spread(null, 2)).toBe('–')
  })
})

describe('a goal', () => {
  const records = [
    record('swarm', 1, { visits: visits() }),
    record('http', 1, { visits: visits({ makespanS: 16, visitsS: [16, 9, 16, 16] }) }),
    record('webtorrent', 1, { visits: visits({ medianS: 9.3 }) }),
    record('ring', 1, { boundMBps: 20 }),
    record('swarm', 2, { visits: visits({ makespanS: 8 }) }),
  ]
  const repeats = repeatsOf(CROWD, records)

  it('is measured within each repeat', () => {
    expect(repeats).toHaveLength(2)
    // The second repeat has no ring yet, and so no floor.
    expect(figureOf(goals.toFloor(1.15), 'swarm', repeats)).toEqual({
      median: 1.25,
      min: 1.25,
      max: 1.25,
      runs: 1,
    })
    expect(figureOf(goals.copies(1.1), 'swarm', repeats)?.runs).toBe(2)
    expect(figureOf(goals.toPlain(1), 'swarm', repeats)?.median).toBe(5 / 16)
    expect(figureOf(goals.medianToWebTorrent(0.6), 'swarm', repeats)?.median).toBe(0.5)
    expect(figureOf(goals.everyVisitToPlain(1.05), 'swarm', repeats)?.median).toBe(0.5)
    expect(figureOf(goals.connections(6), 'http', repeats)?.median).toBe(2)
  })

  it('against a bound of the machine takes the last visitor’s rate', () => {
    const link = [{ scenario: CROWD, systems: { swarm: visits() }, boundsMBps: { channel: 2 } }]
    expect(figureOf(goals.toBound('channel', 0.85), 'swarm', link)?.median).toBe(0.5)
    expect(figureOf(goals.toBound('setMany', 0.8), 'swarm', link)).toBeNull()
  })

  it('counts heap and buffers together', () => {
    const alone = [
      { scenario: CROWD, systems: { swarm: visits({ heapMB: 10, buffersMB: 40 }) }, boundsMBps: {} },
    ]
    expect(figureOf(goals.heapMB(64), 'swarm', alone)?.median).toBe(50)
    expect(figureOf(goals.heapMB(64), 'swarm', repeats)).toBeNull()
  })

  it('is reached from its own side', () => {
    expect(goals.isReached(goals.copies(1.1), 1.1)).toBe(true)
    expect(goals.isReached(goals.copies(1.1), 1.11)).toBe(false)
    expect(goals.isReached(goals.toBound('channel', 0.85), 0.9)).toBe(true)
    expect(goals.isReached(goals.toBound('channel', 0.85), 0.8)).toBe(false)
  })
})

function visitor(elapsedMs: number, integrity: string | null): VisitorResult {
  return {
    startedMs: 0,
    elapsedMs,
    sizeBytes: integrity === null ? null : 5_000_000,
    integrity,
    verified: null,
    stats: null,
    error: integrity === null ? { code: 'timeout', message: 'late' } : null,
  }
}

describe('visits', () => {
  const origin = {
    requests: 7,
    preflights: 1,
    bytesSent: 10_000_000,
    openConnections: 1,
    openConnectionsMax: 4,
    openResponses: 0,
    openResponsesMax: 3,
    openResponsesMean: 1.5,
    lostMs: 250,
    files: {},
  }

  it('are summed up: times, copies, processor time over bytes delivered, right bytes', () => {
    const results = [visitor(4_000, 'sha256-right'), visitor(6_000, 'sha256-right'), visitor(9_000, null)]
    const summed = visitsOf(CROWD, { results, integrity: 'sha256-right', origin, cpuSec: 3 })
    expect(summed).toMatchObject({
      makespanS: 9,
      visitsS: [4, 6, 9],
      medianS: 6,
      worstS: 9,
      originCopies: 2,
      originLostS: 0.25,
      cpuSecPerGB: 300,
      peerShare: null,
      correct: 2,
      errors: ['timeout'],
    })
    expect(allRight(summed, { place: 'pages', visitors: 3 })).toBe(false)
    expect(allRight(summed, { place: 'pages', visitors: 2 })).toBe(true)
    expect(allRight({ ...summed, correct: 1 }, { place: 'link', visitors: 2 })).toBe(true)
  })
})

function keysOf(scenario: Scenario): string[] {
  return jobsOf(scenario, 2).map(({ key }) => key)
}

describe('runs', () => {
  it('take turns within a repeat', () => {
    const order = jobsOf(CROWD, 2).map(({ whom, repeat }) => `${whom} ${repeat}`)
    expect(order).toEqual([
      'swarm 1',
      'http 1',
      'webtorrent 1',
      'ring 1',
      'swarm 2',
      'http 2',
      'webtorrent 2',
      'ring 2',
    ])
  })

  it('are found again by what is run, not by what is hoped of it', () => {
    expect(new Set(keysOf(CROWD)).size).toBe(8)
    expect(keysOf({ ...CROWD, title: 'Four', goals: [] })).toEqual(keysOf(CROWD))
    expect(keysOf({ ...CROWD, sizeBytes: 6_000_000 })).not.toEqual(keysOf(CROWD))
  })

  it('of all scenarios have names, goals and keys of their own', () => {
    const keys = SCENARIOS.flatMap((scenario) => jobsOf(scenario, 5).map(({ key }) => key))
    expect(new Set(keys).size).toBe(keys.length)
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length)
    for (const { place, hosts, visitors } of SCENARIOS)
      expect(hosts.length).toBe(place === 'hosts' ? visitors : 0)
  })
})

describe('the page', () => {
  const bothRepeats = [1, 2].flatMap((repeat) => [
    record('swarm', repeat, { visits: visits({ makespanS: 4 + repeat / 10 }) }),
    record('http', repeat, { visits: visits({ makespanS: 16, originCopies: 4 }) }),
    record('ring', repeat, { boundMBps: 20 }),
  ])

  it('holds figures against goals, and says what is absent', () => {
    const { markdown } = resultsPage([CROWD], bothRepeats)
    expect(markdown).toContain('| 4 × 5 MB, 10 Mb/s | ≤ 1.15 × floor | yes | 1.04 (1.02–1.05) | 4.00 | – |')
    expect(markdown).toContain('| swarmfetch | 2 | 4.2 (4.1–4.2) |')
    expect(markdown).toContain('- 6 runs: A processor, 2 cores, 8 GB; Chromium 1;')
    expect(markdown).not.toMatch(/NaN|undefined|null/)
  })

  it('has nothing reached by visitors who did not get their file', () => {
    const failed = record('swarm', 3, { visits: visits({ correct: 3, errors: ['timeout'] }) })
    const { markdown } = resultsPage([CROWD], [...bothRepeats, failed])
    expect(markdown).toContain('| ≤ 1.10 copies | no: visits failed |')
  })

  it('draws what there is', () => {
    expect(Object.keys(resultsPage([CROWD], bothRepeats).plots)).toEqual([
      'bench-time.svg',
      'bench-copies.svg',
    ])
    const arrivals = { ...CROWD, staggerMs: 2_000 }
    const { plots } = resultsPage([arrivals], bothRepeats)
    expect(plots['bench-arrivals.svg']).toContain('<svg')
    expect(resultsPage(SCENARIOS, []).plots).toEqual({})
  })
})
