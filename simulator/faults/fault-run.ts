/**
 * One run of the fault mix and what was wrong with it. Held against five invariants: nothing is kept that differs from
 * the origin's bytes, where hashes are known; every download comes to an end, and to a good one as the origin lives; the
 * origin's bytes are bounded; memory is bounded; no honest peer is banned.
 */

import type { Inspection } from '../inspection.ts'
import type { RunResult, Scenario } from '../scenario.ts'
import { simulate } from '../simulation.ts'
import { faultMix } from './fault-mix.ts'
import { excesses } from './memory.ts'

/** How often some sessions are looked into, in virtual ms, and how many of them: a look costs as much as many events. */
const LOOK_EVERY_MS = 5000
const LOOKED_INTO = 4

/**
 * Most copies that the origin sends, for each visitor: no more than plain HTTP would. Beyond that, for each request, what
 * a broken or cut response lost: a chunk that was not whole, and what was on its way.
 */
const MAX_COPIES_EACH = 1
const LOST_CHUNKS_A_REQUEST = 2

export interface FaultRun {
  readonly scenario: Scenario
  readonly result: RunResult
  /** In sentences; empty: nothing. */
  readonly wrong: readonly string[]
}

export function runFaultMix(seed: number): FaultRun {
  return runFaults(faultMix(seed))
}

export function runFaults(scenario: Scenario): FaultRun {
  const { sizeBytes, chunkBytes = sizeBytes } = scenario
  const found = new Set<string>()
  let looks = 0
  const look = ({ hosts }: Inspection): void => {
    const all = [...hosts].filter(({ alive }) => alive)
    looks++
    for (let count = 0; count < Math.min(LOOKED_INTO, all.length); count++) {
      const host = all[(looks * LOOKED_INTO + count) % all.length]
      if (host === undefined) continue
      for (const excess of excesses(host.session, Math.ceil(sizeBytes / chunkBytes))) found.add(excess)
    }
  }
  const result = simulate(scenario, { inspect: { everyMs: LOOK_EVERY_MS, look } })
  return { scenario, result, wrong: [...result.violations, ...found, ...originExcess(scenario, result)] }
}

function originExcess({ sizeBytes, chunkBytes = sizeBytes }: Scenario, result: RunResult): readonly string[] {
  const { originCopies, originRequests, peers } = result
  const most =
    MAX_COPIES_EACH * peers.length +
    (LOST_CHUNKS_A_REQUEST * originRequests * chunkBytes) / Math.max(1, sizeBytes)
  return originCopies <= most
    ? []
    : [
        `The origin sent ${originCopies.toFixed(2)} copies to ${peers.length} visitors, expected at most ${most.toFixed(2)}.`,
      ]
}
