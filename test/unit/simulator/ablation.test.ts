/** What is left out of a swarm is gone from it, and the swarm still downloads. */

import { describe, expect, it } from 'vitest'

import type { RunResult, Scenario } from '../../../simulator/scenario.ts'
import { simulate } from '../../../simulator/simulation.ts'
import { ALL_ON, allBut, type Mechanism, MECHANISMS } from '../../../src/core/mechanisms.ts'

/** One after the other at a slow origin, who leave when they are done: long enough for updates, small enough for a test. */
const SWARM: Scenario = {
  name: 'ablated',
  seed: 3,
  peers: 16,
  sizeBytes: 8_000_000,
  origin: { upBytesPerSec: 250_000 },
  links: [{ name: 'home', share: 1, upBytesPerSec: 1_250_000, downBytesPerSec: 2_500_000 }],
  latency: { rttMs: [20, 80] },
  arrivals: { kind: 'staggered', everyMs: 2500 },
  departure: { kind: 'leave' },
  maxMs: 400_000,
}

const runs = new Map<string, RunResult>()

function swarmWithout(...without: readonly Mechanism[]): RunResult {
  const key = without.join()
  const run = runs.get(key) ?? simulate({ ...SWARM, without })
  runs.set(key, run)
  return run
}

function messages(type: string, ...without: readonly Mechanism[]): number {
  return swarmWithout(...without).inputsByKind[`message:${type}`] ?? 0
}

describe('a swarm without one of its mechanisms', () => {
  it('is the usual one where nothing is left out', () => {
    const { trace } = simulate(SWARM)
    expect(swarmWithout().trace).toBe(trace)
    expect(allBut([])).toStrictEqual(ALL_ON)
    expect(Object.values(ALL_ON).every(Boolean)).toBe(true)
  })

  it.each(MECHANISMS)('downloads without %s', (mechanism) => {
    const { peers, violations } = swarmWithout(mechanism)
    expect(peers.every(({ tookMs }) => tookMs !== null)).toBe(true)
    expect(violations).toStrictEqual([])
  })

  it.each([
    ['update', 'updates'],
    ['probe', 'pacing'],
    ['echo', 'pacing'],
  ] as const)('says no %s without %s', (type, mechanism) => {
    expect(messages(type)).toBeGreaterThan(0)
    expect(messages(type, mechanism)).toBe(0)
  })

  it.each([
    ['have', 'withholding'],
    ['claim', 'sparseFloods'],
  ] as const)('says more %ss without %s', (type, mechanism) => {
    expect(messages(type, mechanism)).toBeGreaterThan(messages(type))
  })
})
