/** The runs that `bench:all` consists of. */

import { keyOf } from '../simulator/report/records.ts'
import type { SystemName } from '../testbed/page-agent.ts'
import type { BoundName, Scenario } from './scenarios.ts'

export interface Job {
  readonly key: string
  readonly scenario: Scenario
  readonly whom: SystemName | BoundName
  /** From 1 on. */
  readonly repeat: number
}

/**
 * Of a scenario, in the order in which they are made: within a repeat everybody in turn, so that what is compared meets the
 * same minutes of the machine.
 */
export function jobsOf(scenario: Scenario, repeats: number): readonly Job[] {
  const all = [...scenario.systems, ...scenario.bounds]
  return Array.from({ length: repeats }, (_, index) => index + 1).flatMap((repeat) =>
    all.map((whom) => ({ key: keyOf(whom, repeat, whatIsRun(scenario)), scenario, whom, repeat })),
  )
}

export function isSystem(whom: SystemName | BoundName): whom is SystemName {
  return whom === 'swarm' || whom === 'http' || whom === 'webtorrent'
}

/** Other goals, another title, or one more system leave the runs as good as they are. */
function whatIsRun(scenario: Scenario) {
  const { name, place, visitors, sizeBytes, originBitsPerSec, staggerMs, hosts } = scenario
  return { name, place, visitors, sizeBytes, originBitsPerSec, staggerMs, hosts }
}
