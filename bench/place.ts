/** A place where visitors of one system are run, and what it answers. */

import type { SystemName } from '../testbed/page-agent.ts'
import type { Measured } from './runs.ts'
import type { Scenario } from './scenarios.ts'

export interface Visiting {
  readonly scenario: Scenario
  readonly system: SystemName
  /** Of the file: each repeat has one of its own. */
  readonly seed: number
  readonly say: (line: string) => void
}

export type Place = (visiting: Visiting) => Promise<Measured>

/** Rate of an unlimited origin, in bits a second, for patience only (guess: what the slowest system takes of it, busy machine). */
const UNSHAPED_BITS_PER_SEC = 20e6

/** When a visitor is given up, in ms after the first one's start: twice what plain HTTP must take, and a minute. */
export function patienceMs({ visitors, sizeBytes, originBitsPerSec, staggerMs }: Scenario): number {
  const plainMs = (visitors * sizeBytes * 8_000) / (originBitsPerSec ?? UNSHAPED_BITS_PER_SEC)
  return 60_000 + visitors * staggerMs + 2 * plainMs
}
