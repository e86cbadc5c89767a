/**
 * What the parts of a session share: the numbers it runs by, its chance, its timers, the time of the input being
 * handled, and the list its outputs go to.
 */

import type { Deadlines } from './deadlines.ts'
import type { Lateness } from './lateness.ts'
import type { Random } from './random.ts'
import type { SessionConfig, SessionLimits, SessionOutput } from './session-io.ts'
import type { PeerId } from './types.ts'

export interface Context {
  readonly config: SessionConfig
  readonly limits: SessionLimits
  readonly random: Random
  readonly deadlines: Deadlines
  readonly lateness: Lateness
  /** Time of the input being handled, in ms. */
  nowMs: number
  /** When the session was started, in ms. */
  startedAtMs: number
  /** When the topology server first answered, in ms; null: it has not. */
  welcomedAtMs: number | null
  /** Our id in the swarm; null before the topology server has welcomed us. */
  selfId: PeerId | null
  readonly emit: (output: SessionOutput) => void
}
