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

/** First message of a visitor: which swarm, and what it already knows of the file. */
export interface Join {
  readonly type: 'join'
  readonly version: number
  readonly locator: Locator
  readonly facts: FileFacts | null
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

export interface Leave {
  readonly type: 'leave'
}

/** Keeps the socket from being taken for dead. The server answers `pong`. */
export interface Ping {
  readonly type: 'ping'
}

export type ClientMessage = Join | FactsReport | SignalTo | Leave | Ping

/** Answer to `join`, and again when reported facts put the visitor among other peers. */
export interface Welcome {
  readonly type: 'welcome'
  readonly version: number
  readonly id: PeerId
  /** How many joined this group before: 0 for the first. Places a newcomer's first run at the origin. */
  readonly joinIndex: number
  /** Members of the group, the newcomer included. */
  readonly swarmSize: number
  /** The latest to register, newest first, all with a live socket; never the newcomer itself. */
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

export interface Pong {
  readonly type: 'pong'
}

/** Why the server is about to close this socket. */
export interface TopologyError {
  readonly type: 'error'
  readonly code: 'version' | 'malformed' | 'rate' | 'forbidden' | 'full'
  readonly sentence: string
}

export type ServerMessage = Welcome | FactsNotice | SignalFrom | PeerGone | Pong | TopologyError
