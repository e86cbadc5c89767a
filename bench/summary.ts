/** Repeats of a scenario put together: medians and spreads. */

import type { SystemName } from '../testbed/page-agent.ts'
import { median } from './figures.ts'
import type { Goal, Repeat } from './goals.ts'
import { isSystem } from './jobs.ts'
import type { RunRecord, Visits } from './runs.ts'
import type { BoundName, Scenario } from './scenarios.ts'

/** Of several runs. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

/** Null: there is nothing. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread | null {
  const known = values.filter((value) => typeof value === 'number')
  if (known.length === 0) return null
  return { median: median(known), min: Math.min(...known), max: Math.max(...known), runs: known.length }
}

/** What has been measured of a scenario, repeat by repeat. */
export function repeatsOf(scenario: Scenario, records: readonly RunRecord[]): readonly Repeat[] {
  const own = records.filter((record) => record.scenario === scenario.name)
  const numbers = [...new Set(own.map(({ repeat }) => repeat))].sort((a, b) => a - b)
  return numbers.map((number) => {
    const systems: Partial<Record<SystemName, Visits>> = {}
    const boundsMBps: Partial<Record<BoundName, number>> = {}
    for (const { repeat, whom, visits, boundMBps } of own) {
      if (repeat !== number) continue
      if (isSystem(whom)) {
        if (visits !== null) systems[whom] = visits
      } else if (boundMBps !== null) boundsMBps[whom] = boundMBps
    }
    return { scenario, systems, boundsMBps }
  })
}

/** How far a system is from a goal. */
export function figureOf(goal: Goal, whom: SystemName, repeats: readonly Repeat[]): Spread | null {
  return spreadOf(repeats.map((repeat) => goal.of(whom, repeat)))
}
