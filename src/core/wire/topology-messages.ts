/**
 * What a visitor and the topology server say to each other: JSON objects, one a WebSocket text message.
 * `topology-codec.ts` parses and bounds them, on both ends.
 */

import type { FileFacts, Locator, PeerId } from '../types.ts'

/** An ICE server as RTCPeerConnection takes it. */
export interface IceServer {
  readonly urls: readonly string[]
  readonly username?: string
  readonly credential?: string
}

/** First message on a socket: which swarm, and what the visitor already knows of it. */
export interface Join {
  readonly type: 'join'
  readonly version: number
  readonly locator: Locator
  readonly facts: FileFacts | null
  /** Who the visitor was before; null or absent: a newcomer. */
  readonly resume?: Resume | null
  /** The k that the visitor last saw settled, 1 to 65,535; null or absent where it saw none. */
  readonly seats?: number | null
}

/** What gives a member its peer id back. Where the server does not know the token, the member gets a new id. */
export interface Resume {
  /** Of an earlier welcome, as `token` is. */
  readonly id: PeerId
  readonly token: string
  /**
   * The swarm size by which the visitor tossed its coin to register again, with probability
   * min(1, window / swarmSize): the server counts the silent by it. Null where it comes for another reason.
   */
  readonly swarmSize: number | null
}

/** The visitor has asked the origin itself; the server files it under these facts, and tells those who wait for them. */
export interface FactsReport {
  readonly type: 'facts'
  readonly facts: FileFacts
}

/** Signalling data for a peer that the server introduced to the sender or the sender to it. */
export interface SignalTo {
  readonly type: 'signal'
  readonly to: PeerId
  readonly data: unknown
}

/** The visitor is gone from the swarm. */
export interface Leave {
  readonly type: 'leave'
}

/** The visitor stays in the swarm, without a socket: it closes this one. */
export interface Detach {
  readonly type: 'detach'
}

/** Keeps the socket from being taken for dead. The server answers `pong`. */
export interface Ping {
  readonly type: 'ping'
}

export type ClientMessage = Join | FactsReport | SignalTo | Leave | Detach | Ping

/** Answer to `join`, and again when reported facts put the visitor among other peers. */
export interface Welcome {
  readonly type: 'welcome'
  readonly version: number
  readonly id: PeerId
  /** Proves later that `id` is the visitor's: up to 64 characters of printable ASCII; empty where nothing would. */
  readonly token: string
  /**
   * How many joined this group before: 0 for the first. Places a newcomer's first run at the origin. Of who was here
   * before it is at least 65,535, so that it is below no k.
   */
  readonly joinIndex: number
  /** Members of the group, the visitor included: those with a socket, and an estimate of those without. */
  readonly swarmSize: number
  /** W: about how many members' sockets the server wants to hold; 0 where it never releases anybody. */
  readonly window: number
  /** The k that this swarm last settled on, 1 to 65,535; null where nobody has told. A hint. */
  readonly seats: number | null
  /** Members with a live socket: the latest to register and others at random, newest first; never the visitor. */
  readonly peers: readonly PeerId[]
  /** What the group's members say of the file. A hint: a page that asked the origin knows better. */
  readonly facts: FileFacts | null
  readonly iceServers: readonly IceServer[]
  /** The longest the server lets a socket be silent, in milliseconds. */
  readonly heartbeatMs: number
}

/** Another member found the facts that this one was waiting for. */
export interface FactsNotice {
  readonly type: 'facts'
  readonly facts: FileFacts
}

export interface SignalFrom {
  readonly type: 'signal'
  readonly from: PeerId
  readonly data: unknown
}

/** A signal could not be delivered: that peer's socket is gone. */
export interface PeerGone {
  readonly type: 'gone'
  readonly peer: PeerId
}

/** So many have registered since that this visitor may `detach`, once it has at least two neighbours. Said once. */
export interface Released {
  readonly type: 'released'
  /** The group's members at this moment, as in `welcome`: a crowd's first are welcomed before the rest has come. */
  readonly swarmSize: number
}

/** Answer to `ping`. */
export interface Pong {
  readonly type: 'pong'
  /**
   * The group's members at this moment, as in `welcome`; null from servers that do not tell, and before a join. Who is
   * never released learns by it that the swarm grows.
   */
  readonly swarmSize: number | null
}

/** Why the server is about to close this socket. */
export interface TopologyError {
  readonly type: 'error'
  readonly code: 'version' | 'malformed' | 'rate' | 'forbidden' | 'full'
  readonly sentence: string
}

export type ServerMessage = Welcome | FactsNotice | SignalFrom | PeerGone | Released | Pong | TopologyError
