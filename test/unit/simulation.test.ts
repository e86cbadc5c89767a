/**
 * Whole swarms in one process: the sessions of a page and the rooms of the server over a simulated network. Each run
 * is replayed by its seed.
 */

import { describe, expect, it } from 'vitest'

import { type SimulationOptions, type SimulationResult, Simulation } from '../../simulator/simulation.ts'

const LAN: SimulationOptions = {
  seed: 1,
  peers: 8,
  sizeBytes: 10_000_000,
  chunkBytes: 64 * 1024,
  originBytesPerSec: 1_250_000,
  uplinkBytesPerSec: 12_500_000,
  rttMs: 4,
}

/** F/u_s: no swarm is complete before the origin has sent one copy, in ms. */
function floorMs({ sizeBytes, originBytesPerSec }: SimulationOptions): number {
  return (sizeBytes / originBytesPerSec) * 1000
}

function run(options: Partial<SimulationOptions> = {}): SimulationResult {
  return new Simulation({ ...LAN, ...options }).run()
}

function expectAllComplete(result: SimulationResult): void {
  expect(result.failures).toEqual([])
  expect(result.completedMs).not.toContain(null)
}

describe('a simulated swarm', () => {
  it('of fifty completes at the cost of about one copy, within 5% of the floor', () => {
    const result = run({ peers: 50 })
    expectAllComplete(result)
    expect(result.originCopies).toBeGreaterThanOrEqual(1)
    expect(result.originCopies).toBeLessThan(1.05)
    expect(result.makespanMs).toBeLessThan(1.05 * floorMs(LAN))
    expect(result.originOpenMax).toBeLessThanOrEqual(8)
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
    expect(result.chunksFromPeers.every((chunks) => chunks > 0)).toBe(true)
  })

  it('of one is a plain download: one request, one copy', () => {
    const result = run({ peers: 1 })
    expectAllComplete(result)
    expect(result.originRequests).toBe(1)
    expect(result.originCopies).toBeCloseTo(1, 6)
  })

  it('without a topology server takes no longer than plain downloads do', () => {
    const result = run({ withTopology: 0 })
    expectAllComplete(result)
    expect(result.chunksFromPeers.every((chunks) => chunks === 0)).toBe(true)
    expect(result.makespanMs).toBeLessThan(1.05 * LAN.peers * floorMs(LAN))
  })

  it('goes on when the topology server dies in mid-swarm', () => {
    const result = run({ topologyDiesAtMs: 2000 })
    expectAllComplete(result)
    expect(result.originCopies).toBeLessThan(1.1)
  })

  it('takes late arrivals in at hardly any cost to the origin', () => {
    const result = run({ peers: 16, arrivalEveryMs: 2000 })
    expectAllComplete(result)
    expect(result.originCopies).toBeLessThan(1.15)
  })

  it('takes no wrong chunk from polluters when chunk hashes are known', () => {
    const result = run({ peers: 12, polluters: new Set([0, 3, 6, 9]) })
    expectAllComplete(result)
    // The eight share one copy; the four, whom nobody talks to any more, fetch one each.
    expect(result.originCopies).toBeLessThan(5.5)
  })

  it.each([
    ['a slow origin', { originBytesPerSec: 125_000, sizeBytes: 2_000_000 }],
    ['a fast origin', { originBytesPerSec: 12_500_000 }],
    ['poor uplinks', { uplinkBytesPerSec: 125_000 }],
    ['long ways', { rttMs: 200 }],
    ['chunks of one block', { chunkBytes: 16 * 1024, sizeBytes: 1_000_000 }],
    ['a file of one byte', { sizeBytes: 1 }],
    ['an empty file', { sizeBytes: 0 }],
  ])('completes with %s', (_name, options) => {
    expectAllComplete(run(options))
  })
})
