/** Whole runs with BitTorrent clients, over the network that swarms run over. */

import { describe, expect, it } from 'vitest'

import { simulateBitTorrent } from '../../../../simulator/bittorrent/simulation.ts'
import { simulatePlain } from '../../../../simulator/plain-http.ts'
import { population } from '../../../../simulator/population.ts'
import type { PeerOutcome, RunResult, Scenario } from '../../../../simulator/scenario.ts'
import { Random } from '../../../../src/core/random.ts'

const LAN: Scenario = {
  name: 'lan',
  seed: 1,
  peers: 48,
  sizeBytes: 10_000_000,
  chunkBytes: 64 * 1024,
  origin: { upBytesPerSec: 1_250_000 },
  links: [{ name: 'lan', share: 1, upBytesPerSec: 12_500_000, downBytesPerSec: 12_500_000 }],
  latency: { rttMs: [2, 2] },
  arrivals: { kind: 'atOnce' },
  departure: { kind: 'stay' },
  maxMs: 3_600_000,
}

const HOME: Partial<Scenario> = {
  peers: 30,
  links: [
    { name: 'slow', share: 1, upBytesPerSec: 125_000, downBytesPerSec: 1_250_000 },
    { name: 'fast', share: 1, upBytesPerSec: 1_250_000, downBytesPerSec: 12_500_000 },
  ],
  latency: { rttMs: [20, 120], jitterShare: 0.2 },
  arrivals: { kind: 'poisson', meanMs: 500 },
}

const ORDERS = ['sequential', 'rarest'] as const

function run(order: (typeof ORDERS)[number], changes: Partial<Scenario> = {}): RunResult {
  return simulateBitTorrent(order, { ...LAN, ...changes })
}

function sum(peers: readonly PeerOutcome[], of: (peer: PeerOutcome) => number): number {
  return peers.reduce((total, peer) => total + of(peer), 0)
}

function expectAllComplete({ peers, violations }: RunResult): void {
  expect(violations).toEqual([])
  expect(peers.filter(({ tookMs, died }) => tookMs === null && !died)).toEqual([])
}

/** Nothing comes from nowhere: each has what it got, nobody got more than was sent. */
function expectConserved(result: RunResult, { sizeBytes }: Scenario): void {
  for (const peer of result.peers)
    if (peer.tookMs !== null)
      expect(peer.bytesFromPeers + peer.bytesFromOrigin).toBeGreaterThanOrEqual(sizeBytes)
  expect(sum(result.peers, (peer) => peer.bytesFromPeers)).toBeLessThanOrEqual(
    sum(result.peers, (peer) => peer.bytesToPeers),
  )
  const fromOrigin = sum(result.peers, (peer) => peer.bytesFromOrigin)
  expect(fromOrigin).toBeLessThanOrEqual(result.originCopies * sizeBytes + 1)
  expect(fromOrigin).toBeGreaterThan(0.9 * result.originCopies * sizeBytes)
}

/** Nobody is done sooner than the own line allows, nor gives more than it carries. */
function expectWithinLines(result: RunResult, { links, sizeBytes }: Scenario, endMs: number): void {
  const byName = new Map(links.map((link) => [link.name, link]))
  for (const { link, tookMs, arrivedMs, bytesToPeers } of result.peers) {
    const line = byName.get(link)
    if (line === undefined) throw new Error('There is no such line.')
    if (tookMs !== null) expect((sizeBytes / tookMs) * 1000).toBeLessThanOrEqual(line.downBytesPerSec)
    // Two blocks may be on the line, which count when they have left it.
    expect(bytesToPeers).toBeLessThanOrEqual((line.upBytesPerSec * (endMs - arrivedMs)) / 1000)
  }
}

describe.each(ORDERS)('clients that ask the web seed in the order %s', (order) => {
  it('of a local network all finish, by bytes that others sent, within their lines', () => {
    const result = run(order)
    expectAllComplete(result)
    expectConserved(result, LAN)
    expectWithinLines(result, LAN, result.makespanMs)
    expect(result.policy).toBe(`bittorrent-${order}`)
    expect(result.originOpenMax).toBeLessThanOrEqual(48)
    expect(result.makespanMs).toBeGreaterThan(8000)
    expect(result.chunksKept).toBe(48 * Math.ceil(LAN.sizeBytes / (64 * 1024)))
  })

  it('at home all finish, by bytes that others sent, within their lines', () => {
    const scenario = { ...LAN, ...HOME }
    const result = run(order, HOME)
    expectAllComplete(result)
    expectConserved(result, scenario)
    const endMs = result.peers.reduce((end, one) => Math.max(end, one.arrivedMs + (one.tookMs ?? 0)), 0)
    expectWithinLines(result, scenario, endMs)
    expect(result.originCopies).toBeLessThan(30)
  })

  it('take the same course for the same seed, and another for another', () => {
    const first = run(order, { ...HOME, seed: 7 })
    expect(run(order, { ...HOME, seed: 7 })).toEqual(first)
    expect(run(order, { ...HOME, seed: 8 }).trace).not.toBe(first.trace)
  })

  it('alone take about as long as a plain download', () => {
    const scenario = { ...LAN, peers: 1 }
    const plainMs = simulatePlain(scenario).makespanMs
    const result = run(order, { peers: 1 })
    // A round trip a piece is lost, of 2 ms each.
    expect(result.makespanMs).toBeGreaterThan(plainMs)
    expect(result.makespanMs).toBeLessThan(1.06 * plainMs)
    expect(result.originCopies).toBeCloseTo(1, 6)
  })

  it('alone and far from a fast origin ask for many pieces at once', () => {
    const result = run(order, {
      peers: 1,
      origin: { upBytesPerSec: 12_500_000 },
      latency: { rttMs: [200, 200] },
    })
    expectAllComplete(result)
    expect(result.originCopies).toBeCloseTo(1, 6)
    // 153 pieces. In order the ranges are cut by nothing, else by what is there already.
    expect(result.originRequests).toBeLessThan(order === 'sequential' ? 15 : 50)
  })

  it('finish though all leave as soon as they are done, or serve on for a while', () => {
    const arrivals = { kind: 'staggered', everyMs: 1000 } as const
    for (const departure of [{ kind: 'leave' }, { kind: 'linger', ms: 2000 }] as const) {
      const result = run(order, { peers: 20, arrivals, departure })
      expectAllComplete(result)
      expectConserved(result, LAN)
    }
  })

  it('finish though some die all the time', () => {
    const churn = { fromMs: 500, untilMs: 20_000, everyMs: 500, share: 0.1 }
    const result = run(order, { peers: 20, trouble: { churn } })
    expectAllComplete(result)
    expectConserved(result, LAN)
    expect(result.peers.filter(({ died }) => died).length).toBeGreaterThan(20)
  })

  it('have the web seed where they have no peers or no tracker', () => {
    const trouble = { withoutPeersShare: 0.25, withoutTopologyShare: 0.25 }
    const result = run(order, { peers: 8, trouble })
    expectAllComplete(result)
    const lonely = result.peers.filter(({ bytesFromPeers }) => bytesFromPeers === 0)
    expect(lonely.length).toBeGreaterThanOrEqual(order === 'rarest' ? 4 : 2)
    for (const { bytesFromOrigin } of lonely) expect(bytesFromOrigin).toBe(LAN.sizeBytes)
  })

  it('of an empty file are done at once', () => {
    const result = run(order, { sizeBytes: 0, peers: 3 })
    expectAllComplete(result)
    expect(result.makespanMs).toBe(0)
  })
})

describe('clients that ask the web seed for the rarest', () => {
  it('get most of the file from each other, where those that ask in order all fetch the same', () => {
    const rarest = run('rarest')
    expect(rarest.originCopies).toBeLessThan(6)
    expect(rarest.bytesFromPeers).toBeGreaterThan(0.85 * 48 * LAN.sizeBytes)
    expect(run('sequential').originCopies).toBeGreaterThan(2 * rarest.originCopies)
  })

  it('find each other once the tracker is back', () => {
    const [never, later] = [null, 5000].map((untilMs) =>
      run('rarest', { peers: 8, trouble: { topologyOutages: [{ fromMs: 0, untilMs }] } }),
    )
    if (never === undefined || later === undefined) return
    expectAllComplete(never)
    expect(never.bytesFromPeers).toBe(0)
    expectAllComplete(later)
    expect(later.bytesFromPeers).toBeGreaterThan(LAN.sizeBytes)
  })

  it('keep nothing of what others spoil, and soon ask them for nothing more', () => {
    const scenario = { ...LAN, peers: 20, trouble: { pollutersShare: 0.2 } }
    const result = run('rarest', scenario)
    expectAllComplete(result)
    const people = population(scenario, new Random(scenario.seed).fork())
    const given = (isPolluter: boolean): number => {
      const those = result.peers.filter(({ index }) => people[index]?.isPolluter === isPolluter)
      return sum(those, ({ bytesToPeers }) => bytesToPeers) / those.length
    }
    expect(given(true)).toBeGreaterThan(0)
    expect(given(true)).toBeLessThan(given(false) / 2)
  })

  it('wait their turn at an origin with few connections', () => {
    const result = run('rarest', { origin: { ...LAN.origin, maxConnections: 4 } })
    expectAllComplete(result)
    expect(result.originOpenMax).toBe(4)
  })
})
