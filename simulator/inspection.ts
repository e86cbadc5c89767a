/**
 * What can be seen of a run while it goes on. Who looks changes nothing: the trace is the same.
 */

import type { Session } from '../src/core/session.ts'
import type { PeerId } from '../src/core/types.ts'

/** Where a run stands. */
export interface Progress {
  readonly virtualMs: number
  readonly completed: number
  /** Arrived or still to come. */
  readonly peers: number
  readonly events: number
}

/** What a look into a run sees. */
export interface Inspection {
  readonly nowMs: number
  /** Sockets that the topology server holds. */
  readonly sockets: number
  readonly hosts: Iterable<InspectedHost>
}

export interface InspectedHost {
  readonly index: number
  readonly peerId: PeerId | null
  readonly arrivedMs: number
  readonly session: Session
  readonly alive: boolean
}

export interface SimulateOptions {
  /** Called now and then: every 100,000 events. */
  readonly onProgress?: (state: Progress) => void
  /** Looks at the living sessions in these intervals of virtual time. */
  readonly inspect?: { readonly everyMs: number; readonly look: (state: Inspection) => void }
}
