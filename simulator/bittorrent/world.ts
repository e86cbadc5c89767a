/** What all clients of a simulation share. */

import type { PeerId } from '../../src/core/types.ts'
import type { Actor } from '../event-queue.ts'
import type { LinkEnd } from '../link-end.ts'
import type { NetworkWorld } from '../machine.ts'
import type { Client } from './client.ts'
import type { WebSeedOrder } from './piece-picker.ts'
import type { Tracker } from './tracker.ts'
import type { WireMessage } from './wire.ts'

export interface BitTorrentWorld extends NetworkWorld {
  readonly tracker: Tracker
  readonly order: WebSeedOrder
  /** Hands over what has crossed a link. */
  readonly delivery: Actor<Delivered>
  /** Null: it is gone. */
  clientOf(peer: PeerId): Client | null
  /** The client has every piece. */
  completed(client: Client): void
}

export interface Delivered {
  /** Where it comes out. */
  readonly end: LinkEnd
  readonly message: WireMessage
}
