/**
 * Whole swarms in one process: the sessions of a page and the rooms of the server over a simulated network. Each run
 * is replayed by its seed.
 */

import { describe, expect, it } from 'vitest'

import { simulatePlain } from '../../simulator/plain-http.ts'
import type { RunResult, Scenario } from '../../simulator/scenario.ts'
import { simulate } from '../../simulator/simulation.ts'

const LAN: Scenario = {
  name: 'lan',
  seed: 1,
  peers: 8,
  sizeBytes: 10_000_000,
  chunkBytes: 64 * 1024,
  origin: { upBytesPerSec: 1_250_000 },
  links: [{ name: 'lan', share: 1, upBytesPerSec: 12_500_000, downBytesPerSec: 12_500_000 }],
  latency: { rttMs: [4, 4] },
  arrivals: { kind: 'atOnce' },
  departure: { kind: 'stay' },
  maxMs: 3_600_000,
}

/** F/u_s: no swarm is complete before the origin has sent one copy, in ms. */
function floorMs({ sizeBytes, origin }: Scenario): number {
  return (sizeBytes / origin.upBytesPerSec) * 1000
}

function run(changes: Partial<Scenario> = {}): RunResult {
  return simulate({ ...LAN, ...changes })
}

function lines(upBytesPerSec: number, downBytesPerSec = 12_500_000): Pick<Scenario, 'links'> {
  return { links: [{ name: 'line', share: 1, upBytesPerSec, downBytesPerSec }] }
}

function expectAllComplete(result: RunResult): void {
  expect(result.violations).toEqual([])
  expect(result.peers.filter(({ tookMs, died }) => tookMs === null && !died)).toEqual([])
}

describe('a simulated swarm', () => {
  it('of fifty completes at the cost of about one copy, within 10% of the floor', () => {
    const result = run({ peers: 50 })
    expectAllComplete(result)
    expect(result.originCopies).toBeGreaterThanOrEqual(1)
    expect(result.originCopies).toBeLessThan(1.1)
    expect(result.makespanMs).toBeLessThan(1.1 * floorMs(LAN))
    // Eight seats; a response that was cut stays open until the origin hears of it.
    expect(result.originOpenMax).toBeLessThanOrEqual(12)
  })

  it('takes the same course for the same seed, and another for another', () => {
    const first = run({ peers: 50, seed: 7 })
    expect(run({ peers: 50, seed: 7 })).toEqual(first)
    expect(run({ peers: 50, seed: 8 }).trace).not.toBe(first.trace)
  })

  it.each([1, 2, 3, 4, 5])('of eight needs no more than 1.1 copies (seed %i)', (seed) => {
    const result = run({ seed })
    expectAllComplete(result)
    expect(result.originCopies).toBeLessThan(1.1)
    expect(result.peers.every(({ bytesFromPeers }) => bytesFromPeers > 0)).toBe(true)
  })

  it('of one is a plain download: one request, one copy', () => {
    const result = run({ peers: 1 })
    expectAllComplete(result)
    expect(result.originRequests).toBe(1)
    expect(result.originCopies).toBeCloseTo(1, 6)
  })

  it('without a topology server takes no longer than plain downloads do', () => {
    const alone = run({ trouble: { withoutTopologyShare: 1 } })
    expectAllComplete(alone)
    expect(alone.bytesFromPeers).toBe(0)
    expect(alone.makespanMs).toBeLessThan(1.05 * simulatePlain(LAN).makespanMs)
  })

  it('goes on when the topology server dies in mid-swarm', () => {
    const result = run({ trouble: { topologyOutages: [{ fromMs: 2000, untilMs: null }] } })
    expectAllComplete(result)
    expect(result.originCopies).toBeLessThan(1.1)
    expect(result.topology.socketsAtEnd).toBe(0)
  })

  it('takes late arrivals in at hardly any cost to the origin', () => {
    const result = run({ peers: 16, arrivals: { kind: 'staggered', everyMs: 2000 } })
    expectAllComplete(result)
    expect(result.originCopies).toBeLessThan(1.15)
  })

  it('takes no wrong chunk from polluters when chunk hashes are known', () => {
    const result = run({ peers: 12, trouble: { pollutersShare: 1 / 3 } })
    expectAllComplete(result)
    // The eight share one copy; the four, whom nobody talks to any more, fetch one each.
    expect(result.originCopies).toBeLessThan(5.5)
  })

  it('replaces those that die without a word, and completes', () => {
    const churn = { fromMs: 1000, untilMs: 6000, everyMs: 1000, share: 0.1 }
    const result = run({ peers: 30, trouble: { churn } })
    expectAllComplete(result)
    const died = result.peers.filter((peer) => peer.died)
    expect(died.length).toBeGreaterThan(5)
    expect(result.peers).toHaveLength(30 + died.length)
  })

  it.each([
    ['a slow origin', { origin: { upBytesPerSec: 125_000 }, sizeBytes: 2_000_000 }],
    ['a fast origin', { origin: { upBytesPerSec: 12_500_000 } }],
    ['poor uplinks', lines(125_000)],
    ['poor downlinks', lines(125_000, 500_000)],
    ['long ways', { latency: { rttMs: [200, 200] } }],
    ['ways of all lengths, with jitter', { latency: { rttMs: [5, 300], jitterShare: 0.5 } }],
    ['chunks of one block', { chunkBytes: 16 * 1024, sizeBytes: 1_000_000 }],
    ['a file of one byte', { sizeBytes: 1 }],
    ['an empty file', { sizeBytes: 0 }],
    ['visitors that leave when they are done', { departure: { kind: 'leave' } }],
    ['visitors that linger', { departure: { kind: 'linger', ms: 3000 } }],
    ['visitors without WebRTC', { trouble: { withoutPeersShare: 0.5 } }],
    ['an outage of the topology server', { trouble: { topologyOutages: [{ fromMs: 0, untilMs: 3000 }] } }],
    ['an origin that takes one connection', { origin: { upBytesPerSec: 1_250_000, maxConnections: 1 } }],
    ['an origin that speaks HTTP/2', { origin: { upBytesPerSec: 1_250_000, http: 'h2' } }],
  ] satisfies [string, Partial<Scenario>][])('completes with %s', (_name, changes) => {
    expectAllComplete(run(changes))
  })
})
