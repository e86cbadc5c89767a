/**
 * What the network asks of a host, whatever runs on it: the library's session, or a BitTorrent client. Lines, links and
 * responses of the origin know hosts as these.
 */

import type { Geometry } from '../src/core/geometry.ts'
import type { SessionInput } from '../src/core/session-io.ts'
import type { PeerId } from '../src/core/types.ts'
import type { PeerMessage } from '../src/core/wire/peer-messages.ts'
import type { EventQueue } from './event-queue.ts'
import type { Attempts, SimLinks, SimSignal } from './links.ts'
import type { Network } from './network.ts'
import type { SimOrigin } from './sim-origin.ts'
import type { Tally } from './tally.ts'
import type { Uplink } from './uplink.ts'

/** A simulated payload: its length, and whether its bytes are the origin's. */
export interface SimPayload {
  readonly byteLength: number
  readonly isGenuine: boolean
}

/** What all machines of a simulation share. */
export interface NetworkWorld {
  readonly queue: EventQueue
  readonly network: Network
  /** The URL itself, then its mirrors. */
  readonly origins: readonly SimOrigin[]
  readonly tally: Tally
  /** Sees the library's messages go by. */
  readonly codec: { peer(message: PeerMessage): void }
  readonly geometry: Geometry
  readonly attempts: Attempts
  /** One object for all payloads of a kind. */
  payload(byteLength: number, isGenuine: boolean): SimPayload
  nextSession(): number
}

/** What the network has to say. */
export type NetworkInput = Extract<
  SessionInput,
  {
    type:
      | 'linkOpened'
      | 'linkClosed'
      | 'linkSignal'
      | 'message'
      | 'served'
      | 'runOpened'
      | 'runProgressed'
      | 'runChunk'
      | 'runEnded'
      | 'runFailed'
  }
>

export interface Machine {
  readonly world: NetworkWorld
  readonly index: number
  readonly peerId: PeerId | null
  readonly isPolluter: boolean
  readonly downBytesPerMs: number
  readonly links: SimLinks
  readonly uplink: Uplink
  /** It has the whole file. */
  readonly isSeed: boolean
  /** Bytes of blocks that came in. */
  readonly bytesFromPeers: number
  /** Machines that are sending us a chunk. */
  senders: number
  feed(input: NetworkInput): void
  /** What a link being set up has to say to its other side. */
  sendSignal(peer: PeerId, data: SimSignal): void
  /** A block of so many bytes, sent in so many ms, is here but for our own line; when that is through with it, in ms. */
  receive(bytes: number, sentInMs: number): number
  /** A block is whole. */
  tookIn(bytes: number): void
}
