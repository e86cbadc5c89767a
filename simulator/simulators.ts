/** Who carries out each policy. */

import { simulateBitTorrent } from './bittorrent/simulation.ts'
import type { SimulateOptions } from './inspection.ts'
import { simulatePlain } from './plain-http.ts'
import type { RunPolicy } from './policies.ts'
import type { RunResult, Scenario } from './scenario.ts'
import { simulate } from './simulation.ts'
import { simulateSlurpie } from './slurpie.ts'

export type Simulate = (scenario: Scenario, options?: SimulateOptions) => RunResult

export const SIMULATORS: Readonly<Record<RunPolicy, Simulate>> = {
  swarm: simulate,
  plain: simulatePlain,
  'slurpie-1': (scenario, options) => simulateSlurpie(1, scenario, options),
  'slurpie-3': (scenario, options) => simulateSlurpie(3, scenario, options),
  'bittorrent-sequential': (scenario, options) => simulateBitTorrent('sequential', scenario, options),
  'bittorrent-rarest': (scenario, options) => simulateBitTorrent('rarest', scenario, options),
}
