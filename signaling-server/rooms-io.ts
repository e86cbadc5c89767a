/** What goes into the rooms and what comes out of them. */

import type { PeerId } from '../src/core/types.ts'
import type { UnknownMessage } from '../src/core/wire/topology-codec.ts'
import type { ClientMessage, IceServer, ServerMessage } from '../src/core/wire/topology-messages.ts'
import type { RoomsLimits } from './rooms-limits.ts'
import type { Tokens } from './tokens.ts'

/** Names a connection, for as long as it is open. */
export type Connection = number

export type RoomsInput =
  | { readonly type: 'connected'; readonly connection: Connection; readonly addressPrefix: string }
  /** `message` as `parseClientMessage` gives it: null where it is malformed. */
  | {
      readonly type: 'message'
      readonly connection: Connection
      readonly message: ClientMessage | UnknownMessage | null
    }
  | { readonly type: 'disconnected'; readonly connection: Connection }
  | { readonly type: 'tick' }

export type RoomsOutput =
  | { readonly type: 'send'; readonly connection: Connection; readonly message: ServerMessage }
  | {
      readonly type: 'close'
      readonly connection: Connection
      readonly code: number
      readonly reason: string
    }

export interface RoomsOptions {
  /** Draws an id from 64 random bits. */
  readonly newPeerId: () => PeerId
  /** A number in [0, 1): who is introduced to whom. */
  readonly random: () => number
  /** Gives members back their ids. */
  readonly tokens: Tokens
  /** The ICE servers that this visitor is given. Default: none. */
  readonly iceServersFor?: (id: PeerId) => readonly IceServer[]
  /** The longest a socket may be silent, in ms: told to visitors; whoever owns the sockets sees to it. */
  readonly heartbeatMs: number
  readonly limits?: Partial<RoomsLimits>
}

export interface RoomsCounts {
  readonly connections: number
  /** Members with a socket. */
  readonly members: number
  readonly swarms: number
  /** Groups without sockets that are not forgotten yet. */
  readonly remembered: number
}
