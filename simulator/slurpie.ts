/**
 * Slurpie to the letter (Sherwood, Braud, Bhattacharjee, "Slurpie: a cooperative bulk data transfer protocol", INFOCOM
 * 2004), as far as the library's own sessions can be held to it: whoever wants a chunk that nobody near it has goes to
 * the origin with probability k/n a slot, for one chunk; nobody counts the swarm but by (η̄−1)^(most hops); and whoever
 * is done leaves, whatever the scenario says. Mesh, requests and line are the library's. The paper names 1 for k, and
 * found 3 to do better.
 */

import type { SimulateOptions } from './inspection.ts'
import type { RunResult, Scenario } from './scenario.ts'
import { simulate } from './simulation.ts'

export function simulateSlurpie(k: 1 | 3, scenario: Scenario, options: SimulateOptions = {}): RunResult {
  const literal: Scenario = {
    ...scenario,
    departure: { kind: 'leave', abrupt: true },
    limits: { ...scenario.limits, originLoad: k, groupSizeBy: 'maxHop' },
  }
  return { ...simulate(literal, options), policy: `slurpie-${k}` }
}
