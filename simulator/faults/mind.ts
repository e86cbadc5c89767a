/**
 * What decides for a host: its session, or one who does harm, around a session. Most of what the hostile do is what any
 * visitor does, as only then others let them in.
 */

import type { Geometry } from '../../src/core/geometry.ts'
import type { Random } from '../../src/core/random.ts'
import type { Session } from '../../src/core/session.ts'
import type { SessionInput, SessionOutput } from '../../src/core/session-io.ts'

export interface Mind {
  handle(input: SessionInput, nowMs: number): SessionOutput[]
  nextDeadlineMs(): number | null
}

/** What one who does harm knows and draws by. */
export interface Means {
  readonly session: Session
  readonly geometry: Geometry
  readonly random: Random
  /** Claims that a forger sends over each link in a second; null: its own number. */
  readonly forgedPerSec: number | null
}

/** A request of a neighbour. */
export type RequestInput = Extract<SessionInput, { type: 'message' }> & {
  readonly message: { readonly type: 'request' }
}

export function isRequest(input: SessionInput): input is RequestInput {
  return input.type === 'message' && input.message.type === 'request'
}
