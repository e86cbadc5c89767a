/**
 * What goes into a session and what comes out of it. The driver contract, in one sentence: hand every input to
 * `handle`, carry out the outputs in order, and call `handle({ type: 'tick' })` when `nextDeadlineMs()` has come.
 */

import { ALL_ON, type Mechanisms } from './mechanisms.ts'
import type { GroupSizeBy } from './mesh/group-size.ts'
import type { ClientMessage, Welcome } from './wire/topology-messages.ts'
import type { PeerMessage } from './wire/peer-messages.ts'
import type { FileFacts, OriginTag, Payload, PeerId } from './types.ts'

/** A response of the origin, numbered by the session. */
export type RunId = number

/**
 * Where the bytes of a chunk came from: a neighbour, one of our runs at the URL itself or at one of its mirrors, or the
 * store of an earlier visit.
 */
export type ChunkSource =
  | { readonly kind: 'peer'; readonly peer: PeerId }
  | { readonly kind: 'origin'; readonly run: RunId }
  | { readonly kind: 'mirror'; readonly run: RunId; readonly origin: number }
  | { readonly kind: 'store' }

/** Why a range could not be had, as far as the core cares. See `OriginFailure` in ports.ts for the statuses. */
export type RunFailure =
  | 'not-found'
  | 'forbidden'
  | 'cors'
  | 'unreachable'
  | 'busy'
  | 'range-unsatisfiable'
  | 'inconsistent'
  | 'status'

export type SessionInput<P extends Payload = Payload> =
  | { readonly type: 'start' }
  /** The caller wants a break: nothing more is asked for. What others ask is still served. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** The caller reads in order and has come to this chunk. */
  | { readonly type: 'reading'; readonly chunk: number }
  /** From now on only the origin's own bytes count, and what came from elsewhere is fetched again. */
  | { readonly type: 'distrustPeers' }
  | { readonly type: 'welcomed'; readonly welcome: Welcome }
  /** Another visitor found out what we are waiting for. */
  | { readonly type: 'factsTold'; readonly facts: FileFacts }
  | { readonly type: 'topologyLost' }
  /** The topology server brought this from a peer, for the link to it. */
  | { readonly type: 'signalled'; readonly from: PeerId; readonly data: unknown }
  /** A link that is being set up has something to say to the other side: by the server, or through the mesh. */
  | { readonly type: 'linkSignal'; readonly peer: PeerId; readonly data: unknown }
  /** The topology server does not need our socket any more, and counts so many members. */
  | { readonly type: 'released'; readonly swarmSize: number }
  /** The topology server counts so many members, as it says now and then. */
  | { readonly type: 'counted'; readonly swarmSize: number }
  /** The topology server could not reach that peer: it is not there any more. */
  | { readonly type: 'peerGone'; readonly peer: PeerId }
  | { readonly type: 'linkOpened'; readonly peer: PeerId }
  | { readonly type: 'linkClosed'; readonly peer: PeerId }
  | { readonly type: 'message'; readonly peer: PeerId; readonly message: PeerMessage<P> }
  /** A frame that cannot be parsed. */
  | { readonly type: 'malformed'; readonly peer: PeerId }
  /** A `serve` was carried out: the chunk's last block is with the network. */
  | { readonly type: 'served'; readonly peer: PeerId; readonly chunk: number }
  /** A probe had to wait for blocks of ours in the same link, and is sent only now. */
  | { readonly type: 'probed'; readonly number: number }
  /** A `serve` cannot be carried out: the bytes are not to be had any more. */
  | { readonly type: 'unservable'; readonly peer: PeerId; readonly chunk: number }
  /** The headers are in. `whole`: the origin ignores ranges and sends the file from its first byte. */
  | {
      readonly type: 'runOpened'
      readonly run: RunId
      readonly sizeBytes: number | null
      readonly validator: string | null
      readonly whole: boolean
    }
  | { readonly type: 'runProgressed'; readonly run: RunId; readonly bytes: number }
  /** The run's next chunk is whole; its bytes wait with the driver. */
  | { readonly type: 'runChunk'; readonly run: RunId; readonly chunk: number }
  /** The response ended as promised. `sizeBytes` where only the end told the length of the file. */
  | { readonly type: 'runEnded'; readonly run: RunId }
  | {
      readonly type: 'runFailed'
      readonly run: RunId
      readonly failure: RunFailure
      readonly status: number | null
      readonly retryAfterMs: number | null
    }
  /** Chunks that an earlier visit left are being read and hashed: nobody else needs to bring them. */
  | { readonly type: 'restoring'; readonly chunks: readonly number[] }
  /** One of them is not to be had after all. */
  | { readonly type: 'notRestored'; readonly chunk: number }
  /** A chunk's SHA-256, 32 bytes; null where nobody needs it (no hashes, no peers) or the network is simulated. */
  | {
      readonly type: 'digested'
      readonly chunk: number
      readonly source: ChunkSource
      readonly digest: Uint8Array | null
    }
  /** The whole file has the hash that the caller gave, or none was given. */
  | { readonly type: 'fileVerified' }
  | { readonly type: 'fileMismatched' }
  /** A kept chunk cannot be read any more. */
  | { readonly type: 'chunkLost'; readonly chunk: number }
  /** The visitor wants to go: what only we have is offered to others first. `left` follows, within 2 s. */
  | { readonly type: 'leave' }
  | { readonly type: 'tick' }

/** Why a session gave up. The driver makes a `SwarmError` of it. */
export type SessionFailure = RunFailure | 'integrity-mismatch'

export type SessionOutput =
  /** To the topology server; `join` also opens the socket. */
  | { readonly type: 'topology'; readonly message: ClientMessage }
  /** Close the socket to the topology server, until the next `join`. */
  | { readonly type: 'detach' }
  | { readonly type: 'connect'; readonly peer: PeerId }
  /** For the link to that peer: the first may open one as its other side. */
  | { readonly type: 'signal'; readonly peer: PeerId; readonly data: unknown }
  | { readonly type: 'disconnect'; readonly peer: PeerId }
  | { readonly type: 'send'; readonly peer: PeerId; readonly message: PeerMessage }
  /** The file's size is known: chunks may come from now on. Said once, before anything that names a chunk. */
  | { readonly type: 'sized'; readonly facts: FileFacts }
  /** Put this payload into the chunk that is being assembled from this peer. */
  | {
      readonly type: 'assemble'
      readonly peer: PeerId
      readonly chunk: number
      readonly offsetBytes: number
      readonly payload: Payload
    }
  /** All of a chunk is there: hash it, then say `digested`. */
  | { readonly type: 'digest'; readonly chunk: number; readonly source: ChunkSource }
  /** What was assembled from this source for this chunk is not needed. */
  | { readonly type: 'discard'; readonly chunk: number; readonly source: ChunkSource }
  /** The chunk just digested is good: store it, and have it ready to serve. */
  | {
      readonly type: 'keep'
      readonly chunk: number
      readonly source: ChunkSource
      readonly digest: Uint8Array | null
    }
  /** A kept chunk turned out doubtful: forget it. */
  | { readonly type: 'forget'; readonly chunk: number }
  /** Send the chunk to this neighbour in blocks, then say `served`. */
  | { readonly type: 'serve'; readonly peer: PeerId; readonly chunk: number }
  /** Stop a `serve` under way; no `served` is due. */
  | { readonly type: 'unserve'; readonly peer: PeerId; readonly chunk: number }
  /** Send blocks no faster than this, to all neighbours together; null: as fast as they go. Null until it is said. */
  | { readonly type: 'pace'; readonly bytesPerSec: number | null }
  /** We have parted from everybody: close what is open. Said after `leave`, or where enough was given; nothing follows. */
  | { readonly type: 'left' }
  /** The first request to this origin is near: make the connection, if that can be done without one. */
  | { readonly type: 'preconnect'; readonly origin: number }
  /** Open a response of the origin. `lastByte` null: to the end. `firstChunk` is where it starts. */
  | {
      readonly type: 'fetch'
      readonly run: RunId
      /** Place in the list of origins; 0 is the URL itself. */
      readonly origin: number
      readonly firstByte: number
      readonly lastByte: number | null
      readonly firstChunk: number
    }
  /** Close the response. What it brought of a chunk in part is dropped; nothing more is said of this run. */
  | { readonly type: 'abort'; readonly run: RunId }
  /** Every chunk is kept: check the whole file, then say `fileVerified` or `fileMismatched`. */
  | { readonly type: 'complete' }
  /** What others said of the file proved wrong: start again, asking nobody but the origin. */
  | { readonly type: 'misled' }
  | {
      readonly type: 'failed'
      readonly failure: SessionFailure
      readonly status: number | null
    }

/** What a session is made with. */
export interface SessionConfig {
  /** Seed of every random choice of this session. */
  readonly seed: number
  /** Known beforehand (from a manifest), else null: the origin's first answer tells. */
  readonly facts: FileFacts | null
  /** Length of a chunk where `facts` is null, by the size that is found. */
  readonly chunkBytesFor: (sizeBytes: number) => number
  /** What the swarm is joined by; null: no peers at all, plain ranges only. */
  readonly locator: Extract<ClientMessage, { type: 'join' }>['locator'] | null
  /**
   * How a chunk is verified. 'chunkDigests': against `chunkDigests`. 'sendersDigest': against what its sender said of
   * it, as only the whole file has a hash, or nothing has. 'none': not at all (no peers, or a simulated network).
   */
  readonly verification: 'chunkDigests' | 'sendersDigest' | 'none'
  /** SHA-256 of every chunk, concatenated, for 'chunkDigests'; else null. */
  readonly chunkDigests: Uint8Array | null
  /** The whole file's hash is checked in the end: what the origin calls this version does not matter. Default false. */
  readonly fileIsHashed?: boolean
  /**
   * Tags of the origins that have the file, the URL's own first, then its mirrors', all different. Default: one, with
   * tag 0.
   */
  readonly origins?: readonly OriginTag[]
  readonly limits?: Partial<SessionLimits>
}

/** Numbers that a caller or a simulation may turn. */
export interface SessionLimits {
  /**
   * How many peers at a time go to the origin. 'adaptive': seats, as many as it takes. 'full': everybody. A number is
   * the k of Slurpie's k/n, to the letter: in every slot, a peer that wants a chunk which nobody near it has goes there
   * with that probability, for one chunk. Default 'adaptive'.
   */
  readonly originLoad: 'adaptive' | 'full' | number
  /** How the swarm's size is estimated; see `GroupSizeBy`. Default 'best'. */
  readonly groupSizeBy: GroupSizeBy
  /** Seats to begin with where the load is 'adaptive'. Default null: what the topology server remembers, else 8. */
  readonly seats: number | null
  /** Neighbours sought (η). Default 8. Up to twice as many are accepted. */
  readonly neighbours: number
  /**
   * Whom we serve first where more wait than can be served. 'givers': all but those who only take. 'titForTat': BitTorrent's
   * four who gave most lately, and one drawn at random. 'none': nobody. Default 'givers'.
   */
  readonly reciprocity: 'givers' | 'titForTat' | 'none'
  /** Most to upload, in bytes a second. Default null: as much as does not get in the way of other traffic. */
  readonly maxUploadBytesPerSec: number | null
  /** Most to upload, as a multiple of the file's length; whoever has given so much leaves once it is complete. Default null. */
  readonly maxUploadRatio: number | null
  /**
   * How long the topology server is waited for before the origin is asked, in ms. Where that is longer than usual, seats are tossed
   * for as much later, 5 s at most. Default 300.
   */
  readonly topologyPatienceMs: number
  /** Time after which a neighbour may be exchanged for another, in ms, half of it more or less. Default 30,000. */
  readonly rewireMs: number
  /** What the session is made of. Default: all of it. */
  readonly mechanisms: Mechanisms
}

export const DEFAULT_LIMITS: SessionLimits = {
  originLoad: 'adaptive',
  groupSizeBy: 'best',
  seats: null,
  neighbours: 8,
  reciprocity: 'givers',
  maxUploadBytesPerSec: null,
  maxUploadRatio: null,
  topologyPatienceMs: 300,
  rewireMs: 30_000,
  mechanisms: ALL_ON,
}
