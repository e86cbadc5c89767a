/**
 * What neighbours say to each other, as typed messages. The session takes and gives these;
 * `peer-codec.ts` turns them into frames and back. docs/PROTOCOL.md is the description for implementers.
 */

import type { ChunkRun, OriginTag, PeerId, Payload } from '../types.ts'

/** Feature bits of a hello. Unknown bits are ignored. */
export const FEATURE = {
  /** "Tell me the digest of every chunk you have": the sender holds no chunk hashes of its own. */
  wantsDigests: 1,
} as const

/** First message each way. Conflicting facts end the connection. */
export interface Hello {
  readonly type: 'hello'
  readonly version: number
  readonly features: number
  readonly sizeBytes: number
  readonly chunkBytes: number
  readonly validator: string | null
  readonly root: string | null
}

/** Every chunk the sender has, one bit each, chunk 0 in the highest bit of byte 0. At most once, right after hello. */
export interface BitfieldMessage {
  readonly type: 'bitfield'
  readonly bits: Uint8Array
}

/** Chunks the sender has from now on; `digests` holds 32 bytes for each, in order, where the receiver wants them. */
export interface Have {
  readonly type: 'have'
  readonly chunks: readonly number[]
  readonly digests: Uint8Array | null
}

/**
 * "These chunks are in the swarm: I have them, or a neighbour does, or I was told that they have entered." One bit each, as in
 * `bitfield`. A hint.
 */
export interface Known {
  readonly type: 'known'
  readonly bits: Uint8Array
}

/** "Send me these chunks." */
export interface Request {
  readonly type: 'request'
  readonly chunks: readonly number[]
}

/** "I no longer want these." A block already under way may still arrive. */
export interface Cancel {
  readonly type: 'cancel'
  readonly chunks: readonly number[]
}

/** "You asked for these; I will not send them": not held any more, or too many asked. */
export interface Refuse {
  readonly type: 'refuse'
  readonly chunks: readonly number[]
}

/** A part of a chunk. The blocks of one chunk come in order, from offset 0, and are not mixed with another chunk's. */
export interface Block<P extends Payload = Payload> {
  readonly type: 'block'
  readonly chunk: number
  readonly offsetBytes: number
  readonly payload: P
}

/**
 * How many seats the origin has (k), and how that number is being tried: one plan holds in the swarm, the one of the
 * highest version. Every claim carries it.
 */
export interface SeatPlan {
  readonly version: number
  readonly seats: number
  /** 'steady': holds, for `holdSec`. 'growing', 'shrinking': on trial against `heldSeats`. */
  readonly phase: 'steady' | 'growing' | 'shrinking'
  /** Seats to go back to if the trial fails; in 'steady' the same as `seats`. */
  readonly heldSeats: number
  /** Next, fewer seats are to be tried. */
  readonly triesLess: boolean
  /** Time before the next trial, and what that becomes if the next one fails, in seconds. */
  readonly holdSec: number
  readonly patienceSec: number
  /** What the origin gave to how many open seats before the trial. */
  readonly goodputBytesPerSec: number
  readonly openSeats: number
}

/**
 * Flooded: "`peer` holds a seat at this origin and will have these chunks within about four seconds." Each replaces the
 * claimer's one before at this origin (higher `sequence`); no runs: the seat is given up. A hint, and it expires.
 */
export interface Claim {
  readonly type: 'claim'
  readonly peer: PeerId
  /** The origin that the seat is at: a tag made of its URL, see docs/PROTOCOL.md. Claims to several are claims apart. */
  readonly origin: OriginTag
  readonly sequence: number
  /** Links this copy has crossed; dropped at `MAX_HOPS`. */
  readonly hops: number
  readonly runs: readonly ChunkRun[]
  /** First copies: what the claimer lately brought into the swarm. Told again for a few seconds, as claims overtake each other. */
  readonly brought: readonly ChunkRun[]
  /** Rate at which the origin serves this seat, bytes a second. */
  readonly goodputBytesPerSec: number
  /** The claimer says it again within so many seconds, 1 to `MAX_RENEWAL_SEC`: whoever misses two claims takes the seat for vacant. */
  readonly renewalSec: number
  readonly plan: SeatPlan
}

/**
 * Flooded a few hops: "`peer` has these chunks and so many neighbours." A hint, from which candidates for new
 * neighbours, the way to them, and what exists in the swarm are known.
 */
export interface Update {
  readonly type: 'update'
  readonly peer: PeerId
  readonly sequence: number
  /** Links this copy has crossed. */
  readonly hops: number
  /** The peer's neighbours. */
  readonly degree: number
  /** Its chunks, one bit each, as in `bitfield`. */
  readonly bits: Uint8Array
}

/**
 * Signalling between two that are not connected yet, carried by those who are: handed on along the way on which the
 * addressee was last heard of, while `ttl` lasts.
 */
export interface Relay {
  readonly type: 'relay'
  readonly from: PeerId
  readonly to: PeerId
  /** Drawn by the sender; with `from` it tells copies apart. */
  readonly nonce: number
  /** Links it may still cross. */
  readonly ttl: number
  /** JSON in printable ASCII, at most `MAX_RELAY_DATA_BYTES` of it. Those who hand it on do not look inside. */
  readonly data: string
}

/** "Send this number back at once." What is known of the time that it takes is how long our uplink's queue is. */
export interface Probe {
  readonly type: 'probe'
  readonly number: number
}

/** The answer to a probe. */
export interface Echo {
  readonly type: 'echo'
  /** The probe's. */
  readonly number: number
  /** When it came, by the answerer's own clock, in ms modulo 2^32: only differences between two of them say something. */
  readonly heardAtMs: number
}

/**
 * "I am about to leave the swarm. These chunks only I have, as far as I know: ask for them now, and for nothing else."
 * `goodbye` follows, soon.
 */
export interface Leaving {
  readonly type: 'leaving'
  /** In the order in which the receiver is to ask. None: there is nothing that others lack. */
  readonly chunks: readonly number[]
}

/** "I am leaving; this is no fault." */
export interface Goodbye {
  readonly type: 'goodbye'
}

export type PeerMessage<P extends Payload = Payload> =
  | Hello
  | Probe
  | Echo
  | BitfieldMessage
  | Have
  | Known
  | Request
  | Cancel
  | Refuse
  | Block<P>
  | Claim
  | Update
  | Relay
  | Leaving
  | Goodbye
