/** Slurpie to the letter, as a policy of any scenario. */

import { describe, expect, it } from 'vitest'

import { simulateSlurpie } from '../../../simulator/slurpie.ts'
import type { Scenario } from '../../../simulator/scenario.ts'
import { SMALL } from './small-scenario.ts'

const CROWD: Scenario = { ...SMALL, peers: 24, sizeBytes: 4_000_000 }

describe.each([1, 3] as const)('Slurpie with k = %i', (k) => {
  it('is the scenario with that load, that estimate and nobody who stays', () => {
    const letter = {
      ...CROWD,
      departure: { kind: 'leave' },
      limits: { originLoad: k, groupSizeBy: 'maxHop' },
    } as const
    const result = simulateSlurpie(k, CROWD)
    expect(result.policy).toBe(`slurpie-${k}`)
    expect(result).toEqual(simulateSlurpie(k, letter))
    expect(result.peers.every(({ tookMs }) => tookMs !== null)).toBe(true)
    expect(result.violations).toEqual([])
  })

  it('keeps other settings of the sessions, and takes the same course for the same seed', () => {
    const scenario = { ...CROWD, limits: { neighbours: 4, originLoad: 'full' } } as const
    const first = simulateSlurpie(k, scenario)
    expect(simulateSlurpie(k, scenario)).toEqual(first)
    expect(first.trace).not.toBe(simulateSlurpie(k, CROWD).trace)
  })
})

describe('Slurpie', () => {
  it('goes to the origin more often with a larger k', () => {
    const [one, three] = ([1, 3] as const).map((k) => simulateSlurpie(k, CROWD))
    expect(three?.originOpenMean).toBeGreaterThan(one?.originOpenMean ?? Infinity)
  })
})
